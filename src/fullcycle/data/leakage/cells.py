"""Cells as numbers: what a test reads of a column, whatever its kind."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column

NUMBERS = ("float", "integer", "boolean", "time")


def numbers(cells: pl.Series) -> NDArray[np.float64]:
    """Numbers, truth values and times as floats, shape (n,); NaN where missing, the largest number for infinity.

    >>> numbers(pl.Series([True, None])).tolist()
    [1.0, nan]
    """
    if cells.dtype.is_temporal():
        cells = cells.cast(pl.Datetime("us")).dt.epoch("us") if cells.dtype != pl.Date else cells.to_physical()
    found: NDArray[np.float64] = np.nan_to_num(cells.cast(pl.Float64).to_numpy(), nan=np.nan)
    return found


def codes(cells: pl.Series) -> NDArray[np.int64]:
    """Each distinct value as a code in sorted order, missing ones as 0, shape (n,).

    >>> codes(pl.Series(["b", None, "a", "b"])).tolist()
    [2, 0, 1, 2]
    """
    found: NDArray[np.int64] = cells.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    return found


def is_number(column: Column) -> bool:
    """Whether the column's values have an order and a distance.

    >>> is_number(Column(name="x", kind="category", known="before", feature=True))
    False
    """
    return column.kind in NUMBERS
