"""Blobs: big things by digest, written aside and renamed, so that a name never shows half a thing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from fullcycle.kernel.errors import Corrupt, InputError, OutsideError, RecordUnknown
from fullcycle.kernel.record import Record, digest, read


class Blobs(Protocol):
    """Where bytes are kept under their SHA-256. Records are blobs too."""

    def put(self, body: bytes) -> str: ...
    def get(self, name: str) -> bytes: ...
    def has(self, name: str) -> bool: ...
    def names(self) -> Iterator[str]: ...


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
        """Keep *body*; the same bytes twice are kept once. On disk before this returns."""
        name = digest(body)
        path = self.path(name)
        if not path.exists():
            write_aside(path, body)
        return name

    def get(self, name: str) -> bytes:
        """The bytes kept as *name*.

        Raises
        ------
        RecordUnknown
            Nothing is kept under that name.
        Corrupt
            What is kept there has another digest.
        """
        try:
            body = self.path(name).read_bytes()
        except FileNotFoundError:
            raise RecordUnknown(name) from None
        if digest(body) != name:
            raise Corrupt("stored bytes do not match their digest", place=str(self.path(name)))
        return body

    def has(self, name: str) -> bool:
        """Whether something is kept as *name*."""
        return self.path(name).exists()

    def names(self) -> Iterator[str]:
        """Every name, sorted."""
        for path in sorted(self._folder.glob("??/*")):
            if len(path.name) == 64:
                yield path.name

    def path(self, name: str) -> Path:
        """Where *name* lies, for readers that map a file."""
        return self._folder / name[:2] / name


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
