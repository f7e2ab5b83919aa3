"""Impossible values: what a column's name says that it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.clean.cells import Cells, name_parts
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.touched import example

_RARE = 0.05  # beyond this share the name means something else
_RANGES: tuple[tuple[frozenset[str], float | None, float | None], ...] = (
    (frozenset({"age"}), 0, 130),
    (frozenset({"lat", "latitude"}), -90, 90),
    (frozenset({"lon", "lng", "long", "longitude"}), -180, 180),
    (frozenset({"percent", "pct", "percentage", "%"}), 0, 100),
    (frozenset({"probability", "fraction"}), 0, 1),
    (frozenset({"month"}), 1, 12),
    (frozenset({"hour"}), 0, 24),
    (frozenset({"weekday"}), 0, 7),
    (frozenset({"distance", "weight", "height", "length", "width", "area", "count", "quantity", "mileage"}), 0, None),
)
_SIGNED = {
    "change",
    "delta",
    "diff",
    "difference",
    "growth",
    "gain",
    "loss",
    "error",
    "deviation",
    "return",
    "discount",
}
_OLDEST = datetime(1900, 1, 2, tzinfo=UTC)  # spreadsheets write an empty day as 1899 or as the first of 1900


def numbers(cells: Cells, values: NDArray[np.float64]) -> Iterator[Idea]:
    """A range to declare, with ``outside = "missing"``, where few values lie outside what name and unit allow.

    Parameters
    ----------
    values : the column's numbers, in ascending order.
    """
    fact, hints = cells.fact, name_parts(cells.name) | {cells.fact.unit}
    if fact.low is not None or fact.high is not None or hints & _SIGNED:
        return
    for names, low, high in _RANGES:
        if names & hints:
            out = values[(values < (-np.inf if low is None else low)) | (values > (np.inf if high is None else high))]
            if 0 < len(out) <= _RARE * len(values):
                evidence = {"cells": len(out), "of": len(values), "low": low, "high": high}
                examples = tuple(example(f"{value:g}", None, open=cells.open) for value in out[:3].tolist())
                change = {"low": low, "high": high, "outside": "missing"}
                yield Idea("impossible", cells.name, evidence, examples, fact=change)
            return


def times(cells: Cells, read: pl.Series, *, as_of: datetime | None, time: str) -> Iterator[Idea]:
    """Few times after *as_of*, or before any that is remembered: a rule to declare.

    Parameters
    ----------
    read : the column's times in UTC.
    as_of : when the sample was taken; without it no time is too late.
    time : the column of a row's own time, beside which the rule holds others.
    """
    early = int((read < _OLDEST).sum())
    late = int((read > as_of).sum()) if as_of is not None else 0
    if not 0 < early + late <= _RARE * (len(read) - read.null_count()):
        return
    safe = all(name.isidentifier() for name in (cells.name, time))
    rule = (f"{cells.name}_not_later", f"{cells.name} <= {time}") if safe and late and cells.name != time else None
    evidence = {"cells": early + late, "of": cells.n, "early": early, "late": late}
    yield Idea("impossible", cells.name, evidence, rule=rule)
