"""A compaction neither loses nor doubles a row, whenever it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fullcycle.kernel.errors import Corrupt
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.compact import Compacted, compact
from fullcycle.traffic.lock import lease
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import moment, scope_folder
from fullcycle.traffic.segments import log_folder, segments
from fullcycle.traffic.tables import KINDS, Table

from .rows import HOUR, SCOPE, decision, outcome_of

ROOT = Path(__file__).parents[1]


def test_only_what_nobody_writes_any_more_is_moved(tmp_path: Path) -> None:
    living = SegmentWriter(tmp_path)
    living.append([decision("living")])
    living.commit()
    SegmentWriter(tmp_path).write_sealed("night", [decision("sealed"), outcome_of(decision("sealed"))])
    dead = SegmentWriter(tmp_path)
    dead.append([decision("dead")])
    dead.commit()
    assert dead._segment is not None
    os.close(dead._segment._fd)  # as the system does when the process ends
    assert compact(tmp_path) == Compacted(segments=2, decisions=2, outcomes=1)
    assert [path.suffix for path in segments(tmp_path).values()] == [".open"]
    assert compact(tmp_path) == Compacted(segments=0, decisions=0, outcomes=0)
    living.seal()
    assert compact(tmp_path) == Compacted(segments=1, decisions=1, outcomes=0)
    assert [Table(tmp_path, kind).scan().collect().height for kind in KINDS] == [3, 1]


def test_one_lease_holder_compacts(tmp_path: Path) -> None:
    SegmentWriter(tmp_path).write_sealed("night", [decision()])
    with lease(log_folder(tmp_path) / "compact.lock"):
        assert compact(tmp_path) is None
    assert compact(tmp_path) == Compacted(segments=1, decisions=1, outcomes=0)


def test_a_backlog_goes_in_groups(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, mode="process")
    for night in range(5):
        writer.write_sealed(f"night-{night}", [decision(f"N{night}")])
    assert compact(tmp_path, group_bytes=600) == Compacted(segments=5, decisions=5, outcomes=0)
    assert Table(tmp_path, "decisions").version >= 2


def test_an_empty_named_segment_is_remembered(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    assert writer.write_sealed("night", [])
    assert compact(tmp_path) == Compacted(segments=1, decisions=0, outcomes=0)
    assert not writer.write_sealed("night", [decision()])


def test_a_damaged_segment_stays_where_it_is(tmp_path: Path) -> None:
    SegmentWriter(tmp_path).write_sealed("night", [decision("A"), decision("B")])
    path = segments(tmp_path)["night"]
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Corrupt, match=r"night\.sealed.*offset 0"):
        compact(tmp_path)
    assert path.exists()


def test_what_dead_writers_left_aside_is_swept(tmp_path: Path) -> None:
    log_folder(tmp_path).mkdir(parents=True)
    (log_folder(tmp_path) / "0123.aside").write_bytes(b"half")
    compact(tmp_path)
    assert [path.name for path in log_folder(tmp_path).iterdir()] == ["compact.lock"]


@pytest.mark.parametrize("how", [["steps"], ["random", "14"]])
def test_killed_at_any_moment_each_row_counts_once(tmp_path: Path, how: list[str]) -> None:
    folder = scope_folder(tmp_path, SCOPE)
    command = [sys.executable, "-m", "traffic.killed", str(folder), *how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    turns, killed = map(int, done.stdout.split()[:2])
    assert killed == turns - 1 if how == ["steps"] else killed > 0
    assert turns >= 7
    expected = sorted(decision(f"N{turn}-{place}").id for turn in range(turns) for place in range(20))
    traffic = Traffic(tmp_path, SCOPE)
    as_of = moment(9 * HOUR)
    before, seen = traffic.read(traffic.cut(None, None, as_of))
    assert sorted(before["id"]) == expected
    assert (seen.duplicate, seen.known, seen.corrected) == (0, len(expected), 0)
    compact(folder)
    assert segments(folder) == {}
    for kind in KINDS:
        rows = Table(folder, kind).scan().collect()
        assert sorted(rows["id"]) == expected
    log = (folder / "decisions" / "_delta_log").glob("*.json")
    counted = [
        json.loads(line)["txn"]["appId"] for path in log for line in path.read_text().splitlines() if '"txn"' in line
    ]
    assert len(counted) == len(set(counted)) == 2 * turns
    after, _ = traffic.read(traffic.cut(None, None, as_of))
    assert after.equals(before)
