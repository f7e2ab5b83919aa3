"""What is committed is kept, and what is not leaves nothing behind."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.traffic.append import GroupCommit, Mode, SegmentWriter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import ask_to_seal, log_folder, read_segment, segments

from .rows import decision, outcome


def kept(folder: Path) -> list[str]:
    return [getattr(row, "row", "") for path in segments(folder).values() for row in read_segment(path)]


def names(count: int, start: int = 0) -> list[str]:
    return [f"{place:04}" for place in range(start, start + count)]


def answers(rows: list[str]) -> list[Decision]:
    return [decision(row=row) for row in rows]


@pytest.mark.parametrize("mode", ["durable", "process"])
def test_committed_rows_can_be_read_before_sealing(tmp_path: Path, mode: Mode) -> None:
    writer = SegmentWriter(tmp_path, mode=mode)
    writer.append(answers(names(2)))
    writer.commit()
    assert kept(tmp_path) == names(2)
    writer.append(answers(names(1, 2)))
    assert kept(tmp_path) == names(2)
    sealed = writer.seal()
    assert sealed is not None
    assert sealed.suffix == ".sealed"
    assert [row.sequence for row in read_segment(sealed)] == [0, 1, 2]


def test_buffered_rows_wait_for_the_buffer_or_the_seal(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path, mode="buffered") as writer:
        writer.append(answers(names(2)))
        writer.commit()
        assert kept(tmp_path) == []
        writer.append([decision(row="x" * 300_000)])
        writer.commit()
        assert len(kept(tmp_path)) == 3
        writer.append([outcome()])
    assert len(kept(tmp_path)) == 4


def test_a_writer_without_rows_leaves_no_file(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path) as writer:
        writer.append([])
        writer.commit()
    assert not log_folder(tmp_path).exists()


def test_a_full_segment_is_sealed_and_the_next_begins(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, mode="process", rotate_at=1000)
    for name in names(10):
        writer.append([decision(row=name)])
        writer.commit()
    writer.seal()
    paths = list(segments(tmp_path).values())
    assert len(paths) > 2
    assert {path.suffix for path in paths} == {".sealed"}
    assert sorted(kept(tmp_path)) == names(10)
    assert all([row.sequence for row in read_segment(path)] == list(range(len(read_segment(path)))) for path in paths)


FILLED = """
import resource, sys
from pathlib import Path
from fullcycle.kernel.errors import OutsideError
from fullcycle.traffic.append import SegmentWriter
from traffic.rows import decision
writer = SegmentWriter(Path(sys.argv[1]), mode="process")
writer.append([decision(row="0000"), decision(row="0001")]); writer.commit()
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
writer.append([decision(row=f"{i:04}") for i in range(2, 50)])
try:
    writer.commit()
except OutsideError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append([decision(row="0002")]); writer.seal()
"""


def test_a_write_that_the_system_cuts_short_is_taken_back(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", FILLED, tmp_path], cwd=root, capture_output=True, text=True, check=True
    )
    assert "cannot log: File too large" in done.stdout
    assert kept(tmp_path) == names(3)


def test_a_full_disk_is_an_error_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path)
    writer.append(answers(names(1)))
    writer.commit()
    write = os.write

    def half(fd: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "full")
        return write(fd, bytes(data[: len(data) // 2]))

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        writer.append(answers(names(3, 1)))
        with pytest.raises(OutsideError, match="No space left"):
            writer.commit()
        with pytest.raises(OutsideError, match="No space left"):
            writer.write_sealed("night", answers(names(3)))
    assert kept(tmp_path) == names(1)
    writer.append(answers(names(1, 1)))
    writer.seal()
    assert kept(tmp_path) == names(2)
    assert [path.name for path in log_folder(tmp_path).iterdir()] == [path.name for path in segments(tmp_path).values()]
    assert [row.sequence for row in read_segment(next(iter(segments(tmp_path).values())))] == [0, 1]


def test_a_buffered_writer_shows_what_a_full_disk_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, mode="buffered")

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    writer.append([decision(row="x" * 300_000)])
    writer.commit()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        writer.append([decision(row="y" * 300_000), decision()])
        with pytest.raises(OutsideError):
            writer.commit()
    writer.append([decision()])
    sealed = writer.seal()
    assert sealed is not None
    assert [row.sequence for row in read_segment(sealed)] == [0, 3]


def test_after_a_failed_fsync_the_segment_is_left_and_another_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SegmentWriter(tmp_path)
    writer.append(answers(names(1)))
    writer.commit()

    def fails(fd: int) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr("fullcycle.traffic.append._datasync", fails)
        writer.append(answers(names(1, 1)))
        with pytest.raises(OutsideError, match="Input/output"):
            writer.commit()
    writer.append(answers(names(1, 2)))
    writer.commit()
    assert sorted(kept(tmp_path)) == ["0000", "0002"]
    assert len(segments(tmp_path)) == 2
    moved = compact(tmp_path)
    assert moved is not None
    assert moved.segments == 1


def test_a_named_segment_is_written_once(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    assert writer.write_sealed("night-1", answers(names(3)))
    assert not writer.write_sealed("night-1", answers(names(5)))
    assert kept(tmp_path) == names(3)
    compact(tmp_path)
    assert not writer.write_sealed("night-1", answers(names(3)))
    assert segments(tmp_path) == {}


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "nul\0"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not a name"):
        SegmentWriter(tmp_path).write_sealed(name, [])


ENDLESS = """
import sys
from pathlib import Path
from fullcycle.traffic.append import SegmentWriter
from traffic.rows import decision
writer = SegmentWriter(Path(sys.argv[1]), mode="process", rotate_at=20_000)
for place in range(10**9):
    writer.append([decision(row=f"{place:04}")])
    writer.commit()
    print(place, flush=True)
