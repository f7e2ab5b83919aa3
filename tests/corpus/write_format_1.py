"""Writes what ``format_1`` holds: ``write_format_1.py FOLDER``. It was run once; the files that it wrote are never made anew.

They are what a user of the first format has on disk. Whatever changes later must go on reading them, under the same ids.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.record import Record, kind
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.kernel.verbs import Run, step


def write(folder: Path) -> None:
    """One entry of each verb, and three records of version 1 of the kind ``corpus_note``."""

    @kind("corpus_note", version=1)
    class Note(Record, frozen=True, kw_only=True):
        text: str
        written: datetime
        price: Decimal
        weight: float

    @step("corpus.note", version=1, libraries=("rfc8785",))
    def noted(*, text: str, at: datetime, before: Note | None = None) -> Note:
        parents = (before.id,) if before else ()
        return Note(text=text, written=at, price=Decimal("2.50"), weight=0.1, parents=parents)

    journal = SQLiteJournal(folder / "journal.sqlite")
    clock = SetClock(datetime(2013, 1, 1, 12, tzinfo=UTC))
    actor = Actor(kind="person", name="ann@example.com", known_by="operating system")
    run = Run(journal, FolderBlobs(folder / "blobs"), Scope(project="corpus"), actor, clock)
    seen = run.observe("flights", lambda: (None, "f" * 64))
    first = run.step(noted, inputs={}, parameters={"text": "first", "at": clock.now()})
    second = run.step(noted, inputs={"before": first}, parameters={"text": "é €", "at": clock.now()})
    run.step(noted, inputs={"before": second}, parameters={"text": "third", "at": clock.now()})
    run.step(noted, inputs={}, parameters={"text": "first", "at": clock.now()})
    run.measure(first, [Finding(check="latency_p99", subject="service", value=1e16, passed=True)])
    run.set_head("scoping", first)
    run.set_head("scoping", second)
    run.append(run.entry("approve", inputs=(second.id,), facts={"answer": "approved", "reason": "as agreed"}))
    run.act("deploy", "release-1", lambda: {"address": "http://127.0.0.1:8000"}, inputs=(seen.id,))
    run.set_route(Route(shares=(Share(release=second.id, share=1.0),), control=0.02, reason="first"))
    run.append(run.entry("note", facts={"text": "the end", "list": [1, 2.5, None, True]}))
    journal.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
