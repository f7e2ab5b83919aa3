"""The teaching copy runs, keeps its promises, and uses the names of the product."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fullcycle
from fullcycle.project.stages import STAGES

SOURCE = Path(fullcycle.__file__).parents[2] / "docs" / "tiny_cycle.py"


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny_cycle", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_cycle"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def played(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], list[Any]]:
    folder, told = tmp_path_factory.mktemp("tiny"), []
    heads = tiny.replay(folder, say=lambda day, record: told.append((day, record)))
    return folder, heads, told


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def test_it_runs_and_needs_python_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(SOURCE), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("day 145  verdict")


def test_six_rooms_make_six_records(played: tuple[Path, dict[str, str], list[Any]]) -> None:
    assert set(played[1]) == set(STAGES.values())
    assert {type(record).__name__ for _, record in played[2]} <= set(fullcycle.__all__)


def test_the_world_changes_the_model_is_retrained_and_pays_again(
    played: tuple[Path, dict[str, str], list[Any]],
) -> None:
    verdicts = [record for _, record in played[2] if type(record).__name__ == "Verdict"]
    assert [verdict.action for verdict in verdicts] == ["keep", "retrain", "keep"]
    assert [verdict.gain.low > 0 for verdict in verdicts] == [True, False, True]
    releases = [record for _, record in played[2] if type(record).__name__ == "Release"]
    assert [release.replaces for release in releases] == ["", releases[0].id]


def test_the_same_ids_elsewhere(
    tiny: ModuleType, played: tuple[Path, dict[str, str], list[Any]], tmp_path: Path
) -> None:
    assert tiny.replay(tmp_path) == played[1]


def test_a_second_run_makes_nothing_new(tiny: ModuleType, tmp_path: Path) -> None:
    first = tiny.replay(tmp_path, end=100)
    before, files = len(entries(tmp_path)), sorted(tmp_path.rglob("*"))
    assert tiny.replay(tmp_path, end=100) == first
    assert {entry["verb"] for entry in entries(tmp_path)[before:]} == {"observe", "reused", "head"}
    assert sorted(tmp_path.rglob("*")) == files


class Killed(Exception):
    pass


@pytest.mark.parametrize("kind", ["Dataset", "Release", "Health", "Verdict"])
def test_killed_and_run_again_it_ends_the_same(
    tiny: ModuleType, played: tuple[Path, dict[str, str], list[Any]], tmp_path: Path, kind: str
) -> None:
    def kill(day: int, record: Any) -> None:
        if (type(record).__name__ == kind and day > 60) or day == 117:
            raise Killed

    with pytest.raises(Killed):
        tiny.replay(tmp_path, say=kill)
    assert tiny.replay(tmp_path) == played[1]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [
            line.replace('"actor":"you"', '"actor":"him"') if at == 3 else line for at, line in enumerate(lines)
        ],
        lambda lines: lines[:3] + lines[4:],
        lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
    ],
    ids=["changed", "removed", "swapped"],
)
def test_tampering_with_the_journal_is_found(
    tiny: ModuleType, played: tuple[Path, dict[str, str], list[Any]], tmp_path: Path, tamper: Any
) -> None:
    lines = (played[0] / "journal.jsonl").read_text().splitlines()
    path = tmp_path / "journal.jsonl"
    path.write_text("\n".join(tamper(lines)) + "\n")
    with pytest.raises(tiny.Corrupt, match="entry 4"):
        tiny.Journal(path)


def test_a_changed_blob_is_found(
    tiny: ModuleType, played: tuple[Path, dict[str, str], list[Any]], tmp_path: Path
) -> None:
    blobs = tiny.Blobs(tmp_path)
    name = blobs.put(b"what was said")
    (tmp_path / name).write_bytes(b"what was not")
    with pytest.raises(tiny.Corrupt):
        blobs.get(name)


def test_a_bundle_whose_golden_rows_fail_is_not_loaded(tiny: ModuleType, tmp_path: Path) -> None:
    plan = [["evening", "at_least", ["hour"], 16]]
    bundle = {"plan": plan, "weights": [0.0, 1.0], "golden": [{"carrier": "A", "hour": 16}], "answers": [0.5]}
    blobs = tiny.Blobs(tmp_path)
    with pytest.raises(tiny.Corrupt, match="bundle"):
        tiny.load(blobs, blobs.put(tiny.canonical(bundle)))


def test_both_ways_of_running_the_plan_agree_to_the_bit(
    tiny: ModuleType, played: tuple[Path, dict[str, str], list[Any]]
) -> None:
    history, _ = tiny.read_source(played[0] / "flights.csv")
    plan = tiny.Blobs(played[0] / "blobs").record(played[1]["model"]).plan
    rows = history.rows[:500]
    assert tiny.on_columns(plan, rows) == [tiny.on_row(plan, row) for row in rows]


def test_nothing_is_seen_ahead(tiny: ModuleType, tmp_path: Path) -> None:
    whole = tiny.world()
    shorter = "\n".join(line for line in whole.splitlines() if line[:3] not in {"60,", "61,", "62,"}) + "\n"
    pasts = []
    for name, text in (("whole", whole), ("shorter", shorter)):
        (tmp_path / name).write_text(text)
        pasts.append(tiny.read_source(tmp_path / name)[0].known(60, 1))
    assert pasts[0] == pasts[1]
    assert max(row["day"] for row in pasts[0]) == 58
