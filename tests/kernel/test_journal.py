"""The journal: what was acknowledged is there for ever, and what was touched is found and named."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, TooNew
from fullcycle.kernel.journal import FORMAT, SQLiteJournal, open_journal, verify
from fullcycle.testing import journals
from fullcycle.testing.journals import JournalContract, note


class TestSQLiteJournal(JournalContract):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[], SQLiteJournal]:
        return functools.partial(SQLiteJournal, tmp_path / "journal")


def test_a_dead_process_loses_its_lease_at_once(journal: SQLiteJournal) -> None:
    """Not after the hour for which it took it."""
    opener = functools.partial(SQLiteJournal, journal.path)
    with journals._process(journals._hold, opener, "name", 3600.0) as holder:
        os.kill(holder, signal.SIGKILL)
    journals._soon(lambda: journals._take(journal, "name"))


def test_threads_may_make_one_journal_at_once(tmp_path: Path) -> None:
    """Where SQLite itself says 'locked' now and then."""
    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _, path=tmp_path / str(number): SQLiteJournal(path).append([note()]), range(8)))
        assert sorted(entry.position for (entry,) in made) == list(range(1, 9))


def test_a_new_journal_may_be_opened_by_many_at_once(tmp_path: Path, child: Any) -> None:
    processes = [child.start("append", tmp_path / "journal") for _ in range(3)]
    assert all(process.stdout.readline() for process in processes)
    for process in processes:
        process.kill()
        child.finish(process)
    verify(SQLiteJournal(tmp_path / "journal").read())


def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path, child: Any) -> None:
    """Twelve writers, two at a time, killed after a few entries and a little while."""
    chance, path, acknowledged = random.Random(7), tmp_path / "journal", {}
    for _ in range(6):
        pair = [child.start("append", path) for _ in range(2)]
        for process in pair:
            for _ in range(chance.randrange(1, 30)):
                acknowledged.update([process.stdout.readline().split()])
            time.sleep(chance.random() * 0.01)
            process.kill()
        for process in pair:
            acknowledged.update(line.split() for line in child.finish(process))
    journal = SQLiteJournal(path)
    entries = list(journal.read())
    assert verify(entries) >= len(acknowledged) >= 12
    assert {position: entries[int(position) - 1].hash for position in acknowledged} == acknowledged
    assert all(entries[at].step == str(int(entries[at - 1].step) + 1) for at in range(1, len(entries), 2)), (
        "half a batch"
    )
    journal.append([note("goes on")])
    assert verify(journal.read()) == len(entries) + 1


@pytest.fixture
def touch(journal: SQLiteJournal) -> Callable[[str], None]:
    """SQL past the journal, on one of six entries."""
    journal.append([note(str(number), facts={"amount": number}) for number in range(1, 7)])

    def execute(statement: str) -> None:
        with sqlite3.connect(journal.path) as connection:
            connection.executescript(statement)
        connection.close()

    return execute


SWAP = "UPDATE entries SET position = -3 WHERE position = 3; UPDATE entries SET position = 3 WHERE position = 5;"
SET = "UPDATE entries SET body = json_set(body, "


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        (SET + "'$.facts.amount', 1000) WHERE position = 4", 4),
        (SET + "'$.step', 'x') WHERE position = 1", 1),
        (SET + "'$.actor.name', 'eve') WHERE position = 6", 6),
        (SET + "'$.hash', '') WHERE position = 2", 2),
        (SET + "'$.before', '') WHERE position = 2", 2),
        (SET + "'$.position', 9) WHERE position = 2", 2),
        (SET + "'$.at', '2013-01-01T00:00:00') WHERE position = 2", 2),
        (SET + "'$.facts.more', 1) WHERE position = 3", 3),
        ("DELETE FROM entries WHERE position = 3", 3),
        ("DELETE FROM entries WHERE position = 1", 1),
        (SWAP + "UPDATE entries SET position = 5 WHERE position = -3", 3),
        ("DELETE FROM entries WHERE position = 5; UPDATE entries SET position = 5 WHERE position = 6", 5),
        ("INSERT INTO entries SELECT 7, topic, body FROM entries WHERE position = 2", 7),
    ],
)
def test_verify_names_the_first_broken_entry(
    journal: SQLiteJournal, touch: Callable[[str], None], statement: str, first: int
) -> None:
    assert verify(journal.read()) == 6
    touch(statement)
    with pytest.raises(Corrupt, match=f"the chain is broken at entry {first}:"):
        verify(journal.read())


@pytest.mark.parametrize(
    "body", ["x'ff'", "'{'", "'[]'", """x'7b22746f706963223a22ff227d'""", '\'{"topic": "no more"}\'']
)
def test_an_entry_that_cannot_be_read_is_named(journal: SQLiteJournal, touch: Callable[[str], None], body: str) -> None:
    touch(f"UPDATE entries SET body = {body} WHERE position = 4")
    with pytest.raises(Corrupt, match="entry 4 cannot be read"):
        verify(journal.read())


def test_the_hash_is_over_everything_in_canonical_form(journal: SQLiteJournal) -> None:
    """As anybody can compute it, in any language, from the bytes in the file."""
    journal.append([note("é", facts={"b": 1e16, "a": 0.1})])
    with sqlite3.connect(journal.path) as connection:
        body = bytes(connection.execute("SELECT body FROM entries").fetchone()[0])
    connection.close()
    found = json.loads(body)["hash"]
    assert hashlib.sha256(body.replace(f'"hash":"{found}",'.encode(), b"")).hexdigest() == found


def test_a_newer_format_is_too_new(journal: SQLiteJournal, touch: Callable[[str], None]) -> None:
    touch(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(TooNew, match=f"version {FORMAT + 1}.*version {FORMAT} or older"):
        SQLiteJournal(journal.path)


@pytest.mark.parametrize("obstacle", ["a folder", "a file above", "no database"])
def test_a_journal_that_cannot_be_opened_says_so(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "journal"
    if obstacle == "a folder":
        path.mkdir()
    elif obstacle == "a file above":
        path.write_text("in the way")
        path = path / "journal"
    else:
        path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(OutsideError, match="could not be read or written") as caught:
        SQLiteJournal(path)
    assert (caught.value.exit_code, caught.value.place) == (3, str(path))


def _starved(child: Any, path: Path, limit: int) -> list[str]:
    """What a writer met on a disk too small; afterwards the journal is whole and goes on."""
    acknowledged, verified, *refusals = child.finish(child.start("fill", path, limit))
    assert acknowledged == verified
    assert int(acknowledged) > 10
    return refusals


def test_a_file_that_may_not_grow(tmp_path: Path, child: Any) -> None:
    refusals = _starved(child, tmp_path / "journal", 400_000)
    assert all(refusal.startswith("3 ") for refusal in refusals)
    assert not any("transaction" in refusal for refusal in refusals)
    journal = SQLiteJournal(tmp_path / "journal")
    before = verify(journal.read())
    journal.append([note("goes on")])
    assert verify(journal.read()) == before + 1


def test_a_full_disk(small_disk: Path, child: Any) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 200_000)
    refusals = _starved(child, small_disk / "journal", 0)
    assert refusals == ["3 database or disk is full"] * 2
    ballast.unlink()
    journal = SQLiteJournal(small_disk / "journal")
    before = verify(journal.read())
    journal.append([note("goes on")])
    assert verify(journal.read()) == before + 1
    journal.close()


def test_open_journal(tmp_path: Path) -> None:
    assert open_journal("sqlite:///state/journal", tmp_path).path == tmp_path / "state" / "journal"
    assert open_journal(f"sqlite:///{tmp_path}/other", Path("nowhere")).path == tmp_path / "other"
    with pytest.raises(InputError, match="no journal backend") as caught:
        open_journal("postgresql://host/db", tmp_path)
    assert caught.value.found == "postgresql://host/db"
