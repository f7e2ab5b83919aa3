"""Seen: what was found out by reading a file from end to end, kept for as long as the file is as it was.

No cell is kept: digests, encodings, names of columns and kinds of their values.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import polars as pl

from fullcycle.data.sources.formats.table import File

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file that is written again has another time, on any file system."""


def seen(file: File, of: str, version: int, found: Callable[[], bytes]) -> bytes:
    """What *found* gives, or gave when the file was as it is now: the same file, of that size, not written since.

    Parameters
    ----------
    of, version : what is found out, raised when the same bytes give something else.

    Examples
    --------
    >>> from pathlib import Path
    >>> seen(File(Path("rows.csv"), "rows.csv", "csv"), "length", 1, lambda: b"3")
    b'3'
    """
    stamp = _stamp(file)
    if stamp is None:
        return found()
    name = os.fsencode(file.path.absolute()).hex()  # a name may be no text
    key = file.kept.key(of, version, [name, *map(str, stamp), file.kind, file.compression, pl.__version__])
    body = file.kept.get(key)
    if body is None:
        body = found()
        # what was written a moment ago may be written again within the same tick of the file system's clock
        if _stamp(file) == stamp and time.time_ns() - max(stamp[-2:]) > _SETTLED:
            file.kept.put(key, body)
    return body


def _stamp(file: File) -> tuple[int, int, int, int] | None:
    """Number, size and times of a file; None of one that is not there, or is no file."""
    try:
        told = file.path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
