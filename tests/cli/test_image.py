"""An image of what serves: built, started, called and stopped for real."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import containers
from cli.conftest import Cli

pytestmark = pytest.mark.slow
ROW = {"customer": "c9001", "seen": "2026-06-01T00:00:00", "plan": "basic", "spend": 20.0, "visits": 3}
LARGEST = 400 * 10**6  # bytes


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with containers.store(tmp_path_factory.mktemp("store")) as settings:
        yield settings


def answered(url: str) -> httpx.Response:
    """The answer of a service that may still be starting."""
    for _ in range(150):
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("the container does not answer")


def test_it_is_built_started_called_and_stopped(
    released: Path, cli: Cli, store: dict[str, str], tmp_path: Path
) -> None:
    made = cli("export", "image", tmp_path, "--build", "--json", at=released, **store)
    assert made.code == 0, made
    tag, folder = made.json["image"], tmp_path / "image"
    assert {str(path) for path in folder.rglob("*") if path.is_file()} == set(made.json["files"])
    about = json.loads(containers.podman(store, "image", "inspect", tag))[0]
    assert about["Size"] < LARGEST
    assert about["Config"]["User"] == "10001:10001"
    listing = ["run", "--rm", "--entrypoint", "python", tag, "-c", "import os; print(*os.walk('/srv'))"]
    assert "route.json" in containers.podman(store, *listing)
    assert "entity.key" not in containers.podman(store, *listing)

    name = "fullcycle-test"
    containers.podman(
        store,
        *("run", "--detach", "--name", name, "--read-only", "--cap-drop", "all", "--tmpfs", "/tmp"),
        *("--security-opt", "no-new-privileges", "--memory", "512m", "--publish", "127.0.0.1::8080"),
        *("--volume", "traffic:/var/lib/fullcycle/traffic"),
        *("--volume", f"{folder / 'secrets' / 'entity.key'}:/run/secrets/entity.key:ro", tag),
    )
    url = f"http://{containers.podman(store, 'port', name, '8080')}"
    assert answered(f"{url}/health/ready").json()["ready"]
    given = httpx.post(f"{url}/predict", json={"rows": [ROW]}).json()["predictions"]
    assert given[0]["decision"]
    containers.podman(store, "healthcheck", "run", name)
    assert containers.podman(store, "exec", name, "id", "-u") == "10001"
    wrote = "import pathlib\ntry: pathlib.Path('/srv/x').write_text('')\nexcept OSError: print('read-only')"
    assert containers.podman(store, "exec", name, "python", "-c", wrote) == "read-only"
    containers.podman(store, "stop", "--time", "30", name)
    state = json.loads(containers.podman(store, "inspect", name))[0]["State"]
    assert state["ExitCode"] == 0  # it drained; it was not killed

    containers.podman(store, "rm", name)  # what was answered outlives the container
    again = [
        *("run", "--rm", "--volume", "traffic:/var/lib/fullcycle/traffic", "--entrypoint", "python", tag, "-c"),
        "import glob; print(sum(open(f, 'rb').read().count(b'c9001') for f in glob.glob('/var/lib/fullcycle/**/*.*', recursive=True)))",
    ]
    assert containers.podman(store, *again) == "0"  # the entity itself is in no log, only its hash
    counted = [*again[:-1], "import glob; print(len(glob.glob('/var/lib/fullcycle/traffic/dev/live/log/*')))"]
    assert int(containers.podman(store, *counted)) == 1
