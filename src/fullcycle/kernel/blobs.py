"""Blobs: big things by digest, written aside and renamed, so that a name never shows half a thing.

What must go from a blob for good, such as the rows of a person who asks for it, is *erased*: the name then gives what
is left. So every record that names it keeps its bytes and its id.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, RecordUnknown
from fullcycle.kernel.record import Record, digest, read

ERASED = ".erased"
"""What the tombstone of a blob is called, after the blob's name; it holds the name of what is left."""


class Blobs(Protocol):
    """Where bytes are kept under their SHA-256. Records are blobs too."""

    def put(self, body: bytes) -> str: ...
    def get(self, name: str) -> bytes: ...
    def has(self, name: str) -> bool: ...
    def names(self) -> Iterator[str]: ...
    def erase(self, name: str, body: bytes) -> str: ...
    def erased(self, name: str) -> str | None: ...


class FolderBlobs:
    """Blobs in a folder, 256 subfolders by the first two digits.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     blobs = FolderBlobs(Path(folder))
    ...     blobs.get(blobs.put(b"hello"))
    b'hello'
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, body: bytes) -> str:
        """Keep *body*; the same bytes twice are kept once, and erased ones no more. On disk before this returns."""
        name = digest(body)
        path = self._file(name)
        if not path.exists() and self.erased(name) is None:
            write_aside(path, body)
        return name

    def get(self, name: str) -> bytes:
        """The bytes kept as *name*; of an erased one, what is left.

        Raises
        ------
        RecordUnknown
            Nothing is kept under that name.
        Corrupt
            What is kept there has another digest, or what was left of an erased one is gone.
        """
        last = self._last(name)
        try:
            body = self._file(last).read_bytes()
        except FileNotFoundError:
            if self._last(name) != last:  # erased between the two looks
                return self.get(name)
            if last != name:
                raise Corrupt(
                    "what was left of an erased blob is missing", place=str(self._file(name)), expected=last
                ) from None
            raise RecordUnknown(name) from None
        if digest(body) != last:
            raise Corrupt("stored bytes do not match their digest", place=str(self._file(last)))
        return body

    def has(self, name: str) -> bool:
        """Whether something is kept as *name*; of an erased one, whether what is left is."""
        return self.path(name).exists()

    def names(self) -> Iterator[str]:
        """Every name under which bytes lie, sorted; erased ones are none."""
        for path in sorted(self._folder.glob("??/*")):
            if len(path.name) == 64 and self.erased(path.name) is None:
                yield path.name

    def erase(self, name: str, body: bytes) -> str:
        """Let *name* give *body* from now on, and remove the bytes that it gave before; returns the digest of *body*.

        A kill at any moment leaves the name with the old bytes or the new; erasing again finishes it. An erased name
        can be erased again: what is left is then replaced.

        Raises
        ------
        RecordUnknown
            Nothing is kept under that name.
        InputError
            *body* itself was erased once, down to what *name* gives.
        """
        if not self.has(name):
            raise RecordUnknown(name)
        last, new = self._last(name), self._last(self.put(body))
        if new != last:
            write_aside(self._tombstone(last), new.encode())
        elif digest(body) != last:
            raise InputError("what is to be left was erased itself", found=digest(body), mend="leave less")
        for gone in self._chain(name)[:-1]:
            self._file(gone).unlink(missing_ok=True)
            _sync_folder(self._file(gone).parent)
        return new

    def receive(self, other: FolderBlobs, name: str) -> bool:
        """Keep what *other* gives as *name*, with what was erased of it; returns whether it was not here yet.

        Raises
        ------
        RecordUnknown, Corrupt
            As :meth:`get` of *other*.
        """
        left = other.erased(name)
        if self.has(name) and (left is None or self._last(name) == other._last(name)):
            return False
        if left is None:
            self.put(other.get(name))
            return True
        self.receive(other, left)
        write_aside(self._tombstone(name), left.encode())
        self._file(name).unlink(missing_ok=True)
        return True

    def erased(self, name: str) -> str | None:
        """What is left under the tombstone of *name*; None where it was never erased."""
        try:
            return self._tombstone(name).read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def path(self, name: str) -> Path:
        """Where the bytes that *name* gives lie, for readers that map a file."""
        return self._file(self._last(name))

    def _chain(self, name: str) -> list[str]:
        """*name*, and what is left after each time that it was erased."""
        chain = [name]
        while (left := self.erased(chain[-1])) is not None:
            chain.append(left)
        return chain

    def _last(self, name: str) -> str:
        return self._chain(name)[-1]

    def _file(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _tombstone(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}{ERASED}"


def write_aside(path: Path, body: bytes, *, mode: int = 0o644) -> None:
    """Write *body* beside *path*, flush it to disk, then rename: the name shows the old or the new, never a part.

    Raises
    ------
    OutsideError
        The disk is full or does not let us write; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".aside-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(aside, path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise OutsideError(
            f"could not write {path.name}",
            place=str(path.parent),
            found=error.strerror or str(error),
            mend="free some disk or mend the permissions, then run again",
        ) from error


def get_record(blobs: Blobs, id: str) -> Record:
    """The record kept as *id*, verified."""
    return read(blobs.get(id), id=id)


def find_id(names: Iterator[str] | list[str], prefix: str) -> str:
    """The one name that begins with *prefix*.

    >>> find_id(["abcd", "bcde"], "ab")
    'abcd'
    """
    matches = [name for name in names if name.startswith(prefix)]
    if not matches:
        raise RecordUnknown(prefix)
    if len(matches) > 1:
        raise InputError(f"{prefix!r} names {len(matches)} records", mend="give more of its digits")
    return matches[0]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