"""


def test_every_acknowledged_row_outlives_a_kill(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, tmp_path], cwd=root, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        acknowledged = [next(child.stdout) for _ in range(300)]
        child.send_signal(signal.SIGKILL)
        acknowledged += list(child.stdout)
    whole = [line for line in acknowledged if line.endswith("\n")]
    found = set(kept(tmp_path))
    assert {f"{int(line):04}" for line in whole} <= found
    assert len(found) <= len(whole) + 1


def test_coroutines_share_commits(tmp_path: Path) -> None:
    class Counted(SegmentWriter):
        commits = 0

        def commit(self) -> None:
            self.commits += 1
            super().commit()

    writer = Counted(tmp_path)

    async def serve() -> None:
        log = GroupCommit(writer)
        gate = threading.Event()
        log._thread.submit(gate.wait)  # the disk is busy while they come in
        first = [asyncio.create_task(log.write([decision(row=row)])) for row in names(1)]
        await asyncio.sleep(0)
        rest = [asyncio.create_task(log.write([decision(row=row)])) for row in names(50, 1)]
        await asyncio.sleep(0)
        rest[3].cancel()
        gate.set()
        done = await asyncio.gather(*first, *rest, return_exceptions=True)
        assert sum(isinstance(each, asyncio.CancelledError) for each in done) == 1
        assert len(kept(tmp_path)) >= 50
        await log.write([decision(row="last")])
        assert kept(tmp_path)[-1] == "last"
        assert await log.seal() is not None
        await log.write([decision(row="next")])
        await log.close()

    asyncio.run(serve())
    assert writer.commits == 4
    assert {path.suffix for path in segments(tmp_path).values()} == {".sealed"}


def test_everybody_who_waits_is_told_of_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve() -> None:
        log = GroupCommit(SegmentWriter(tmp_path))
        with monkeypatch.context() as patch:

            def full(fd: int, data: bytes) -> int:
                raise OSError(errno.ENOSPC, "full")

            patch.setattr(os, "write", full)
            told = await asyncio.gather(*(log.write([decision()]) for _ in range(5)), return_exceptions=True)
        assert [type(each) for each in told] == [OutsideError] * 5
        await log.write([decision(row="after")])
        await log.close()

    asyncio.run(serve())
    assert kept(tmp_path) == ["after"]


def test_who_asks_gets_the_open_segment_sealed_while_writing_goes_on(tmp_path: Path) -> None:
    async def serve() -> None:
        log = GroupCommit(SegmentWriter(tmp_path))
        looking = asyncio.create_task(log.seal_when_asked(0.01))
        await log.write(answers(names(1)))
        await asyncio.sleep(0.05)
        assert [path.suffix for path in segments(tmp_path).values()] == [".open"]
        ask_to_seal(tmp_path)
        while [path.suffix for path in segments(tmp_path).values()] != [".sealed"]:
            await asyncio.sleep(0.01)
        await log.write(answers(names(1, 1)))
        assert sorted(path.suffix for path in segments(tmp_path).values()) == [".open", ".sealed"]
        looking.cancel()
        await log.close()

    asyncio.run(asyncio.wait_for(serve(), 30))
    assert sorted(kept(tmp_path)) == names(2)
