"""Append-only segments: what was written outlives a kill, and nobody ever changes it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.traffic.frames import encode
from fullcycle.traffic.lock import sync_folder, wait_lock
from fullcycle.traffic.schema import Row
from fullcycle.traffic.segments import ASIDE, OPEN, SEALED, asked_to_seal, log_folder
from fullcycle.traffic.tables import KINDS, Kind, Table

Mode = Literal["durable", "process", "buffered"]
ROTATE_AT = 64 * 2**20  # bytes: what a compactor takes into memory at a time stays small
FLUSH_AT = 256 * 2**10  # bytes: what a buffered writer may lose when it is killed
_datasync = getattr(os, "fdatasync", os.fsync)  # the data and the length, without the time of the change; not on macOS
_log = logging.getLogger(__name__)


class SegmentWriter:
    """Writes the segments of one scope; not for several threads at once.

    Parameters
    ----------
    folder : the scope's, see `scope_folder`.
    mode : what ``commit`` waits for. ``durable``: the disk, so that a power loss takes nothing. ``process``: the
        operating system, so that a kill takes nothing. ``buffered``: neither, up to 256 KiB; ``sequence`` then has a gap
        wherever rows were lost to a full disk.
    rotate_at : bytes at which a segment is sealed and the next begun.

    Examples
    --------
    >>> import tempfile
    >>> from fullcycle.traffic.schema import Outcome
    >>> from fullcycle.traffic.segments import asked_to_seal, read_segment
    >>> row = Outcome(environment="dev", timeline="live", id="a1", status="known", at=7, received=9)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     writer = SegmentWriter(Path(folder))
    ...     writer.append([row])
    ...     writer.commit()
    ...     sealed = writer.seal()
    ...     [kept.id for kept in read_segment(sealed)]
    ['a1']
    """

    def __init__(self, folder: Path, *, mode: Mode = "durable", rotate_at: int = ROTATE_AT) -> None:
        self.folder, self.mode, self._rotate_at = Path(folder), mode, rotate_at
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._segment: _Segment | None = None
        self._sequence = 0
        self._tables: dict[Kind, Table] = {}
        self._retire: Callable[[], object] = self.seal

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.seal()

    def append(self, rows: Iterable[Row]) -> None:
        """Take rows up; they are logged by the next `commit`."""
        frames = [encode(_numbered(row, place)) for place, row in enumerate(rows, self._sequence)]
        self._sequence += len(frames)
        self._pending += frames
        self._pending_bytes += sum(map(len, frames))

    def commit(self) -> None:
        """Log what was appended, as far as the mode promises.

        Raises
        ------
        OutsideError : the disk is full or failed. None of the rows since the last commit is kept; append them again.
        """
        if self.mode == "buffered" and self._pending_bytes < FLUSH_AT:
            return
        self._flush()
        if self._segment is not None and self._segment.size >= self._rotate_at:
            self._retire()

    def seal(self) -> Path | None:
        """Log what was appended and close the segment for good, so that it can be compacted; the next append begins another.

        Returns
        -------
        The sealed file, or ``None`` when nothing was written.

        Raises
        ------
        OutsideError : the disk is full or failed.
        """
        segment = self._detach()
        return None if segment is None else segment.seal()

    def _detach(self) -> _Segment | None:
        """The open segment with all that was appended; the next append begins another."""
        self._flush()
        segment, self._segment, self._sequence = self._segment, None, 0
        return segment

    def write_sealed(self, name: str, rows: Iterable[Row]) -> bool:
        """Log a whole segment under a name of the caller's, all of it or nothing; the same name again writes nothing.

        Returns
        -------
        Whether it was written: ``False`` when a segment of that name lies in the log or in the tables.

        Raises
        ------
        InputError : *name* cannot be a file's name.
        OutsideError : the disk is full or failed.
        """
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise InputError("not a name for a segment", found=name, mend="use letters, digits, '-' and '_'")
        if self.holds(name):
            return False
        target = log_folder(self.folder) / f"{name}{SEALED}"
        data = b"".join(encode(_numbered(row, place)) for place, row in enumerate(rows))
        with _outside(self.folder), contextlib.closing(_Segment(self.folder, durable=self.mode == "durable")) as aside:
            try:
                aside.write(data)
                return aside.become(target)
            finally:
                aside.remove()

    def holds(self, name: str) -> bool:
        """Whether a segment of that name lies in the log or in the tables."""
        return (log_folder(self.folder) / f"{name}{SEALED}").exists() or self._compacted(name)

    def _compacted(self, name: str) -> bool:
        for kind in KINDS:
            if kind not in self._tables or not self._tables[kind].latest():
                self._tables[kind] = Table(self.folder, kind)
        return all(table.holds(name) for table in self._tables.values())

    def _flush(self) -> None:
        if not self._pending:
            return
        data, count, begun = b"".join(self._pending), len(self._pending), self._segment is not None
        self._pending, self._pending_bytes = [], 0
        try:
            self._write(data)
        except OSError as error:
            # Who is told of the loss appends again; a buffered writer has promised already, so its gap must show.
            given_up = begun and self._segment is None
            kept = 0 if given_up else self._sequence - count
            self._sequence = kept + (count if self.mode == "buffered" else 0)
            raise _cannot_log(error, self.folder) from error

    def _write(self, data: bytes) -> None:
        if self._segment is None:
            segment = _Segment(self.folder, durable=self.mode == "durable")
            try:
                segment.open()
            except OSError:
                segment.close()
                segment.remove()
                raise
            self._segment = segment
        try:
            self._segment.write(data)
        except OSError:
            if self._segment.broken:
                self._segment.close()
                self._segment = None
            raise


class _Segment:
    """One segment file, locked for as long as its writer lives; begun aside, so that nobody sees it unlocked."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._log, self._durable, self.size, self.broken = log_folder(folder), durable, 0, False
        self._log.mkdir(parents=True, exist_ok=True)
        self._fd, self.name, self.path = _aside(self._log)

    def open(self) -> None:
        """Show the segment to readers and compactors."""
        self._rename(OPEN)
        if self._durable:
            sync_folder(self._log)

    def write(self, data: bytes) -> None:
        """Write all of *data*, or leave the file as it was."""
        try:
            _write_all(self._fd, data)
            if self._durable:
                self._sync()
        except OSError:
            self._undo()
            raise
        self.size += len(data)

    def seal(self) -> Path | None:
        """Close the file for good; an empty one goes."""
        with _outside(self._log), contextlib.closing(self):
            if not self.size:
                self.remove()
                return None
            os.fsync(self._fd)
            self._rename(SEALED)
            sync_folder(self._log)
            return self.path

    def become(self, target: Path) -> bool:
        """Appear as *target* in one step, unless somebody else was first."""
        try:
            os.link(self.path, target)
        except FileExistsError:
            return False
        if self._durable:
            sync_folder(self._log)
        return True

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._fd)

    def _rename(self, suffix: str) -> None:
        target = self._log / f"{self.name}{suffix}"
        os.rename(self.path, target)
        self.path = target

    def _sync(self) -> None:
        try:
            _datasync(self._fd)
        except OSError:
            self.broken = True  # what the disk holds after a failed fsync is unknown: never append to it again
            raise

    def _undo(self) -> None:
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            self.broken = True


