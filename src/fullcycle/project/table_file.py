"""Tables that are written for people and other tools, in the format that the file's suffix names."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import InputError

_BODIES: dict[str, Callable[[pl.DataFrame, io.BytesIO], object]] = {
    ".csv": lambda rows, body: rows.write_csv(body, datetime_format=_INSTANT),
    ".tsv": lambda rows, body: rows.write_csv(body, separator="\t", datetime_format=_INSTANT),
    ".jsonl": lambda rows, body: rows.write_ndjson(body),
    ".ndjson": lambda rows, body: rows.write_ndjson(body),
    ".parquet": lambda rows, body: rows.write_parquet(body),
}
_INSTANT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def check_suffix(file: Path) -> None:
    """Refuse a file whose suffix names no format that is written, before any work is done for it.

    Raises
    ------
    InputError
        Names the suffixes that are.

    >>> check_suffix(Path("rows.doc"))
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: rows.doc: no way to write such a file: found '.doc', expected one of .csv, .tsv, .jsonl, \
.ndjson, .parquet. To mend it: give it another suffix.
    """
    if file.suffix.lower() not in _BODIES:
        raise InputError(
            "no way to write such a file",
            place=str(file),
            found=file.suffix or "no suffix",
            expected=f"one of {', '.join(_BODIES)}",
            mend="give it another suffix",
        )


def write_table(rows: pl.DataFrame, file: Path) -> None:
    """Write *rows* as the suffix of *file* says; whole or not at all. Times are in UTC.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pl.DataFrame({"a": [1]}), Path(folder, "rows.parquet"))
    ...     pl.read_parquet(Path(folder, "rows.parquet")).rows()
    [(1,)]
    """
    check_suffix(file)
    body = io.BytesIO()
    _BODIES[file.suffix.lower()](rows, body)
    write_aside(file, body.getvalue())
