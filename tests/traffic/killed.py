"""Compacts a folder again and again in processes that are killed: at a named step, or at a random moment.

``python killed.py FOLDER steps`` kills once at each step of a compaction; ``random N`` kills N times. The parent only
forks, having started no thread of its own.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake  # noqa: F401  loaded once, before the forks
import polars as pl  # noqa: F401

import fullcycle.traffic.compact as room
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.tables import Table
from traffic.rows import decision, outcome_of

STEPS = ["decisions before", "decisions after", "outcomes before", "outcomes after", "unlink 1", "unlink 2", "end"]


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write(folder: Path, turn: int) -> None:
    """One sealed segment, one left open by a writer that dies, each with decisions and outcomes."""
    rows = [decision(f"N{turn}-{place}") for place in range(20)]
    SegmentWriter(folder, mode="process").write_sealed(f"night-{turn}", [*rows[:10], *map(outcome_of, rows[:10])])
    open_writer = SegmentWriter(folder, mode="process")
    open_writer.append([*rows[10:], *map(outcome_of, rows[10:])])
    open_writer.commit()
    os._exit(0)


def die_at(step: str) -> None:
    """Plant the kill in this process."""
    what, _, when = step.partition(" ")
    append, unlink, seen = Table.append, Path.unlink, [0]

    def appending(table: Table, *args: Any) -> None:
        if table.kind == what and when == "before":
            die()
        append(table, *args)
        if table.kind == what and when == "after":
            die()

    def unlinking(path: Path, **options: Any) -> None:
        unlink(path, **options)
        seen[0] += 1
        if what == "unlink" and seen[0] == int(when):
            die()

    Table.append, Path.unlink = appending, unlinking  # type: ignore[method-assign,assignment]


def compact_dying_at(step: str, folder: Path) -> None:
    die_at(step)
    room.compact(folder)


def fork(work: Callable[[], object]) -> int:
    if (child := os.fork()) == 0:
        work()
        os._exit(0)
    return child


def main() -> None:
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    steps = STEPS if mode == "steps" else [""] * int(sys.argv[3])
    rng = random.Random(7)
    killed = 0
    for turn, step in enumerate(steps):
        os.waitpid(fork(lambda turn=turn: write(folder, turn)), 0)  # type: ignore[misc]
        child = fork(lambda step=step: compact_dying_at(step, folder))  # type: ignore[misc]
        if mode == "random":
            time.sleep(rng.uniform(0.0, 0.12))
            os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    sys.stdout.write(f"{len(steps)} {killed}\n")


if __name__ == "__main__":
    main()