class GroupCommit:
    """A writer for many coroutines: each waits until its rows are logged, and all that wait share one commit.

    A commit starts when the one before returns, so that a lone row waits for nothing but the disk and many rows cost one
    ``fsync``; see DeWitt et al., "Implementation techniques for main memory database systems" (1984), on group commit.

    Examples
    --------
    >>> import tempfile
    >>> from fullcycle.traffic.schema import Outcome
    >>> row = Outcome(environment="dev", timeline="live", id="a1", status="known", at=7, received=9)
    >>> async def serve(folder):
    ...     log = GroupCommit(SegmentWriter(folder))
    ...     await asyncio.gather(log.write([row]), log.write([row]))
    ...     await log.close()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(serve(Path(folder)))
    """

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer, self._waits = writer, writer.mode == "durable"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="traffic-log")
        self._waiting: _Group = []
        self._busy = False
        if not self._waits:
            writer._retire = self._seal_later

    def put(self, rows: Sequence[Row]) -> asyncio.Future[None] | None:
        """Log *rows*: what to wait for until they are, or None where they are already.

        Only a disk is waited for: what the operating system takes into its memory is written at once, for which a thread would
        need longer than it takes. Who waits no more takes nothing back.

        Raises
        ------
        OutsideError : they are not logged; where there is something to wait for, waiting raises it.
        """
        if not self._waits:
            self._commit(rows)
            return None
        loop = asyncio.get_running_loop()
        logged: asyncio.Future[None] = loop.create_future()
        self._waiting.append((rows, logged))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._begin, loop)  # with all that comes in before the loop is round
        return logged

    async def write(self, rows: Sequence[Row]) -> None:
        """Return when *rows* are logged as the writer's mode promises.

        Raises
        ------
        OutsideError : they are not; so it is told to everybody who waited for this commit.
        """
        logged = self.put(rows)
        if logged is not None:
            await logged

    async def seal(self) -> Path | None:
        """Close the segment for good, so that it can be compacted; writing goes on in another."""
        loop = asyncio.get_running_loop()
        if self._waits:
            return await loop.run_in_executor(self._thread, self._writer.seal)
        segment = self._writer._detach()
        return None if segment is None else await loop.run_in_executor(self._thread, segment.seal)

    async def seal_when_asked(self, every: float) -> None:
        """Look for ever, *every* so many seconds, whether somebody asks that the open segment be sealed, and seal it."""
        seen = asked_to_seal(self._writer.folder)
        while True:
            await asyncio.sleep(every)
            if (asked := asked_to_seal(self._writer.folder)) != seen:
                with contextlib.suppress(OutsideError):  # a full disk is told to those whose rows cannot be logged
                    await self.seal()
                    seen = asked

    async def close(self) -> None:
        """Log what waits, seal the segment and end the thread."""
        while self._busy:
            await asyncio.get_running_loop().run_in_executor(self._thread, bool)  # after what the thread has to do yet
        try:
            await self.seal()
        finally:
            self._thread.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Log all that waits, in the thread."""
        group, self._waiting = self._waiting, []
        commit = self._thread.submit(self._commit, [row for rows, _ in group for row in rows])
        commit.add_done_callback(lambda done: loop.call_soon_threadsafe(self._end, loop, group, done))

    def _end(self, loop: asyncio.AbstractEventLoop, group: _Group, done: Future[None]) -> None:
        """Tell all who waited, and go on with those who came meanwhile."""
        failure = done.exception()
        if self._waiting:
            self._begin(loop)
        else:
            self._busy = False
        for _, logged in group:
            if not logged.done():  # it is when its caller has gone away
                logged.set_exception(failure) if failure else logged.set_result(None)

    def _commit(self, rows: Sequence[Row]) -> None:
        self._writer.append(rows)
        self._writer.commit()

    def _seal_later(self) -> None:
        """Seal a full segment in the thread; one that cannot be is left to the compactor, like a dead worker's."""
        segment = self._writer._detach()
        if segment is not None:
            self._thread.submit(segment.seal).add_done_callback(_note)


