"""A lost replica's volume is taken over: each row once, whether it lay in the log or in the tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fullcycle.kernel.errors import Conflict, InputError
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.recover import recover
from fullcycle.traffic.schema import scope_folder
from fullcycle.traffic.segments import log_folder
from traffic.rows import SCOPE, decision, outcome_of


def counted(root: Path) -> tuple[int, int, int]:
    traffic = Traffic(root, SCOPE)
    frame, counts = traffic.read(traffic.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
    return frame.height, counts.known, counts.duplicate


def test_log_and_tables_of_a_lost_replica_are_taken_over_once(tmp_path: Path) -> None:
    ours, theirs = (scope_folder(tmp_path / name, SCOPE) for name in ("ours", "theirs"))
    rows = [decision(f"N{place}") for place in range(40)]
    SegmentWriter(ours).write_sealed("a", rows[:10])
    SegmentWriter(theirs).write_sealed("b", [*rows[10:20], *map(outcome_of, rows[:5])])
    compact(theirs)
    SegmentWriter(theirs).write_sealed("c", rows[20:30])
    dead = SegmentWriter(theirs, mode="process")
    dead.append(rows[30:])
    dead.commit()
    with pytest.raises(Conflict, match="still written to"):
        recover(theirs, ours)
    torn = log_folder(theirs) / "torn.open"
    (path,) = log_folder(theirs).glob("*.open")
    torn.write_bytes(path.read_bytes()[:-3])  # what a power loss leaves of another such segment
    dead.seal()
    found = recover(theirs, ours)
    assert (found.segments, found.decisions, found.outcomes) == (3, 10, 5)
    assert counted(tmp_path / "ours") == (40, 5, 9)  # the torn copy holds nine of the ten again
    again = recover(theirs, ours)
    assert (again.segments, again.decisions, again.outcomes) == (0, 0, 0)
    assert counted(tmp_path / "ours") == (40, 5, 9)


def test_a_replica_that_logged_nothing(tmp_path: Path) -> None:
    folder = scope_folder(tmp_path, Scope(project="p"))
    SegmentWriter(folder).write_sealed("a", [decision("N1")])
    with pytest.raises(InputError, match="nothing was logged there"):
        recover(tmp_path / "nowhere", folder)
    with pytest.raises(InputError, match="nothing was logged there"):
        recover(folder, folder)
