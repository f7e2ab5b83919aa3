"""The mark of a source that grows: what its rows were, up to where it had grown, told by the source itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from fullcycle.data.sources.files import parquet
from fullcycle.kernel.blobs import write_aside

_NAME = "mark"  # no segment: erasing a person leaves it as it is, for it tells of the source


class Mark(NamedTuple):
    """The rows whose cell in the column that grows is below *before*.

    Attributes
    ----------
    rows : how many they are.
    told : what changes when one of them does, in any order of rows; empty where the source tells nothing of the kind.
    """

    before: Any
    rows: int
    told: str


Marks = Callable[[Any], "Mark | None"]
"""Tells the mark below a value in the column that grows, or below the largest there is, of None; None without rows."""


def put(folder: Path, mark: Mark | None) -> None:
    """Keep *mark* in *folder*."""
    if mark is not None:
        frame = pl.DataFrame({name: [cell] for name, cell in zip(Mark._fields, mark, strict=True)})
        write_aside(folder / _NAME, parquet(frame))


def last(folder: Path) -> Mark | None:
    """The mark that was kept in *folder*; None where there is none, or it cannot be read any more.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     put(Path(folder), Mark(7, 3, "c0ffee"))
    ...     last(Path(folder)), last(Path(folder, "other"))
    (Mark(before=7, rows=3, told='c0ffee'), None)
    """
    try:
        return Mark(*pl.read_parquet(io.BytesIO((folder / _NAME).read_bytes())).row(0))
    except (OSError, pl.exceptions.PolarsError):
        return None
