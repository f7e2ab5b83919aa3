"""Samples: columns of a few rows as codes and ranks, in which everything is an integer and sums are exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.sketches import ColumnSketch, reference
from fullcycle.measure.sketches.cells import CategorySketch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROWS = 100_000
"""Rows of a sample, at most: with as many, sums of products of ranks are exact in floats."""
OTHERS = "others"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def numbers(values: pl.Series) -> Floats:
    """A typed column as floats, times as microseconds, NaN where there is none.

    >>> numbers(pl.Series([True, None])).tolist()
    [1.0, nan]
    """
    plain = values.cast(pl.Datetime("us")).to_physical() if values.dtype.is_temporal() else values
    return plain.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def doubled_ranks(values: Floats) -> Ints:
    """Twice the centred rank of each value among those that are there, ties sharing their mean; 0 for a missing one.

    Centred ranks sum to 0 over the column.

    >>> doubled_ranks(np.array([5.0, 1.0, 5.0, np.nan])).tolist()
    [1, -2, 1, 0]
    """
    present = ~np.isnan(values)
    _, codes, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    twice = 2 * after - counts + 1  # first and last rank of a run of ties, added
    ranks = np.zeros(len(values), np.int64)
    ranks[present] = (twice - (len(codes) + 1))[codes]
    return ranks


def cells_of(values: pl.Series, kind: str, *, bins: int = 10, top: int = 50) -> tuple[Ints, tuple[str, ...]]:
    """The cell of each value, and the cells' labels: deciles or the commonest names; −1 for a missing one.

    >>> cells_of(pl.Series(["b", "a", "b", None]), "category")
    (array([ 0,  1,  0, -1]), ('b', 'a', 'others'))
    """
    sketch = reference(ColumnSketch.of(values, kind), bins, top)
    if isinstance(sketch, CategorySketch):
        codes = {name: code for code, name in enumerate(sketch.categories)}
        found = values.cast(pl.String).replace_strict(codes, default=len(codes), return_dtype=pl.Int64)
        held = np.where(values.is_null().to_numpy(), -1, found.fill_null(-1).to_numpy())
        return held.astype(np.int64), (*sketch.categories, OTHERS)
    edges = sketch.edges if sketch is not None else ()
    rows = numbers(values)
    places = np.searchsorted(np.array(edges, dtype=np.float64), rows, side="right")
    return np.where(np.isnan(rows), -1, places).astype(np.int64), labels(edges, kind)


def labels(edges: tuple[float, ...], kind: str = "float") -> tuple[str, ...]:
    """Cells between edges in words.

    >>> labels((1.0, 2.5))
    ('below 1', '1 to 2.5', '2.5 or more')
    >>> labels((1.0,), "boolean")
    ('false', 'true')
    """
    if not edges:
        return ("all",)
    if kind == "boolean" and edges == (1.0,):
        return "false", "true"
    told = [f"{instant(edge):%Y-%m-%d %H:%M}" if kind == "time" else f"{edge:.4g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(told)]
    return (f"below {told[0]}", *between, f"{told[-1]} or more")


def instant(microseconds: float) -> datetime:
    """The time that a number of microseconds since 1970 tells.

    >>> instant(1e6).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return _EPOCH + timedelta(microseconds=microseconds)
