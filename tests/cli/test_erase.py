"""``fullcycle erase``: on a real project, nothing of the entity is in any file, and every record is what it was."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli.conftest import Cli, customers
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.project import Project
from fullcycle.traffic.schema import entity_hash
from fullcycle.traffic.segments import read_segment

TRAINED, TESTED, TURNED_AWAY = "c0100", "c0380", "c0200"


def broken(text: str) -> str:
    """The customers with one whose row cannot be typed."""
    lines = text.splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith(TURNED_AWAY))
    lines[place] = lines[place].replace("2026-", "20x6-")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, made: Path, cli: Cli) -> Path:
    """A project with a release, decisions and outcomes, of which one customer has one each, and a row turned away."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("served") / "shop"))
    (folder / "customers.csv").write_text(broken(customers()))
    done = cli("run", at=folder)
    assert done.code == 0, done
    rows = list(csv.DictReader(customers(200).splitlines()))[95:110]
    with (folder / "asked.csv").open("w") as file:
        writer = csv.DictWriter(file, ["customer", "seen", "plan", "spend", "visits"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "seen": row["seen"].replace("2026-", "2027-")} for row in rows)
    assert cli("predict", "asked.csv", "answers.csv", at=folder).code == 0
    ids = [row["id"] for row in csv.DictReader((folder / "answers.csv").read_text().splitlines())]
    (folder / "came.csv").write_text("id,churned\n" + "".join(f"{id},yes\n" for id in ids))
    assert cli("outcomes", "came.csv", at=folder).code == 0
    return folder


@pytest.fixture
def shop(served: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(served, tmp_path / "shop"))


def hashed(folder: Path, entity: str) -> str:
    return entity_hash((folder / ".fullcycle" / "entity.key").read_bytes(), entity)


