"""Target relation: how the outcome goes with each column, in cells, on a sample; and with time.

Mutual information is read off the cells, less what chance adds to it (Miller 1955).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.profile.columns import OPEN
from fullcycle.data.profile.correlations import crossed
from fullcycle.data.profile.sample import ROWS, cells_of, numbers
from fullcycle.data.records import Column
from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate, student, wilson

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MISSING = "missing"
_TOP = 10


class Cell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows in one cell of a column, and what the outcome was in them."""

    label: str
    rows: int
    outcome: Estimate


class Relation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the outcome goes with a column.

    Attributes
    ----------
    of : what the cells' estimates are: ``mean``, or ``share of`` a class.
    information : mutual information of the cells and the outcome, bits, not below 0.
    cells : in the column's order, or the commonest names first; the missing last. No names of a column that may not
        be told.
    """

    column: str
    of: str
    information: float
    cells: tuple[Cell, ...]


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of a span of time that begins at *start*."""

    start: datetime
    outcome: Estimate


def target_relation(
    sample: pl.DataFrame,
    outcome: pl.Series,
    columns: Sequence[Column],
    *,
    confidence: float = 0.95,
    untold: Sequence[str] = (),
) -> tuple[Relation, ...]:
    """The relation of each column with the outcome, the most telling first.

    Parameters
    ----------
    sample : at most 100,000 rows.
    outcome : of the same rows: truth, numbers, or classes, of which the commonest is followed.
    untold : columns whose cells stand without their names, beside those decided to be personal.

    Raises
    ------
    InputError
        Sample and outcome differ in length, or the sample is too large.

    Examples
    --------
    >>> rows = pl.DataFrame({"city": ["Ulm", "Bonn"] * 20})
    >>> city = Column(name="city", kind="category", known="before", feature=True)
    >>> found, = target_relation(rows, pl.Series([True, False] * 20), [city])
    >>> [(cell.label, cell.outcome.point) for cell in found.cells]
    [('Bonn', 0.0), ('Ulm', 1.0)]
    """
    if len(sample) != len(outcome) or len(sample) > ROWS:
        sizes = (len(sample), len(outcome))
        raise InputError("sample and outcomes do not go together", found=sizes, expected=f"{ROWS} rows of each at most")
    known = _known(outcome)
    rows, of = sample.filter(known), outcome.filter(known)
    followed, values, codes = _followed(of)
    found = []
    for column in columns:
        told = column.personal in OPEN and column.name not in untold
        cells, labels = cells_of(rows[column.name], column.kind, top=_TOP)
        if not told:
            labels = tuple(f"cell {place}" for place in range(1, len(labels) + 1))
        places = np.where(cells < 0, len(labels), cells)
        found.append(
            Relation(
                column=column.name,
                of=followed,
                information=information(crossed(places, codes)),
                cells=_cells(places, (*labels, MISSING), values, followed == "mean", confidence),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.information, one.column)))


def label_rate(
    rows: pl.DataFrame, time: str, outcome: pl.Series, *, every: str = "1mo", confidence: float = 0.95
) -> tuple[Rate, ...]:
    """The outcome by span of time (UTC), with intervals, in order.

    >>> from datetime import UTC
    >>> days = pl.DataFrame({"at": [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2)]})
    >>> label_rate(days, "at", pl.Series([True, False]))[0].outcome.point
    0.5
    """
    known = _known(outcome)
    followed, values, _ = _followed(outcome.filter(known))
    spans = rows.filter(known)[time].dt.truncate(every)
    starts = spans.unique().sort()
    places = starts.search_sorted(spans).cast(pl.Int64).to_numpy() if len(starts) else np.zeros(0, np.int64)
    cells = _cells(places, tuple(map(str, starts.to_list())), values, followed == "mean", confidence)
    return tuple(
        Rate(start=cast(datetime, start), outcome=cell.outcome) for start, cell in zip(starts, cells, strict=True)
    )


def information(table: Ints) -> float:
    """Mutual information of rows by two columns' cells, bits, less what chance adds, not below 0.

    >>> round(information(np.array([[500, 0], [0, 500]])), 2)
    1.0
    """
    n = int(table.sum())
    if not n:
        return 0.0
    apart = np.outer(table.sum(axis=1), table.sum(axis=0))  # over n: what each cell held if neither told the other
    used = table > 0
    shares = zip(table[used].tolist(), apart[used].tolist(), strict=True)
    told: float = math.fsum(held / n * math.log2(n * held / expected) for held, expected in shares)
    k, m = table.shape
    chance: float = (k - 1) * (m - 1) / (2 * n * math.log(2))
    return max(0.0, told - chance)


def _known(outcome: pl.Series) -> pl.Series:
    return outcome.is_not_null() & outcome.is_not_nan() if outcome.dtype.is_float() else outcome.is_not_null()


def _followed(outcome: pl.Series) -> tuple[str, Floats, Ints]:
    """What is followed of an outcome, its value a row, and its cell a row."""
    if outcome.dtype == pl.Boolean:
        values = numbers(outcome)
        return "share of true", values, values.astype(np.int64)
    if outcome.dtype.is_numeric():
        return "mean", numbers(outcome), cells_of(outcome, "float")[0]
    codes, labels = cells_of(outcome, "category")
    return f"share of {labels[0]}", (codes == 0).astype(np.float64), codes


def _cells(places: Ints, labels: tuple[str, ...], values: Floats, mean: bool, confidence: float) -> tuple[Cell, ...]:
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(len(labels) + 1))
    found = []
    for label, start, end in zip(labels, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if end > start:
            rows = values[order[start:end]]
            estimate = _mean(rows, confidence) if mean else wilson(int(rows.sum()), end - start, confidence=confidence)
            found.append(Cell(label=label, rows=end - start, outcome=estimate))
    return tuple(found)


def _mean(rows: Floats, confidence: float) -> Estimate:
    """The mean of independent rows with Student's interval."""
    n, point = len(rows), math.fsum(rows.tolist()) / len(rows)
    if n < 2:
        return Estimate(point=point, n=n)
    spread = math.sqrt(math.fsum(((rows - point) ** 2).tolist()) / (n - 1) / n)
    half = student(confidence, n - 1) * spread
    return Estimate(point=point, low=point - half, high=point + half, n=n)
