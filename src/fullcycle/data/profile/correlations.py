"""Correlations: how far one column tells another, on a sample.

Two columns of numbers: Spearman's rank correlation, −1 to 1. Two of categories: Cramér's V less what chance adds to it,
0 to 1. One of each: the correlation ratio of ranks less what chance adds (ε), 0 to 1. All come from integers, so no
thread and no order changes a digit.

References: Spearman 1904; Bergsma 2013, *A bias-correction for Cramér's V*; Kelley 1935 (ε²).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.profile.sample import ROWS, cells_of, doubled_ranks, numbers
from fullcycle.data.records import Column
from fullcycle.kernel.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_ROWS = 20
_NAMED = ("category", "text")


class Correlation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far two columns tell each other.

    Attributes
    ----------
    measure : ``spearman``, ``cramer`` or ``ratio``.
    n : rows in which both have a value.
    """

    first: str
    second: str
    measure: str
    value: float
    n: int


def correlations(sample: pl.DataFrame, columns: Sequence[Column]) -> tuple[Correlation, ...]:
    """The correlation of each two columns that share enough rows and vary in them; texts and times are left out.

    Parameters
    ----------
    sample : at most 100,000 rows.

    Raises
    ------
    InputError
        The sample is larger.

    Examples
    --------
    >>> facts = [Column(name=name, kind="integer", known="before", feature=True) for name in "ab"]
    >>> rows = pl.DataFrame({"a": range(30), "b": [-number for number in range(30)]})
    >>> correlations(rows, facts)[0].value
    -1.0
    """
    if len(sample) > ROWS:
        raise InputError("the sample is too large for exact sums", found=len(sample), expected=f"{ROWS} rows at most")
    named = [column.name for column in columns if column.kind == "category"]
    counted = [column.name for column in columns if column.kind not in (*_NAMED, "time")]
    ranks = np.array([doubled_ranks(numbers(sample[name])) for name in counted], dtype=np.float64).reshape(
        len(counted), len(sample)
    )
    there = np.array([~np.isnan(numbers(sample[name])) for name in counted], dtype=np.float64).reshape(ranks.shape)
    cells = {name: cells_of(sample[name], "category")[0] for name in named}
    found = [*_spearman(counted, ranks, there), *_cramer(cells), *_ratios(cells, counted, ranks, there)]
    return tuple(sorted(found, key=lambda one: (-abs(one.value), one.first, one.second)))


def _spearman(names: Sequence[str], ranks: Floats, there: Floats) -> list[Correlation]:
    """Of ranks within each column; where only one has a value, the row counts for neither."""
    if len(names) < 2:
        return []
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # the sums are exact: whole numbers below 2^53
        products, rows = ranks @ ranks.T, there @ there.T
        sums, squares = ranks @ there.T, (ranks * ranks) @ there.T
    found = []
    for i, j in combinations(range(len(names)), 2):
        n = int(rows[i, j])
        both = n * int(products[i, j]) - int(sums[i, j]) * int(sums[j, i])
        spread = [n * int(squares[a, b]) - int(sums[a, b]) ** 2 for a, b in ((i, j), (j, i))]
        if n >= LEAST_ROWS and min(spread) > 0:
            value = both / (math.sqrt(spread[0]) * math.sqrt(spread[1]))
            found.append(_correlation(names[i], names[j], "spearman", max(-1.0, min(1.0, value)), n))
    return found


def _cramer(cells: dict[str, Ints]) -> list[Correlation]:
    found = []
    for first, second in combinations(cells, 2):
        table = crossed(cells[first], cells[second])
        n, (k, m) = int(table.sum()), table.shape
        if n >= LEAST_ROWS and min(k, m) > 1:
            excess = max(0.0, chi_square(table) / n - (k - 1) * (m - 1) / (n - 1))
            smaller = min(k - (k - 1) ** 2 / (n - 1), m - (m - 1) ** 2 / (n - 1)) - 1
            value = min(1.0, math.sqrt(excess / smaller)) if smaller > 0 else 0.0
            found.append(_correlation(first, second, "cramer", value, n))
    return found


def _ratios(cells: dict[str, Ints], names: Sequence[str], ranks: Floats, there: Floats) -> list[Correlation]:
    found = []
    for category, codes in cells.items():
        for name, row, held in zip(names, ranks, there, strict=True):
            both = (codes >= 0) & (held > 0)
            n = int(both.sum())
            value = _ratio(codes[both], row[both].astype(np.int64)) if n >= LEAST_ROWS else None
            if value is not None:
                found.append(_correlation(category, name, "ratio", value, n))
    return found


def _ratio(codes: Ints, ranks: Ints) -> float | None:
    """The square root of ε²; None where one of them does not vary."""
    n, counts = len(codes), np.bincount(codes)
    sums = np.zeros(len(counts), np.int64)
    np.add.at(sums, codes, ranks)
    used = counts > 0
    total, squares = int(ranks.sum()), int((ranks * ranks).sum())
    spread, groups = squares - total**2 / n, int(used.sum())
    if spread <= 0 or groups < 2 or groups >= n:
        return None
    within = squares - math.fsum((sums[used].astype(np.float64) ** 2 / counts[used]).tolist())
    return math.sqrt(max(0.0, 1 - (within / (n - groups)) / (spread / (n - 1))))


def crossed(first: Ints, second: Ints) -> Ints:
    """Rows by the cells of two columns, without rows in which one is missing and cells that hold none.

    >>> crossed(np.array([0, 0, 2, -1]), np.array([1, 1, 0, 0])).tolist()
    [[0, 2], [1, 0]]
    """
    both = (first >= 0) & (second >= 0)
    a, b = first[both], second[both]
    width = int(b.max(initial=0)) + 1
    table: Ints = np.bincount(a * width + b, minlength=(int(a.max(initial=0)) + 1) * width).reshape(-1, width)
    used: Ints = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return used


def chi_square(table: Ints) -> float:
    """The chi-square statistic of a table without empty lines.

    >>> chi_square(np.array([[10, 0], [0, 10]]))
    20.0
    """
    n = int(table.sum())
    shares = table.astype(np.float64) ** 2 / np.outer(table.sum(axis=1), table.sum(axis=0))
    return n * (math.fsum(shares.ravel().tolist()) - 1)


def _correlation(first: str, second: str, measure: str, value: float, n: int) -> Correlation:
    first, second = sorted((first, second))
    return Correlation(first=first, second=second, measure=measure, value=value + 0.0, n=n)
