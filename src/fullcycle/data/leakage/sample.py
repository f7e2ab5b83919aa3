"""Samples and blocks: which rows a test reads, and which of them hang together."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.split.hashing import fractions

MOST = 100_000
"""Rows that a test reads at most."""
_BLOCKS = 20
_FEWEST_DAYS = 10

Ints = NDArray[np.int64]


def sample(frame: pl.DataFrame, keys: tuple[str, ...], *, most: int = MOST) -> Ints:
    """Row numbers, in order, of at most *most* rows, chosen by a hash of their keys; evenly spaced without keys.

    The salt is not that of the split: otherwise the sample of a part would depend on where the part begins.

    >>> sample(pl.DataFrame({"id": range(6)}), ("id",), most=2).tolist()
    [1, 5]
    """
    n = len(frame)
    if n <= most:
        return np.arange(n)
    known = [key for key in keys if key in frame.columns]
    if not known:
        return np.arange(most) * n // most
    chosen: Ints = np.sort(np.argsort(fractions(frame, known, salt="leakage"), kind="stable")[:most])
    return chosen


def blocks(frame: pl.DataFrame, days: Ints | None, entity: str) -> Ints:
    """The block of each row, shape (n,): its day where there are enough, else one of twenty by its entity or number.

    >>> blocks(pl.DataFrame({"x": [5, 6, 7]}), None, "").tolist()
    [0, 1, 2]
    """
    if days is not None and len(np.unique(days)) >= _FEWEST_DAYS:
        return days
    if entity in frame.columns:
        found: Ints = (fractions(frame, [entity], salt="block") * _BLOCKS).astype(np.int64)
        return found
    return np.arange(len(frame)) % _BLOCKS
