"""How far a batch has come: a folder of pieces beside the answers, each there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Conflict, OutsideError
from fullcycle.kernel.record import canonical
from fullcycle.traffic.lock import lease

_HEAD = "batch.json"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What makes two runs the same batch.

    Attributes
    ----------
    input : what the rows were, ``""`` where nothing tells: such a batch is never gone on with.
    asked : digest of what answers and how.
    at : when it is answered, in µs UTC; of the first run, also where a later one goes on.
    """

    input: str
    asked: str
    at: int


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is done: rows answered and rejected, whether they were logged now, and their latest time (µs UTC)."""

    answered: int
    rejected: int
    logged: bool
    latest: int | None = None


class Progress:
    """The pieces of one batch.

    Parameters
    ----------
    folder : where they lie.
    head : of this run; pieces of another batch are removed.

    Raises
    ------
    OutsideError : the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     head = Head(input="a", asked="b", at=7)
    ...     progress = Progress(Path(place, "p"), head)
    ...     progress.write(0, pl.DataFrame({"id": ["a"]}), b"", Piece(answered=1, rejected=0, logged=True))
    ...     again = Progress(Path(place, "p"), Head(input="a", asked="b", at=9))
    ...     again.at, again.done(0).answered, again.done(1)
    (7, 1, None)
    """

    def __init__(self, folder: Path, head: Head) -> None:
        self.folder = folder
        before = self._head()
        same = before is not None and bool(head.input) and (before.input, before.asked) == (head.input, head.asked)
        if not same:
            self._clear()
            write_aside(folder / _HEAD, canonical(head))
        self.at = before.at if same and before is not None else head.at

    def done(self, number: int) -> Piece | None:
        """What came of a part, if it is done."""
        try:
            return msgspec.json.decode((self.folder / f"{number:06}.json").read_bytes(), type=Piece)
        except FileNotFoundError:
            return None

    def write(self, number: int, answers: pl.DataFrame, rejected: bytes, piece: Piece) -> None:
        """Keep what came of a part; what says so appears last."""
        self.keep(number, "answers", answers)
        if rejected:
            write_aside(self.folder / f"{number:06}.rejected", rejected)
        write_aside(self.folder / f"{number:06}.json", msgspec.json.encode(piece))

    def keep(self, number: int, what: str, frame: pl.DataFrame) -> None:
        """Keep a table of a part."""
        with _outside(self.folder):
            aside = self.folder / f".aside-{number:06}"
            with aside.open("wb") as file:
                frame.write_ipc(file, compression="lz4")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path(number, what))

    def path(self, number: int, what: str = "answers") -> Path:
        """Where a table of a part lies."""
        return self.folder / f"{number:06}.{what}.arrow"

    def load(self, number: int, what: str) -> pl.DataFrame | None:
        """A table that was kept."""
        path = self.path(number, what)
        return pl.read_ipc(path) if path.exists() else None

    def rejected(self) -> Iterator[bytes]:
        """What was turned away, part by part."""
        for path in sorted(self.folder.glob("*.rejected")):
            yield path.read_bytes()

    def remove(self) -> None:
        """All is done: nothing of it stays."""
        with _outside(self.folder):
            (self.folder / _HEAD).unlink(missing_ok=True)  # first: what is half removed belongs to no batch
            shutil.rmtree(self.folder)

    def _head(self) -> Head | None:
        try:
            return msgspec.json.decode((self.folder / _HEAD).read_bytes(), type=Head)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def _clear(self) -> None:
        with _outside(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _HEAD).unlink(missing_ok=True)  # first: what is half cleared belongs to no batch
            for path in self.folder.iterdir():
                path.unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One batch at a time writes to a target.

    Raises
    ------
    Conflict : another process does so now.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place, alone(Path(place, "p")):
    ...     pass
    """
    with _outside(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f"{folder.name}.lock")
    with lease(lock) as mine:
        if not mine:
            mend = "wait until it is done, or name another file"
            raise Conflict("another process writes these answers", place=str(folder), mend=mend)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@contextlib.contextmanager
def _outside(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, OutsideError):
            raise
        mend = "free some disk or mend the permissions, then run again: it goes on where it was"
        found = error.strerror or str(error)
        raise OutsideError("could not write", place=str(place), found=found, mend=mend) from error
