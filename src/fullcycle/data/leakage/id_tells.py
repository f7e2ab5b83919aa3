"""Id-like columns: values that name rows in the order in which they came, and tell the outcome by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fullcycle.data.leakage.cells import numbers
from fullcycle.data.leakage.telling import Floats, Ints, told
from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding

_UNIQUE = 0.95
_IN_ORDER = 0.99
_CONFIDENCE = 0.999
"""So high because every such column of every table is asked."""


def id_tells(
    train: pl.DataFrame, outcome: Floats, labels: Ints, columns: Sequence[Column], task: str, *, time: str
) -> Iterator[Finding]:
    """Features that are nearly unique, run with time (or, without it, with the order of rows), and tell the outcome.

    A model that learns from a running number learns when a row was written, which the next row's number is beyond.

    >>> column = Column(name="ticket", kind="integer", known="before", feature=True)
    >>> late = (np.arange(400) > 200).astype(float)
    >>> rows = pl.DataFrame({"ticket": range(5000, 5400)})
    >>> [found.check for found in id_tells(rows, late, np.arange(400) % 20, [column], "binary", time="")]
    ['id_tells']
    """
    for column in columns:
        read = _numbers(train[column.name], column)
        if read is None:
            continue
        there = ~np.isnan(read)
        order = _order(train, time)[there]
        in_order = told(read[there], order, "regression", labels[there], above=_IN_ORDER)
        chance = 0.0 if task == "regression" else 0.5
        tells = in_order and told(
            read[there], outcome[there], task, labels[there], above=chance, confidence=_CONFIDENCE
        )
        if in_order and tells:
            yield Finding(
                check="id_tells",
                subject=column.name,
                value=tells.point,
                low=tells.low,
                high=tells.high,
                limit=chance,
                rule="at_most",
                passed=False,
                severity="warn",
                unit="rank correlation" if task == "regression" else "area under the ROC curve",
                evidence={
                    "distinct": train[column.name].n_unique(),
                    "rows": len(train),
                    "order": round(in_order.point, 6),
                },
            )


def _numbers(cells: pl.Series, column: Column) -> Floats | None:
    """The running numbers in a column of nearly unique whole numbers or names; None if it is no such column."""
    if column.kind in ("boolean", "time") or cells.drop_nulls().n_unique() <= _UNIQUE * max(1, len(cells)):
        return None
    if column.kind in ("category", "text"):
        cells = cells.cast(pl.String).str.extract(r"(\d{1,15})\D*$").cast(pl.Float64)
        if cells.drop_nulls().n_unique() <= _UNIQUE * len(cells):
            return None
    read = numbers(cells)
    whole = read[~np.isnan(read)]
    return read if np.array_equal(whole, np.floor(whole)) else None


def _order(train: pl.DataFrame, time: str) -> Floats:
    if time in train.columns and train[time].n_unique() > 1:
        return numbers(train[time])
    return np.arange(len(train), dtype=np.float64)
