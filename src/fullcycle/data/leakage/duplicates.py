"""Duplicates across parts: test rows whose features are those of a training row, beyond chance.

In a table of few coarse columns, equal rows are chance; so the test asks what chance would look like. Where two rows
agree on everything by chance, many more agree on everything but one column. Copies agree on all of it or on little. The
one column that parts most pairs is not counted: in a coarse table with one fine column (a weight, a sum of money) that
column alone parts many rows that agree on the rest by chance, whether there are copies or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.leakage.cells import codes
from fullcycle.data.leakage.leak import leak
from fullcycle.data.records import Column
from fullcycle.data.split.hashing import mixed
from fullcycle.data.split.settings import By
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import wilson

_SHARE = 0.005
_DISTINCT = 0.5
"""Share of distinct training rows below which the columns are too coarse to tell a copy."""
_FINE = 0.2
"""Share of distinct values from which a column is fine."""

Words = NDArray[np.uint64]


def duplicates_across(
    train: pl.DataFrame, test: pl.DataFrame, columns: Sequence[Column], *, by: By
) -> Iterator[Finding]:
    """Test rows that equal a training row in every feature, if they are more than chance makes.

    By time a warning, since the same may come again; otherwise it stops.

    >>> rows = pl.DataFrame({"x": np.arange(200) / 7, "y": np.arange(200) / 3})
    >>> both = [Column(name=name, kind="float", known="before", feature=True) for name in "xy"]
    >>> [found.value for found in duplicates_across(rows[:150], rows[100:], both, by="random")]
    [0.5]
    """
    names = [column.name for column in columns if column.name in train.columns and column.name in test.columns]
    if not names or not len(train) or not len(test):
        return
    words = _words(pl.concat([train.select(names), test.select(names)], how="vertical_relaxed"))
    whole: Words = np.add.reduce(words, axis=0)
    n = len(train)
    copies = int(np.isin(whole[n:], whole[:n]).sum())
    share = wilson(copies, len(test))
    if (share.low or 0.0) <= _SHARE or len(np.unique(whole[:n])) < _DISTINCT * n:
        return
    equal = _pairs(whole, n)
    parted = [(_pairs(whole - word, n) - equal, word) for word in words]  # wraps around, as meant
    most, finest = max(parted, key=lambda one: one[0])
    fine = len(parted) > 2 and len(np.unique(finest[:n])) >= _FINE * n
    nearly = sum(pairs for pairs, _ in parted) - (most if fine else 0)
    if equal <= nearly:
        return
    yield leak(
        "duplicates_across",
        "features",
        share,
        _SHARE,
        severity="warn" if by == "time" else "reject",
        unit="of the test rows",
        evidence={"rows": copies, "pairs": equal, "pairs_that_differ_in_one": nearly, "features": len(names)},
    )


def _words(rows: pl.DataFrame) -> Words:
    """(columns, rows) words whose sum over the columns stands for the row."""
    salted = (codes(cells).astype(np.uint64) + np.uint64(number << 40) for number, cells in enumerate(rows))
    return np.stack([mixed(mixed(word)) for word in salted])


def _pairs(words: Words, n: int) -> int:
    """Pairs of a training row (the first *n*) and a test row that have the same word."""
    found: NDArray[Any]
    found, train = np.unique(words[:n], return_counts=True)
    other, test = np.unique(words[n:], return_counts=True)
    _, here, there = np.intersect1d(found, other, assume_unique=True, return_indices=True)
    return int((train[here].astype(np.int64) * test[there].astype(np.int64)).sum())
