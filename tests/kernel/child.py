"""What the tests run in a process of its own, to kill it, starve it, or let it race: ``child.py WHAT ARGUMENTS…``."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.errors import OutsideError
from fullcycle.kernel.journal import Entry, SQLiteJournal, verify
from fullcycle.kernel.record import Record, kind
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run, step

SCOPE, ACTOR = Scope(project="child"), Actor(kind="service", name="child", known_by="process")


@kind("child_number")
class Number(Record, frozen=True, kw_only=True):
    number: int


def append(path: str) -> None:
    """Append for ever; write position and hash of what was acknowledged."""
    journal, number = SQLiteJournal(Path(path)), 0
    while True:
        for entry in journal.append([_note(number), _note(number + 1)]):
            _say(f"{entry.position} {entry.hash}")
        number += 2


def fill(path: str, limit: str) -> None:
    """Append until the disk is full, then once more; write each error's exit code, and what the chain says."""
    journal = SQLiteJournal(Path(path))
    acknowledged = journal.append([_note(0)])[0].position
    _limit(int(limit))
    refusals: list[OutsideError] = []
    while len(refusals) < 2:
        try:
            acknowledged = journal.append([_note(acknowledged, "x" * 3000)])[0].position
        except OutsideError as error:
            refusals.append(error)
    _say(acknowledged)
    _say(verify(journal.read()))
    for error in refusals:
        _say(f"{error.exit_code} {error.found}")


def put(folder: str, limit: str) -> None:
    """Put ever larger blobs, until killed or the disk is full."""
    blobs, size = FolderBlobs(Path(folder)), 100_000
    _limit(int(limit))
    try:
        while True:
            _say(blobs.put(os.urandom(size)))
            size = min(size * 2, 8_000_000)
    except OutsideError as error:
        _say(error.exit_code)


def race(folder: str, go: str) -> None:
    """Run a slow step once the signal to go is there; it leaves a mark for every time that it really runs."""
    run = _run(Path(folder))
    _say("ready")
    while not Path(go).exists():
        time.sleep(0.002)
    _say(run.step(_slow, inputs={}, using={"marks": Path(folder) / "marks"}).number)


def act(folder: str, fate: str) -> None:
    """Send once; *fate* says whether the process dies after the effect, before its result is written."""

    def send() -> dict[str, str]:
        _mark(Path(folder) / "marks")
        if fate == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"sent": "yes"}

    _say(_run(Path(folder)).act("send", "letter-1", send)["sent"])


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _note(number: int, text: str = "") -> Entry:
    return Entry(scope=SCOPE, actor=ACTOR, verb="note", at=datetime.now(UTC), step=str(number), facts={"text": text})


def _limit(size: int) -> None:
    if size:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _run(folder: Path) -> Run:
    clock = SetClock(datetime(2013, 1, 1, tzinfo=UTC))
    return Run(SQLiteJournal(folder / "journal"), FolderBlobs(folder / "blobs"), SCOPE, ACTOR, clock)


def _mark(marks: Path) -> None:
    with marks.open("a") as file:
        file.write(f"{os.getpid()}\n")


@step("child.slow", version=1)
def _slow(*, marks: Path) -> Number:
    _mark(marks)
    time.sleep(0.4)
    return Number(number=42)


if __name__ == "__main__":
    {"append": append, "fill": fill, "put": put, "race": race, "act": act}[sys.argv[1]](*sys.argv[2:])
