"""``fullcycle erase`` while a service runs, in a project that lands a topic: the entity is in no file, and the service goes on."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brokers_here import nats
from cli.conftest import Cli, customers
from cli.test_erase import TRAINED, TURNED_AWAY, broken, records, tells

pytestmark = pytest.mark.slow

OTHER = "c0120"


@pytest.fixture(scope="module")
def topic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stream with the customers as messages, one of whom has a time that cannot be read."""
    client = pytest.importorskip("nats", reason="install: pip install nats-py")
    rows = csv.DictReader(broken(customers()).splitlines())

    async def publish(address: str) -> None:
        connection = await client.connect(f"nats://{address}")
        jet = connection.jetstream()
        await jet.add_stream(name="CUSTOMERS", subjects=["customers"])
        for row in rows:
            message = {
                **row,
                "spend": float(row["spend"]),
                "visits": int(row["visits"]),
                "churned": row["churned"] or None,
            }
            await jet.publish("customers", json.dumps(message).encode())
        await connection.close()

    with nats(tmp_path_factory.mktemp("nats")) as address:
        asyncio.run(publish(address))
        yield f"nats://{address}/CUSTOMERS"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made: Path, topic: str) -> Path:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("landed") / "shop"))
    toml = folder / "cycle.toml"
    text = re.sub(r'from = "customers\.csv"', f'from = "{topic}"', toml.read_text())
    toml.write_text(text.replace('search = "none"', 'search = "none"\nlearners = ["linear"]'))
    (folder / "customers.csv").unlink()
    command = [sys.executable, "-m", "fullcycle.cli", "run"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done
    return folder


@pytest.fixture
def url(project: Path) -> Iterator[str]:
    """The address of a service that runs."""
    command = [sys.executable, "-m", "fullcycle.cli", "serve", "--port", "0", "--json", "--project", str(project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line == "}\n":
                break
        yield json.loads(said)["url"]
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def post(url: str, rows: list[dict[str, Any]], name: str = "rows") -> Any:
    body = json.dumps({name: rows}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=30
    ) as answer:
        return json.load(answer)


def asked(entity: str, month: int) -> dict[str, Any]:
    return {"customer": entity, "seen": f"2027-{month:02}-01T08:00:00Z", "plan": "pro", "spend": 20.0, "visits": 3}


def test_an_entity_goes_from_every_file_while_the_service_goes_on(project: Path, url: str, cli: Cli) -> None:
    first = post(f"{url}/predict", [asked(TRAINED, 1), asked(OTHER, 1)])["predictions"]
    post(f"{url}/outcomes", [{"id": one["id"], "churned": "yes"} for one in first], "outcomes")
    places = tells(project, TRAINED)
    assert {place.split("/.fullcycle/")[1].split("/")[0] for place in places} == {"blobs", "kept", "landed", "traffic"}
    before, heads = records(project), cli("status", "--json", at=project).json["heads"]

    done = cli("erase", TRAINED, "--json", at=project)
    assert done.code == 0, done
    rows = done.json["erased"]["rows"]
    assert rows == {"tables": 1, "quarantine": 0, "landed": 1, "decisions": 1, "outcomes": 1}
    assert tells(project, TRAINED) == []
    assert cli("status", "--json", at=project).json["heads"] == heads
    assert records(project).items() >= before.items()

    assert post(f"{url}/predict", [asked(OTHER, 2)])["predictions"][0]["decision"] in ("act", "wait")
    kept = tells(project, OTHER)
    assert any("/traffic/" in place for place in kept)
    assert any("/landed/" in place for place in kept)

    assert tells(project, TURNED_AWAY)
    gone = cli("erase", TURNED_AWAY, "--json", at=project).json["erased"]["rows"]
    assert (gone["quarantine"], gone["landed"]) == (1, 1)
    assert tells(project, TURNED_AWAY) == []

    again = cli("data", "--json", at=project)  # the topic still has them, and the row is not landed again
    assert again.code == 0, again
    assert tells(project, TRAINED) == tells(project, TURNED_AWAY) == []


def test_what_is_older_than_its_retention_goes_while_the_service_goes_on(project: Path, url: str, cli: Cli) -> None:
    toml = project / "cycle.toml"
    toml.write_text(toml.read_text() + '[data.privacy]\nretention = "250d"\n')
    assert post(f"{url}/predict", [asked(OTHER, 3)])["predictions"]
    done = cli("erase", "--retention", "--json", at=project)
    assert done.code == 0, done
    rows = done.json["erased"]["rows"]
    assert rows["tables"] > 0
    assert rows["landed"] > 0
    assert tells(project, "c0010") == []
    assert post(f"{url}/predict", [asked(OTHER, 4)])["predictions"]
