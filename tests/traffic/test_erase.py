"""What is erased from traffic is in no file any more, whatever the tables' own logs told of it; the rest reads as before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fullcycle.kernel.errors import Conflict
from fullcycle.traffic import erase as module
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.erase import Gone, erase, look, scopes
from fullcycle.traffic.lock import lease
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import entity_hash, moment, scope_folder
from fullcycle.traffic.segments import log_folder, read_segment, segments
from fullcycle.traffic.tables import KINDS, Table

from .rows import HOUR, SCOPE, decision, outcome, outcome_of

ADA = entity_hash(b"key", "ada")
ONLY_ADA = frozenset([ADA])


def write(folder: Path, name: str, *people: str, time: int = HOUR) -> None:
    """Decisions with their outcomes: the first by id alone, the second by entity and time."""
    answers = [decision(person, time + place) for place, person in enumerate(people)]
    later = outcome(entity=answers[-1].entity, time=answers[-1].time)
    SegmentWriter(folder).write_sealed(name, [*answers, outcome_of(answers[0]), later])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scope with two compacted segments, of which one tells of Ada, and a third that is not compacted yet."""
    folder = scope_folder(tmp_path, SCOPE)
    write(folder, "first", "ada", "bob")
    compact(folder)
    write(folder, "second", "bob", "carl", time=3 * HOUR)
    compact(folder)
    write(folder, "third", "eve", "ada", time=5 * HOUR)
    return folder


def told(folder: Path) -> str:
    """Everything that any file of a scope says, names of files too."""
    said = []
    for path in sorted(folder.rglob("*")):
        said.append(path.name)
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            said.append(json.dumps(frame.to_dicts(), default=str))
            said.append(path.read_bytes().decode(errors="ignore"))  # statistics in the footer
        elif path.is_file():
            said.append(path.read_bytes().decode(errors="ignore"))
    said += [str(row) for path in segments(folder).values() for row in read_segment(path)]
    return "\n".join(said)


def test_nothing_of_an_entity_is_left_and_the_rest_is_as_before(folder: Path, tmp_path: Path) -> None:
    traffic = Traffic(tmp_path, SCOPE)
    assert ADA in told(folder)
    assert '"ada"' in told(folder).replace("\\", "")
    assert look(folder, entities=ONLY_ADA) == Gone(decisions=2, outcomes=2)
    before = traffic.read(traffic.cut(None, None, moment(9 * HOUR)))[0]
    assert erase(folder, entities=ONLY_ADA) == Gone(decisions=2, outcomes=2)
    said = told(folder)
    assert ADA not in said
    assert '"ada"' not in said.replace("\\", "")
    assert decision("ada").id not in said
    after, counts = traffic.read(traffic.cut(None, None, moment(9 * HOUR)))
    assert after.equals(before.filter(pl.col("entity") != ADA))
    assert (counts.decisions, counts.unmatched) == (4, 0)
    assert look(folder, entities=ONLY_ADA) == erase(folder, entities=ONLY_ADA) == Gone()
    assert ADA not in told(folder)


def test_an_earlier_cut_reads_what_is_left(folder: Path, tmp_path: Path) -> None:
    traffic = Traffic(tmp_path, SCOPE)
    cut = traffic.cut(None, None, moment(9 * HOUR))
    early = Table(folder, "decisions").version - 1
    before = traffic.read(cut)[0]
    erase(folder, entities=ONLY_ADA)
    assert traffic.read(cut)[0].equals(before.filter(pl.col("entity") != ADA))
    assert Table(folder, "decisions", early).scan().select("segment").unique().collect()["segment"].to_list() == [
        "first"
    ]


def test_segments_stay_known_and_writing_goes_on(folder: Path) -> None:
    erase(folder, entities=ONLY_ADA)
    assert all(Table(folder, kind).holds(name) for kind in KINDS for name in ("first", "second", "third"))
    assert not SegmentWriter(folder).write_sealed("first", [decision("ada")])
    write(folder, "fourth", "fred", "ada", time=7 * HOUR)
    assert look(folder, entities=ONLY_ADA) == Gone(decisions=1, outcomes=1)
    erase(folder, entities=ONLY_ADA)
    assert ADA not in told(folder)
    assert Table(folder, "decisions").scan().collect().height == 5


def test_old_decisions_go_with_their_outcomes(folder: Path) -> None:
    assert erase(folder, before=3 * HOUR) == Gone(decisions=2, outcomes=2)
    assert "bob" in told(folder)
    assert Table(folder, "decisions").scan().collect()["time"].min() == 3 * HOUR
    assert Table(folder, "outcomes").scan().collect().height == 4


def test_what_a_living_writer_holds_is_counted_and_stays(folder: Path) -> None:
    with SegmentWriter(folder) as writer:
        writer.append([decision("ada", 8 * HOUR), decision("bob", 8 * HOUR)])
        writer.commit()
        assert look(folder, entities=ONLY_ADA).held == 1
        assert erase(folder, entities=ONLY_ADA) == Gone(decisions=2, outcomes=2, held=1)
    assert erase(folder, entities=ONLY_ADA) == Gone(decisions=1)
    assert ADA not in told(folder)


@pytest.mark.parametrize("step", ["_scrub", "_checkpoint"])
def test_erasing_again_finishes_what_was_cut_off(folder: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(folder, entities=ONLY_ADA)
    assert Table(folder, "decisions").scan().collect().height > 0
    erase(folder, entities=ONLY_ADA)
    assert ADA not in told(folder)


def test_one_erases_while_nobody_compacts(folder: Path) -> None:
    with lease(log_folder(folder) / "compact.lock"), pytest.raises(Conflict, match="another process is compacting"):
        erase(folder, entities=ONLY_ADA)


def test_ids_of_any_kind(tmp_path: Path) -> None:
    odd: dict[str, Any] = {"id": 'it\'s, "odd"'}
    SegmentWriter(tmp_path).write_sealed("night", [decision("ada", **odd), decision("bob"), outcome(**odd), outcome()])
    assert erase(tmp_path, entities=ONLY_ADA) == Gone(decisions=1, outcomes=1)
    assert "odd" not in told(tmp_path)


def test_scopes(folder: Path, tmp_path: Path) -> None:
    assert scopes(tmp_path) == [folder]
