"""The spool: copies of remote and compressed files, kept as long as something reads from them."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

from fullcycle.kernel.errors import OutsideError


class Spool:
    """A folder for copies, under the project, that goes when nothing reads from it any more."""

    def __init__(self, folder: Path) -> None:
        self._parent = folder / ".fullcycle" / "spool"
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The folder, made when it is first asked for."""
        if self._path is None:
            try:
                self._parent.mkdir(parents=True, exist_ok=True)
                self._path = Path(tempfile.mkdtemp(dir=self._parent))
            except OSError as error:
                raise _no_room(self._parent, error) from None
            weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        return self._path


def written(first: bytes, rest: Iterator[bytes], spool: Spool, name: str) -> Path:
    """A file of *spool* with the bytes *first* and *rest*, its suffix as *name* has it.

    Raises
    ------
    OutsideError
        There is no room for it.
    """
    handle, path = tempfile.mkstemp(dir=spool.path, suffix=PurePosixPath(name).suffix)
    with os.fdopen(handle, "wb") as copy:
        for chunk in chain((first,), rest):
            try:
                copy.write(chunk)
            except OSError as error:
                raise _no_room(spool.path, error) from None
    return Path(path)


def _no_room(folder: Path, error: OSError) -> OutsideError:
    return OutsideError(
        "a copy of the source cannot be written", place=str(folder), found=error.strerror, mend="make room for it there"
    )
