"""The API's description: its examples are answered as it says, and schemathesis finds no request for which it is wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from .bundles import Place, Running, bundle, place, route

CONFIG = """
max-failures = 20
[checks.negative_data_rejection]
# 413 too: the schema says how many rows a request may have
expected-statuses = [400, 404, 405, 409, 413, 415, 422, "5xx"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 413]
[[operations]]
include-path = "/outcomes"
# an outcome that is not as asked is counted and left out; the others are taken, with 200
checks.negative_data_rejection.enabled = false
[[operations]]
include-path = "/predict"
# with "partial": true the good rows are answered, with 200, and the others told
checks.negative_data_rejection.enabled = false
[[operations]]
include-path-regex = "infer$|invocations$"
# which columns tensors and tables must have is said in words, not in the schema
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path, bundle(), route("r1", control=0.1), units={"distance": "miles"})


def test_every_example_is_valid_and_answered_as_described(here: Place) -> None:
    with Running(here.path) as running:
        document = running.client.get("/openapi.json").json()
        asked = 0
        for path, operations in document["paths"].items():
            names = {it["name"]: it["schema"]["enum"][0] for it in operations.get("parameters", [])}
            for method in {"get", "post"} & set(operations):
                bodies = operations[method].get("requestBody", {"content": {"": {}}})["content"]
                for kind, body in bodies.items():
                    asked += 1
                    example = body.get("example")
                    if kind == "application/json" and path != "/outcomes":
                        jsonschema.validate(example, {**body["schema"], "components": document["components"]})
                    sent: dict[str, Any] = {"json": example} if kind == "application/json" else {"content": example}
                    headers = {"content-type": kind} if kind else {}
                    answer = running.client.request(method, path.format(**names), headers=headers, **sent)
                    assert answer.status_code == 200, (path, answer.text)
                    ((media, told),) = operations[method]["responses"]["200"]["content"].items()
                    assert answer.headers["content-type"].startswith(media)
                    if media == "application/json":
                        jsonschema.validate(answer.json(), {**told["schema"], "components": document["components"]})
    assert asked == 19
    distance = document["components"]["schemas"]["Row"]["properties"]["distance"]
    assert distance == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 10000.0,
        "description": "in miles",
        "x-unit": "miles",
    }


@pytest.mark.slow
def test_schemathesis_finds_nothing_wrong(here: Place, tmp_path: Path) -> None:
    program = shutil.which("schemathesis")
    if program is None:
        pytest.skip("pip install schemathesis")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with Running(here.path) as running:
        command = [program, "--config-file", str(tmp_path / "schemathesis.toml"), "--no-color", "run"]
        phases = ["--phases", "examples,coverage,fuzzing", "--mode", "all", "--max-examples", "25"]
        more = ["--continue-on-failure", "--seed", "1", f"{running.told['url']}/openapi.json"]
        found = subprocess.run([*command, *phases, *more], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert running.client.get("/health/ready").json()["ready"]
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr
    assert "17/17" in found.stdout
