"""Reading a file as it is: every cell still as the file has it, with the file's fingerprint."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from fullcycle.data.sources import SOURCES
from fullcycle.kernel.errors import InputError, nearest

_READERS = {".csv": ",", ".tsv": "\t"}


def read_source(location: str, folder: Path) -> tuple[pl.DataFrame, str]:
    """The rows at *location* and the SHA-256 of their bytes.

    Raises
    ------
    InputError
        The file is missing, empty, of an unknown kind, or not what its name says; names the place and the way out.
    """
    if location.startswith("python:"):
        return _call(location.removeprefix("python:"))
    path = folder / location
    body, suffix = _bytes(path), path.suffix.lower()
    fingerprint = hashlib.sha256(body).hexdigest()
    if suffix in _READERS:
        return _csv(body, path, _READERS[suffix]), fingerprint
    if suffix == ".parquet":
        return _parquet(body, path), fingerprint
    raise InputError(
        "files of this kind are not read",
        place=path.name,
        found=path.suffix or "no suffix",
        expected=".csv, .tsv or .parquet",
    )


def _bytes(path: Path) -> bytes:
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        near = nearest(path.name, sorted(file.name for file in path.parent.glob("*")))
        raise InputError(
            "the file is missing",
            place=str(path),
            expected=near or "",
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        ) from None
    except OSError as error:
        raise InputError("the file cannot be read", place=str(path), found=error.strerror) from None
    if not body.strip():
        raise InputError("the file is empty", place=str(path), expected="a header and rows")
    return body


def _csv(body: bytes, path: Path, separator: str) -> pl.DataFrame:
    """Every cell as text, so that nothing is coerced before it is checked."""
    text = _text(body, path)
    try:
        _check_header(next(_lines(text, separator), []), path, separator)
        frame = pl.read_csv(body, separator=separator, infer_schema=False, null_values=["", "NA", "NaN", "null"])
        if frame.width and frame.to_series(-1).has_nulls():  # Polars fills a line that is too short with nulls
            _check_lengths(_lines(text, separator), path, frame.width)
    except (pl.exceptions.PolarsError, csv.Error) as error:
        raise InputError(
            "not a table of separated values",
            place=str(path),
            found=str(error).split("\n")[0],
            mend="every line needs as many cells as the header; cells with quotes or line breaks need quotes around them",
        ) from None
    if not len(frame):
        raise InputError("the file has a header but no rows", place=str(path))
    return frame


def _text(body: bytes, path: Path) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "not UTF-8 text",
            place=f"{path}:{error.object.count(10, 0, error.start) + 1}",
            found=f"byte {error.object[error.start]:#x}",
            mend="save the file as UTF-8",
        ) from None


def _lines(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _check_header(header: list[str], path: Path, separator: str) -> None:
    others = [sign for sign in (";", "\t", "|", ",") if len(header) == 1 and sign != separator and sign in header[0]]
    if others:
        raise InputError(
            "the delimiter is another one",
            place=f"{path}:1",
            found=others[0],
            expected=repr(separator),
            mend="save the file with that delimiter, or with the suffix that fits it (.tsv for tabs)",
        )
    if repeated := [name for place, name in enumerate(header) if name in header[:place]]:
        raise InputError(
            "two columns have the same name", place=f"{path}:1", found=repeated[0], mend="rename one of them"
        )


def _check_lengths(lines: Iterator[list[str]], path: Path, width: int) -> None:
    """Blank lines are let pass: they are rows without a value, which the keys turn away."""
    for number, cells in enumerate(lines, 1):
        if 0 < len(cells) < width:
            raise InputError(
                "a line has too few cells",
                place=f"{path}, row {number - 1}",
                found=len(cells),
                expected=f"{width}, as the header has",
                mend="give the line a cell for each column, empty where nothing is known",
            )


def _parquet(body: bytes, path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(io.BytesIO(body))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError("not a Parquet file", place=str(path), found=str(error).split("\n")[0]) from None
    if not len(frame):
        raise InputError("the file has no rows", place=str(path))
    return frame


def _call(name: str) -> tuple[pl.DataFrame, str]:
    rows = SOURCES[name](None)
    try:
        frame = pl.DataFrame(rows)
    except TypeError:
        found = type(rows).__name__
        raise InputError(
            f"the source {name!r} gives no table", place="cycle.py", found=found, expected="a frame, or columns by name"
        ) from None
    return frame, hashlib.sha256(parquet(frame)).hexdigest()


def parquet(frame: pl.DataFrame) -> bytes:
    """*frame* as Parquet bytes that depend on its content alone, on any number of threads.

    >>> parquet(pl.DataFrame({"a": [1]})) == parquet(pl.DataFrame({"a": [1]}))
    True
    """
    sink = io.BytesIO()
    frame.rechunk().write_parquet(
        sink, compression="zstd", compression_level=3, row_group_size=1 << 17, statistics=False
    )
    return sink.getvalue()