_Group: TypeAlias = list[tuple[Sequence[Row], asyncio.Future[None]]]


def _note(sealed: Future[Path | None]) -> None:
    if failure := sealed.exception():
        _log.error("a segment could not be sealed: %s", failure)


@contextlib.contextmanager
def _outside(place: Path) -> Iterator[None]:
    """Failures of the disk as an error of ours."""
    try:
        yield
    except OutsideError:
        raise
    except OSError as error:
        raise _cannot_log(error, place) from error


def _cannot_log(error: OSError, place: Path) -> OutsideError:
    mend = "free space on the disk or check its permissions, and try again"
    return OutsideError(f"cannot log: {os.strerror(error.errno or 0)}", place=str(place), mend=mend)


def _aside(log: Path) -> tuple[int, str, Path]:
    """A new file of its own name, locked, that neither readers nor compactors look at."""
    while True:
        name = uuid.uuid4().hex
        path = log / f"{name}{ASIDE}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        wait_lock(fd)
        if path.exists():
            return fd, name, path
        os.close(fd)  # a compactor took it for one left by a dead writer, before it was locked


def _numbered(row: Row, place: int) -> Row:
    """The row with its place, which is the writer's to give: a copy would take longer than all the rest of its way to the disk."""
    if row.sequence != place:
        msgspec.structs.force_setattr(row, "sequence", place)
    return row


def _write_all(fd: int, data: bytes) -> None:
    done = os.write(fd, data)
    while done < len(data):
        done += os.write(fd, memoryview(data)[done:])
