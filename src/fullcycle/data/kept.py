"""Kept: what a month came to, by the digest of all that it came from, so that a new batch costs the batch.

Nothing rests on it: what is missing, damaged or was removed is made anew, and the same. It is no record, and erasing a
person removes all of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.record import canonical, digest

KEPT = "kept"
"""Folder in a project's state."""
MOST = 1 << 29
"""Bytes that are kept, about; what was not asked for the longest goes first."""
_HEAD = 64  # a digest, in hexadecimal


class Kept:
    """Results in a folder; without one nothing is kept.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = Kept(Path(folder))
    ...     key = kept.key("profile", 1, {"month": "2024-01"})
    ...     kept.put(key, b"sketches")
    ...     kept.get(key)
    b'sketches'
    """

    def __init__(self, folder: Path | None = None, *, most: int = MOST) -> None:
        self._folder, self._most = folder, most

    @staticmethod
    def key(of: str, version: int, what: Any) -> str:
        """The name of a result: *of* and *version* say how it is made, *what* all that it follows from."""
        return digest(canonical([of, version, what]))

    def get(self, key: str) -> bytes | None:
        """What is kept under *key*; None where nothing is, or something else than was put there."""
        if self._folder is None:
            return None
        path = self._folder / key
        try:
            whole = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        body = whole[_HEAD:]
        return body if whole[:_HEAD].decode("ascii", "replace") == digest(body) else None

    def put(self, key: str, body: bytes) -> None:
        """Keep *body* under *key*."""
        if self._folder is not None and len(body) < self._most:
            write_aside(self._folder / key, digest(body).encode() + body)

    def prune(self) -> None:
        """Remove what is over the limit, beginning with what was not asked for the longest."""
        found = sorted(self._files(), reverse=True)
        held = 0
        for _, size, path in found:
            held += size
            if held > self._most:
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        for path in self._folder.glob("*") if self._folder is not None else ():
            with contextlib.suppress(FileNotFoundError):  # another process removed it
                told = path.stat()
                yield told.st_mtime_ns, told.st_size, path
