"""Old journals and records are read by today's code, under the ids that they were written with."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from fullcycle.kernel.approval import missing
from fullcycle.kernel.blobs import FolderBlobs, get_record
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.journal import SQLiteJournal, Verb, verify
from fullcycle.kernel.record import Record, kind, upgrade
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.state import State
from fullcycle.kernel.verbs import Run

FIRST = "daf3373337d91974c0ab0b55e940f6cc9913da1ea22ba6536c8135b204cb2257"
SECOND = "4305a25814eb208c2cbe73e9000791a39837e8038ebc28369451ce0f3a2a1f95"
THIRD = "4e60a6a0ef8403da889630112c48b4854f7350aa2dc5c6660d7f97a1c0ef342d"
LAST = "f7295a9290773f0d254ff7c12d14b71919876f5c860ac4b980a7dc7c3920e1d4"
SCOPE = Scope(project="corpus")


@kind("corpus_note", version=2)
class Note(Record, frozen=True, kw_only=True):
    """Version 2: the price has a currency, and the text is called what it says."""

    says: str
    written: datetime
    price: Decimal
    currency: str
    weight: float


@upgrade("corpus_note", 1)
def _with_currency(fields: dict[str, Any]) -> dict[str, Any]:
    says = fields.pop("text")
    return {**fields, "says": says, "currency": "USD"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy, since opening a journal may write beside it."""
    return Path(shutil.copytree(Path(__file__).parent / "format_1", tmp_path / "format_1"))


@pytest.fixture
def journal(folder: Path) -> SQLiteJournal:
    return SQLiteJournal(folder / "journal.sqlite")


def test_the_chain_holds_to_its_last_hash(journal: SQLiteJournal) -> None:
    assert verify(journal.read()) == 13
    assert list(journal.read())[-1].hash == LAST


def test_every_verb_is_in_it(journal: SQLiteJournal) -> None:
    found = Counter(entry.verb for entry in journal.read())
    assert set(found) == set(get_args(Verb))
    assert (found["step"], found["reused"], found["head"]) == (3, 1, 2)


def test_records_keep_their_ids_in_todays_shape(folder: Path) -> None:
    blobs = FolderBlobs(folder / "blobs")
    assert list(blobs.names()) == sorted([FIRST, SECOND, THIRD])
    noon = datetime(2013, 1, 1, 12, tzinfo=UTC)
    for id, says, parents in [(FIRST, "first", ()), (SECOND, "é €", (FIRST,)), (THIRD, "third", (SECOND,))]:
        record = get_record(blobs, id)
        assert record.id == id
        assert record == Note(
            says=says, written=noon, price=Decimal("2.50"), currency="USD", weight=0.1, parents=parents
        )
        assert record.canonical == blobs.get(id)


def test_the_state_is_what_it_was(journal: SQLiteJournal) -> None:
    state = State(journal).refresh()
    assert state.heads(SCOPE) == {"scoping": SECOND}
    route, position = state.route(SCOPE)
    assert (route.champion, route.generation, route.control, position) == (SECOND, 1, 0.02, 12)
    assert missing(state.entries, SECOND, {"operations": ("ann@example.com",)}, SCOPE.environment) == {}
    assert state.unfinished() == []
    measured = next(entry for entry in state.entries if entry.verb == "measure")
    finding = Finding(check="latency_p99", subject="service", value=1e16, passed=True)
    assert msgspec.convert(measured.facts["findings"], list[Finding]) == [finding]


def test_it_goes_on(journal: SQLiteJournal, folder: Path) -> None:
    """Effects that were done are not repeated, and new entries follow the old."""
    actor = Actor(kind="person", name="ann@example.com", known_by="operating system")
    run = Run(journal, FolderBlobs(folder / "blobs"), SCOPE, actor, SetClock(datetime(2014, 1, 1, tzinfo=UTC)))
    assert run.act("deploy", "release-1", dict) == {"address": "http://127.0.0.1:8000"}
    run.set_head("scoping", run.get(THIRD))
    assert verify(journal.read()) == 14
