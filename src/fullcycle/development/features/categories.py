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
    categories = sorted(series.drop_nulls().unique().to_list())
    codes = series.cast(pl.Enum(categories)).to_physical().cast(pl.Int64).fill_null(-1)
    return categories, np.array(codes.to_numpy(), dtype=np.int64)


def frequencies(series: pl.Series) -> dict[str, int]:
    """How many rows have each category, in order of their names.

    >>> frequencies(pl.Series(["b", None, "a", "b"]))
    {'a': 1, 'b': 2}
    """
    categories, codes = coded(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(categories))
    return dict(zip(categories, counts.tolist(), strict=True))
