"""Differences: by which columns a cluster stands apart from all other rows, the most telling first.

The standardised difference of means, Cohen's d: so many standard deviations within the groups (Cohen 1988, *Statistical power
analysis for the behavioral sciences*). Of a category it is that of having it or not. It is read from rows that the clusters
were not fitted on: of the others, clusters differ by making.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.development.clusters.profiles import Difference, Profile
from fullcycle.measure.intervals import block_codes, jackknife

GROUPS = 30  # blocks that are left out in turn for an interval, at most; more are put together


def differences(
    frame: pl.DataFrame,
    inside: NDArray[np.bool_],
    blocks: NDArray[np.int64],
    columns: Sequence[Column],
    profile: Profile,
    *,
    confidence: float,
) -> tuple[Difference, ...]:
    """How a cluster differs from the rest, column by column, the largest difference first.

    Parameters
    ----------
    frame, blocks : n rows, and (n,) which of them hang together.
    inside : (n,) which of them are in the cluster.
    profile : of the cluster; of a column of categories those that it names are read.

    What never varies within the groups, or is known of less than two rows of either, has no difference.

    Examples
    --------
    >>> rows = pl.DataFrame({"age": [20.0, 30.0, 60.0, 70.0]})
    >>> age = Column(name="age", kind="float", known="before", feature=True)
    >>> inside, profile = np.array([True, True, False, False]), Profile(cluster=0, rows=2, share=0.5)
    >>> found = differences(rows, inside, np.arange(4), (age,), profile, confidence=0.95)
    >>> [(it.column, round(it.size.point, 3)) for it in found]
    [('age', -5.657)]
    """
    labels, k = block_codes(blocks)
    groups = labels * min(k, GROUPS) // max(k, 1)
    found = []
    for column, category, values in _numbers(frame, columns, profile):
        if math.isfinite(cohens_d(values, inside)):
            size = jackknife(
                lambda kept, values=values: cohens_d(values[kept > 0], inside[kept > 0]),  # type: ignore[misc]
                *(groups,),
                confidence=confidence,
            )
            found.append(Difference(column=column, category=category, size=size))
    return tuple(sorted(found, key=lambda it: (-abs(it.size.point), it.column, it.category)))


def cohens_d(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The standardised difference of means of values (n,) inside and outside; NaN where it is not defined.

    >>> cohens_d(np.array([1.0, 3.0, 5.0, 7.0]), np.array([False, False, True, True])).__round__(3)
    2.828
    """
    known = np.isfinite(values)
    one, other = values[known & inside], values[known & ~inside]
    if min(len(one), len(other)) < 2:
        return math.nan
    means = [math.fsum(it.tolist()) / len(it) for it in (one, other)]
    squares = [math.fsum(((it - mean) ** 2).tolist()) for it, mean in zip((one, other), means, strict=True)]
    within = math.sqrt(math.fsum(squares) / (len(one) + len(other) - 2))
    return (means[0] - means[1]) / within if within else math.nan


def _numbers(
    frame: pl.DataFrame, columns: Sequence[Column], profile: Profile
) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Column, category and (n,) numbers, NaN where missing."""
    for column in columns:
        if column.kind in ("float", "integer", "boolean"):
            yield column.name, "", frame[column.name].cast(pl.Float64).fill_null(math.nan).to_numpy()
        for one in profile.frequent.get(column.name, ()):
            has = frame[column.name].cast(pl.String) == one.category
            yield column.name, one.category, has.cast(pl.Float64).fill_null(math.nan).to_numpy()
