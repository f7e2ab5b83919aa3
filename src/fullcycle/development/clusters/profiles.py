"""Profiles: what is in each cluster, in the units of the columns, for people who are to say what it is good for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.measure.intervals import Estimate

FREQUENT = 3  # categories that are named


class Frequent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category, and the share of the cluster's rows that have it."""

    category: str
    share: float


class Difference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By how many standard deviations a cluster's mean of a column lies apart from that of all other rows.

    Of a *category* it is the share of rows that have it.
    """

    column: str
    category: str = ""
    size: Estimate


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cluster, or all rows together.

    Attributes
    ----------
    cluster : its number; -1 for all rows.
    rows, share : rows in it, and their share of all.
    means : of each column of numbers, of the values that there are; booleans are shares of true.
    frequent : of each column of categories the most frequent ones.
    differences : to all other rows, the largest first; none of all rows together.
    """

    cluster: int
    rows: int
    share: float
    means: dict[str, float] = {}
    frequent: dict[str, tuple[Frequent, ...]] = {}
    differences: tuple[Difference, ...] = ()


def profiles(
    frame: pl.DataFrame, codes: NDArray[np.int64], columns: Sequence[Column], clusters: int, *, rare: int
) -> tuple[Profile, ...]:
    """All rows, then each cluster.

    Parameters
    ----------
    frame : n rows.
    codes : (n,) their clusters, below *clusters*.
    columns : of the frame, that are described; see :func:`telling`.
    rare : categories of fewer rows are not named.

    Examples
    --------
    >>> rows = pl.DataFrame({"age": [20.0, 30.0, 60.0]})
    >>> age = Column(name="age", kind="float", known="before", feature=True)
    >>> [it.means for it in profiles(rows, np.array([0, 0, 1]), (age,), 2, rare=1)]
    [{'age': 36.666666666666664}, {'age': 25.0}, {'age': 60.0}]
    """
    parts = [(-1, frame), *((code, frame.filter(pl.Series(codes == code))) for code in range(clusters))]
    return tuple(
        Profile(
            cluster=code,
            rows=part.height,
            share=part.height / frame.height,
            means={it.name: mean for it in columns if (mean := _mean(part, it)) is not None},
            frequent={it.name: _frequent(part[it.name], rare) for it in columns if it.kind == "category"},
        )
        for code, part in parts
    )


def telling(columns: Sequence[Column], entity: str) -> tuple[Column, ...]:
    """The columns that say what a cluster is: features, and numbers that are none, such as those that a feature is made of.

    None that is personal, and none that is known only later.

    >>> telling((Column(name="spent", kind="float", known="before", feature=False),), "id")[0].name
    'spent'
    """
    return tuple(
        it
        for it in columns
        if it.known == "before"
        and it.name != entity
        and it.personal in ("", "no")
        and (it.feature or it.kind in ("float", "integer"))
    )


def _mean(part: pl.DataFrame, column: Column) -> float | None:
    if column.kind not in ("float", "integer", "boolean"):
        return None
    cells = part[column.name].cast(pl.Float64).to_numpy()
    known = cells[np.isfinite(cells)]
    return math.fsum(known.tolist()) / len(known) if len(known) else None


def _frequent(cells: pl.Series, rare: int) -> tuple[Frequent, ...]:
    names, counts = np.unique(cells.drop_nulls().cast(pl.String).to_numpy().astype(str), return_counts=True)
    found = sorted(zip((-counts).tolist(), names.tolist(), strict=True))[:FREQUENT]
    return tuple(Frequent(category=name, share=-less / len(cells)) for less, name in found if -less >= rare)
