"""The categories of a column, and how often each is seen."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.int64]


def coded(series: pl.Series) -> tuple[list[str], Codes]:
    """The categories, sorted, and each row's code; -1 where it is missing.

    >>> coded(pl.Series(["b", None, "a"]))
    (['a', 'b'], array([ 1, -1,  0]))
    """
    categories = series.drop_nulls().unique().sort()  # by UTF-8, as Python orders strings
    places = pl.Series(np.arange(len(categories)), dtype=pl.Int64)
    codes = series.replace_strict(categories, places, default=None, return_dtype=pl.Int64).fill_null(-1)
    return categories.to_list(), np.array(codes.to_numpy(), dtype=np.int64)


def frequencies(categories: list[str], codes: Codes) -> dict[str, int]:
    """How many rows have each category, in order of their names.

    >>> frequencies(["a", "b"], np.array([1, -1, 0, 1]))
    {'a': 1, 'b': 2}
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(categories))
    return dict(zip(categories, counts.tolist(), strict=True))