def said(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of the state but the journal's, with everything that it says."""
    for path in sorted((folder / ".fullcycle").rglob("*")):
        if not path.is_file() or path.name.startswith("journal"):
            continue
        body = path.read_bytes()
        text = path.name + body.decode(errors="ignore")
        if body[:4] == b"PAR1":
            text += json.dumps(pl.read_parquet(path).to_dicts(), default=str)
        if path.suffix in (".open", ".sealed"):
            text += "".join(map(str, read_segment(path)))
        yield str(path), text


def tells(folder: Path, entity: str) -> list[str]:
    """Files that tell of an entity."""
    return [path for path, text in said(folder) if entity in text or hashed(folder, entity) in text]


def records(folder: Path) -> dict[str, bytes]:
    """Every record with its bytes."""
    blobs = FolderBlobs(folder / ".fullcycle" / "blobs")
    bodies = {name: blobs.get(name) for name in blobs.names()}
    return {name: body for name, body in bodies.items() if body.startswith(b'{"') and b'"parents"' in body}


def test_an_entity_is_nowhere_any_more_and_every_record_is_what_it_was(shop: Path, here: Cli) -> None:
    before, heads = records(shop), here("status", "--json", at=shop).json["heads"]
    assert len(before) >= 4
    assert len(tells(shop, TRAINED)) >= 3  # a segment, a decision, an outcome
    answered = here("erase", TRAINED, "--reason", "asked for it", "--json", at=shop).json
    erased = answered["erased"]
    assert tells(shop, TRAINED) == []
    assert tells(shop, TESTED)
    assert erased["rows"] == {"tables": 1, "quarantine": 0, "landed": 0, "decisions": 1, "outcomes": 1}
    assert erased["datasets"] == [heads["dataset"]]
    assert erased["models"] == [heads["model"]]
    assert erased["entities"] == [hashed(shop, TRAINED)]
    assert records(shop).items() >= before.items()
    assert set(records(shop)) == set(before)
    assert here("status", "--json", at=shop).json["heads"] == heads
    entries = list(Project(shop).journal.read())
    acts = [entry for entry in entries if entry.verb == "act" and entry.step == "erase"]
    assert [entry.facts["reason"] for entry in acts] == ["asked for it"]
    assert TRAINED not in str(entries)
    blobs = FolderBlobs(shop / ".fullcycle" / "blobs")
    assert {old: blobs.erased(old) for old in erased["blobs"]} == erased["blobs"]
    checked = here("doctor", "--json", at=shop).json
    assert checked["erased"] == len(erased["blobs"]) >= 2
    assert checked["unfinished"] == []
    assert "was erased" in here("doctor", at=shop).out
    assert "erased   rows of the dataset: table of 2026-01" in here("status", at=shop).out
    shown = here("show", "dataset", "--json", at=shop).json
    assert "table of 2026-01" in shown["erased"]
    assert shown["record"] == json.loads(before[heads["dataset"]])


def test_one_who_was_only_tested_on_taught_no_model(shop: Path, here: Cli) -> None:
    erased = here("erase", TESTED, "--json", at=shop).json["erased"]
    assert erased["rows"]["tables"] == 1
    assert erased["models"] == []
    assert tells(shop, TESTED) == []


def test_a_row_that_was_turned_away_goes_as_well(shop: Path, here: Cli) -> None:
    assert tells(shop, TURNED_AWAY)
    erased = here("erase", TURNED_AWAY, "--json", at=shop).json["erased"]
    assert erased["rows"]["quarantine"] == 1
    assert tells(shop, TURNED_AWAY) == []


def test_two_erasures_each_say_what_they_took(shop: Path, here: Cli) -> None:
    first = here("erase", TRAINED, "--json", at=shop).json["erased"]
    second = here("erase", "c0101", "--json", at=shop).json["erased"]
    assert second["rows"]["tables"] == 1
    assert set(first["blobs"].values()) & set(second["blobs"])
    assert tells(shop, TRAINED) == tells(shop, "c0101") == []
    assert here("doctor", "--json", at=shop).json["erased"] == len(first["blobs"])


def test_what_is_not_there(shop: Path, here: Cli) -> None:
    here("erase", "nobody", at=shop).refused(1, "nothing of it was found", "datasets")
    here("erase", TRAINED, at=shop)
    here("erase", TRAINED, at=shop).refused(1, "nothing of it was found", "erased on")
    here("erase", at=shop).refused(2, "erase what?", "--retention")
    here("erase", TRAINED, "--retention", at=shop).refused(2, "either an entity or what is too old")
    here("erase", "--retention", at=shop).refused(2, "no retention is set", "[data.privacy]")


def test_retention(shop: Path, here: Cli) -> None:
    toml = shop / "cycle.toml"
    with toml.open("a") as file:
        file.write('\n[data.privacy]\nretention = "36500d"\n')
    assert "nothing is from before" in here("erase", "--retention", at=shop).out
    toml.write_text(toml.read_text().replace('"36500d"', '"1d"'))
    before = records(shop)
    erased = here("erase", "--retention", "--json", at=shop).json["erased"]
    assert erased["rows"]["tables"] > 100
    assert erased["entities"] == []
    assert erased["before"]
    assert records(shop) == before
    assert here("doctor", "--json", at=shop).json["erased"] >= 1


def test_rows_past_their_retention_are_not_landed(shop: Path, here: Cli) -> None:
    age = datetime.now(UTC) - datetime(2026, 2, 1, tzinfo=UTC)
    with (shop / "cycle.toml").open("a") as file:
        file.write(f'\n[data.privacy]\nretention = "{age.days}d"\n')
    here("erase", "--retention", at=shop)
    assert not any(TRAINED in text for _, text in said(shop))  # what was decided about it later stays, by its hash
    here("data", at=shop)
    shown = here("show", "dataset", "--json", at=shop).json
    assert shown["erased"] == []
    assert shown["record"]["table"][0]["period"] == "2026-02"
    (found,) = [one for one in shown["record"]["findings"] if one["check"] == "retention"]
    assert 120 <= found["value"] <= 128
    assert tells(shop, TESTED)
    assert not any(TRAINED in text for _, text in said(shop))


def test_it_does_not_come_back_with_the_source(shop: Path, here: Cli) -> None:
    before, heads = records(shop), here("status", "--json", at=shop).json["heads"]
    for entity in (TRAINED, TURNED_AWAY):
        here("erase", entity, at=shop)
    assert TRAINED in (shop / "customers.csv").read_text()
    done = here("run", "--to", "develop", "--json", at=shop).json["done"]
    assert done == {"charter": "reused", "dataset": "made", "model": "made"}
    assert tells(shop, TRAINED) == tells(shop, TURNED_AWAY) == []
    assert records(shop).items() > before.items()
    shown = here("show", "dataset", "--json", at=shop).json
    assert shown["id"] != heads["dataset"]
    assert shown["erased"] == []
    dropped = [one["value"] for one in shown["measured"] if one["check"] == "erased"]
    assert dropped == [2.0]
    assert here("data", at=shop).code == 0
    assert here("status", "--json", at=shop).json["heads"]["dataset"] == shown["id"]


KILLED = """
import os, signal, sys
from pathlib import Path
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.traffic import erase as traffic
from fullcycle.cli import main

def dies(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

where = sys.argv[1]
if where == "tombstones":
    real, count = FolderBlobs.erase, [0]
    def erase(self, name, body):
        count[0] += 1
        return real(self, name, body) if count[0] < 2 else dies()
    FolderBlobs.erase = erase
elif where == "bytes":
    real = FolderBlobs.erase
    def erase(self, name, body):
        Path.unlink = dies
        return real(self, name, body)
    FolderBlobs.erase = erase
elif where == "traffic":
    traffic._remove = dies
elif where == "log":
    traffic._scrub = dies
main(["erase", sys.argv[2]])
"""


@pytest.mark.parametrize("where", ["tombstones", "bytes", "traffic", "log"])
def test_killed_anywhere_a_rerun_finishes_it(shop: Path, here: Cli, where: str) -> None:
    before, heads = records(shop), here("status", "--json", at=shop).json["heads"]
    killed = subprocess.run([sys.executable, "-c", KILLED, where, TRAINED], cwd=shop, capture_output=True, timeout=60)
    assert killed.returncode == -9, killed
    assert here("doctor", "--json", at=shop).json["unfinished"] == ["erase"]
    erased = here("erase", TRAINED, "--json", at=shop).json["erased"]
    assert tells(shop, TRAINED) == []
    assert erased["rows"]["tables"] == 1
    assert erased["models"] == [heads["model"]]
    assert erased["datasets"] == [heads["dataset"]]
    assert records(shop) == before
    assert here("doctor", "--json", at=shop).json["unfinished"] == []


def test_a_running_writer_is_waited_for(shop: Path, here: Cli) -> None:
    from fullcycle.traffic.append import SegmentWriter
    from fullcycle.traffic.schema import Decision

    plain: dict[str, Any] = dict.fromkeys(("id", "decision", "release", "variant", "action", "row", "digest"), "x")
    with SegmentWriter(shop / ".fullcycle" / "traffic" / "dev" / "live") as writer:
        row = Decision(
            environment="dev",
            timeline="live",
            entity=hashed(shop, TRAINED),
            time=0,
            at=0,
            propensity=1.0,
            score=None,
            **plain,
        )
        writer.append([row])
        writer.commit()
        here("erase", TRAINED, at=shop).refused(4, "still writes", "stop it first")
        assert tells(shop, TRAINED)
    assert here("erase", TRAINED, at=shop).code == 0
    assert tells(shop, TRAINED) == []


def test_a_full_disk_leaves_everything_as_it_was(shop: Path, here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(said(shop))
    with monkeypatch.context() as patched:

        def full(**asked: object) -> None:
            raise OSError(28, os.strerror(28))

        patched.setattr("fullcycle.kernel.blobs.tempfile.mkstemp", full)
        here("erase", TRAINED, at=shop).refused(3, "could not write", "No space left")
    assert {path: text for path, text in said(shop) if "blobs" in path} == {
        path: text for path, text in before.items() if "blobs" in path
    }
    assert here("erase", TRAINED, at=shop).code == 0
    assert tells(shop, TRAINED) == []
