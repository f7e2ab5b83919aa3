"""Reading a file as it is: every cell still as the file has it, with the file's fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from fullcycle.data.sources import SOURCES
from fullcycle.kernel.errors import InputError

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
    body = _bytes(path)
    fingerprint = hashlib.sha256(body).hexdigest()
    if path.suffix in _READERS:
        return _csv(body, path, _READERS[path.suffix]), fingerprint
    if path.suffix == ".parquet":
        return _parquet(path), fingerprint
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
        near = sorted(file.name for file in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
        raise InputError(
            "the file is missing",
            place=str(path),
            expected=" or ".join(near[:3]),
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        ) from None
    except OSError as error:
        raise InputError("the file cannot be read", place=str(path), found=error.strerror) from None
    if not body.strip():
        raise InputError("the file is empty", place=str(path), expected="a header and rows")
    return body


def _csv(body: bytes, path: Path, separator: str) -> pl.DataFrame:
    """Every cell as text, so that nothing is coerced before it is checked."""
    header = body.split(b"\n", 1)[0].decode("utf-8", "replace").strip("\r\ufeff")
    others = [sign for sign in (";", "\t", "|", ",") if sign != separator and sign in header]
    if separator not in header and others:
        raise InputError(
            "the delimiter is another one",
            place=f"{path}:1",
            found=repr(others[0])[1:-1],
            expected=repr(separator)[1:-1],
            mend="save the file with that delimiter, or with the suffix that fits it (.tsv for tabs)",
        )
    try:
        frame = pl.read_csv(
            body, separator=separator, infer_schema=False, null_values=["", "NA", "NaN", "null"], encoding="utf8"
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise InputError(
            "not a table of comma separated values",
            place=str(path),
            found=str(error).split("\n")[0],
            mend="every line needs as many cells as the header; save the file as UTF-8",
        ) from None
    if not len(frame):
        raise InputError("the file has a header but no rows", place=str(path))
    return frame


def _parquet(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError("not a Parquet file", place=str(path), found=str(error).split("\n")[0]) from None
    if not len(frame):
        raise InputError("the file has no rows", place=str(path))
    return frame


def _call(name: str) -> tuple[pl.DataFrame, str]:
    frame = pl.DataFrame(SOURCES[name](None))
    return frame, hashlib.sha256(parquet(frame)).hexdigest()


def parquet(frame: pl.DataFrame) -> bytes:
    """*frame* as Parquet bytes that depend on its content alone, on any number of threads.

    >>> parquet(pl.DataFrame({"a": [1]})) == parquet(pl.DataFrame({"a": [1]}))
    True
    """
    import io

    sink = io.BytesIO()
    frame.rechunk().write_parquet(
        sink, compression="zstd", compression_level=3, row_group_size=1 << 17, statistics=False
    )
    return sink.getvalue()
