"""Unit slips: values that came in another unit, known by their size."""

from __future__ import annotations

import numpy as np
import polars as pl

from fullcycle.data.clean.settings import Unit


def mended(series: pl.Series, unit: Unit) -> pl.Series:
    """A column of numbers in one unit.

    A value outside the range is mended only if it then lies inside, and in a column of whole numbers only if it stays
    whole: done twice, it does no more than once. A request must come in the right unit; the contract's counterpart is
    a range (``low``, ``high``), which turns others away.

    >>> mended(pl.Series([2.5, 2500.0, 9e9]), Unit(factor=1000, above=100)).to_list()
    [2.5, 2.5, 9000000000.0]
    """
    if not series.dtype.is_numeric():
        return series
    values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    moved = (values - unit.offset) / unit.factor  # in numpy: Polars would multiply by the reciprocal
    slipped = ~_inside(values, unit) & _inside(moved, unit) & np.isfinite(moved)
    if series.dtype.is_integer():
        slipped &= moved == np.floor(moved)
    if not slipped.any():
        return series
    fixed = pl.Series(np.where(slipped, moved, 0.0)).cast(series.dtype)
    return fixed.zip_with(pl.Series(slipped), series).alias(series.name)


def _inside(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], unit: Unit
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low = -np.inf if unit.below is None else unit.below
    high = np.inf if unit.above is None else unit.above
    return (np.isnan(values) | (values >= low)) & (np.isnan(values) | (values <= high))
