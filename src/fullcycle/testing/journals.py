"""What every journal must do, as tests to inherit."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import pytest

from fullcycle.kernel.errors import Conflict, InputError
from fullcycle.kernel.journal import START, Entry, Journal, verify
from fullcycle.kernel.scope import Actor, Scope

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; no test takes that long where the contract is kept."""


def note(text: str = "", **fields: Any) -> Entry:
    """An entry to append, told from others by its *text*.

    >>> note("first").step
    'first'
    """
    scope, actor = Scope(project="contract"), Actor(kind="service", name="contract", known_by="process")
    return Entry(scope=scope, actor=actor, verb="note", at=datetime(2013, 1, 1, tzinfo=UTC), step=text, **fields)


class JournalContract:
    """Inherit it and give the one fixture that opens your journal, new and empty for each test.

    ``opener`` is called again, in other threads and processes too, and must open the same journal; it is sent by pickle.

    Examples
    --------
    >>> from fullcycle.kernel.journal import SQLiteJournal
    >>> class TestSQLite(JournalContract):
    ...     @pytest.fixture
    ...     def opener(self, tmp_path):
    ...         return functools.partial(SQLiteJournal, tmp_path / "journal")
    """

    @pytest.fixture
    def opener(self) -> Callable[[], Journal]:
        """Opens the journal under test."""
        raise NotImplementedError("give a fixture 'opener' that opens your journal")

    @pytest.fixture
    def journal(self, opener: Callable[[], Journal]) -> Iterator[Journal]:
        """The journal under test."""
        journal = opener()
        yield journal
        getattr(journal, "close", lambda: None)()

    def test_a_new_one_is_empty(self, journal: Journal) -> None:
        """Nothing is in it, and nothing is a chain."""
        assert list(journal.read()) == []
        assert verify(journal.read()) == 0

    def test_entries_are_read_in_the_order_of_appending(self, journal: Journal) -> None:
        """One by one, and batch after batch."""
        journal.append([note("a")])
        journal.append([note("b"), note("c")])
        assert journal.append([]) == ()
        assert [(entry.position, entry.step) for entry in journal.read()] == [(1, "a"), (2, "b"), (3, "c")]

    def test_reading_goes_on_after_a_position(self, journal: Journal) -> None:
        """*after* is left out, what follows is not."""
        journal.append([note(text) for text in "abc"])
        assert [entry.step for entry in journal.read(1)] == ["b", "c"]
        assert list(journal.read(3)) == []
        assert list(journal.read(99)) == []

    def test_append_returns_what_read_gives(self, journal: Journal) -> None:
        """All fields come back, floats to the last bit."""
        facts = {
            "text": "é\u2028\U0001f600",
            "list": [1, 2.5, None, True],
            "table": {"b": 0.1, "a": 1e16, "c": 2.0**60},
        }
        full = note(
            "full", topic="t", key="k", inputs=("i",), outputs=("o", "p"), facts=facts, cost={"seconds": 0.1}, code="c"
        )
        placed = journal.append([full, note("bare")])
        assert tuple(journal.read()) == placed
        assert placed[0].facts == facts

    def test_each_names_the_one_before(self, journal: Journal) -> None:
        """The chain holds within a batch and across batches, whatever place an entry claims."""
        journal.append([note("a"), note("b")])
        journal.append([note("c", position=77, before="x", hash="y")])
        entries = list(journal.read())
        assert [entry.before for entry in entries] == [START, entries[0].hash, entries[1].hash]
        assert len({entry.hash for entry in entries}) == 3
        assert verify(entries) == 3

    def test_expect_compares_the_last_on_a_topic(self, journal: Journal) -> None:
        """Right: appended. Wrong: Conflict, and nothing is written. Other topics do not count."""
        journal.append([note("a", topic="head")], expect=("head", 0))
        journal.append([note("b", topic="other")])
        for wrong in (0, 2, 3):
            with pytest.raises(Conflict):
                journal.append([note("no", topic="head")], expect=("head", wrong))
        journal.append([note("c", topic="head"), note("d", topic="head")], expect=("head", 1))
        journal.append([note("e", topic="head")], expect=("head", 4))
        assert [entry.step for entry in journal.read()] == list("abcde")

    def test_one_of_those_who_expect_the_same_wins(self, journal: Journal, opener: Callable[[], Journal]) -> None:
        """Compare and append are one."""

        def attempt(number: int) -> bool:
            with contextlib.closing(_Closable(opener())) as own, contextlib.suppress(Conflict):
                own.journal.append([note(str(number), topic="head")], expect=("head", 0))
                return True
            return False

        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(attempt, range(8)))
        assert [entry.step for entry in journal.read()] == [str(won.index(True))]
        assert sum(won) == 1

    def test_a_batch_is_written_whole_or_not(self, journal: Journal) -> None:
        """An entry that cannot be written takes its batch with it, and the journal goes on."""
        journal.append([note("a")])
        with pytest.raises(InputError):
            journal.append([note("b"), note("bad", facts={"value": float("nan")}), note("c")])
        journal.append([note("d")])
        assert [entry.step for entry in journal.read()] == ["a", "d"]
        assert verify(journal.read()) == 2

    def test_threads_keep_one_chain(self, journal: Journal) -> None:
        """One handle, several threads; each keeps its own order."""

        def write(name: str) -> None:
            for number in range(10):
                journal.append([note(f"{name}{number}"), note(f"{name}{number}+")])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, "abcd"))
        assert verify(journal.read()) == 80
        steps = [entry.step for entry in journal.read()]
        for name in "abcd":
            assert [step for step in steps if step[0] == name] == [
                f"{name}{n}{end}" for n in range(10) for end in ("", "+")
            ]
        assert all(steps[at + 1] == steps[at] + "+" for at in range(0, 80, 2)), "a batch was torn apart"

    def test_processes_keep_one_chain(self, journal: Journal, opener: Callable[[], Journal]) -> None:
        """Two processes at once."""
        with _process(_write, opener, "a", 25), _process(_write, opener, "b", 25):
            pass
        assert verify(journal.read()) == 50
        steps = [entry.step for entry in journal.read()]
        assert [step for step in steps if step[0] == "a"] == [f"a{number}" for number in range(25)]

    def test_a_lease_is_held_by_one(self, journal: Journal) -> None:
        """No two threads are inside at once, and each gets its turn."""
        inside, most, turns = 0, 0, []

        def hold(number: int) -> None:
            nonlocal inside, most
            with journal.lease("name", 30.0):
                inside += 1
                most = max(most, inside)
                time.sleep(0.01)
                turns.append(number)
                inside -= 1

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(hold, range(6)))
        assert most == 1
        assert sorted(turns) == list(range(6))

    def test_leases_of_other_names_do_not_wait(self, journal: Journal) -> None:
        """Waiting happens per name; leases leave no entry."""
        with journal.lease("a", 30.0), journal.lease("b", 30.0):
            pass
        assert list(journal.read()) == []

    def test_a_lease_ends_with_its_context(self, journal: Journal) -> None:
        """After an exception too."""
        with pytest.raises(KeyError), journal.lease("name", 3600.0):
            raise KeyError
        _soon(lambda: _take(journal, "name"))

    def test_a_lease_is_renewed(self, journal: Journal) -> None:
        """It lasts as long as its context, not as long as its *ttl*."""
        order = []

        def wait() -> None:
            with journal.lease("name", 1.5):
                order.append("waited")

        with journal.lease("name", 1.5):
            waiting = threading.Thread(target=wait)
            waiting.start()
            time.sleep(2.5)
            order.append("held")
        waiting.join(PATIENCE)
        assert order == ["held", "waited"]

    def test_the_lease_of_a_killed_process_is_taken(self, journal: Journal, opener: Callable[[], Journal]) -> None:
        """After its *ttl* at the latest."""
        with _process(_hold, opener, "name", 1.0) as holder:
            os.kill(holder, signal.SIGKILL)
        _soon(lambda: _take(journal, "name"))

    def test_the_lease_of_a_stopped_process_expires(self, journal: Journal, opener: Callable[[], Journal]) -> None:
        """A holder that is there but no longer renews loses it; when it wakes it does not take it from the new one."""
        with _process(_hold, opener, "name", 0.5) as holder:
            os.kill(holder, signal.SIGSTOP)
            _soon(lambda: _take(journal, "name"))
            os.kill(holder, signal.SIGKILL)


class _Closable:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def close(self) -> None:
        getattr(self.journal, "close", lambda: None)()


def _take(journal: Journal, name: str) -> None:
    with journal.lease(name, 30.0):
        pass


def _soon(action: Callable[[], None]) -> None:
    """Run *action*, which may wait; fail where it waits for ever."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"still waiting after {PATIENCE} seconds"


def _write(opener: Callable[[], Journal], ready: Connection, name: str, count: int) -> None:
    journal = opener()
    ready.send(None)
    for number in range(count):
        journal.append([note(f"{name}{number}")])


def _hold(opener: Callable[[], Journal], ready: Connection, name: str, ttl: float) -> None:
    with opener().lease(name, ttl):
        ready.send(None)
        time.sleep(PATIENCE)


@contextlib.contextmanager
def _process(target: Callable[..., None], opener: Callable[[], Journal], *args: object) -> Iterator[int]:
    """*target* in a process of its own; the body begins when it says that it is ready, and at its end it has ended."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=functools.partial(target, opener, there, *args), daemon=True)
    process.start()
    assert here.poll(PATIENCE), "the process did not begin"
    here.recv()
    yield process.pid or 0
    process.join(PATIENCE)
    process.close()
    here.close()
    there.close()
