"""Partial dependence: the mean score of all rows as one column takes one value after the other (Friedman 2001)."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.development.table import Floats
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

GRID = 11
ROWS = 500
_NUMBERS = ("float", "integer")


class Dependence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mean score by value of a column.

    Attributes
    ----------
    at : quantiles of the rows' numbers, or their most frequent categories.
    scores : at each of them the mean score, one number or one a class.
    """

    column: str
    at: tuple[float | str, ...]
    scores: tuple[tuple[float, ...], ...]


def partial_dependence(plan: Plan, model: ModelFormat, frame: pl.DataFrame, column: str) -> Dependence | None:
    """The dependence of the scores of at most :data:`ROWS` rows on *column*; None for a time or free text.

    It says what the model does, not what the world would: it puts together values that never meet.
    """
    kind = next((it.kind for it in plan.inputs if it.name == column), "")
    series = frame[column]
    if kind in _NUMBERS:
        numbers = np.sort(series.cast(pl.Float64).drop_nulls().drop_nans().to_numpy())
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return None
        grid: list[float | str] = sorted(
            set(np.quantile(numbers, np.linspace(0.02, 0.98, GRID), method="lower").tolist())
        )
    elif kind in ("category", "boolean"):
        counts = series.drop_nulls().cast(pl.String).value_counts()
        pairs = sorted(counts.rows(), key=lambda it: (-it[1], it[0]))
        grid = [str(name) for name, _ in pairs[:GRID]]
    else:
        return None
    rows = frame[(np.arange(min(ROWS, frame.height)) * frame.height // min(ROWS, frame.height)).tolist()]
    return Dependence(
        column=column,
        at=tuple(grid),
        scores=tuple(_mean(plan, model, rows.with_columns(_constant(value, series).alias(column))) for value in grid),
    )


def _constant(value: float | str, like: pl.Series) -> pl.Expr:
    if like.dtype == pl.Boolean:
        return pl.lit(value == "true")
    return pl.lit(value).cast(like.dtype)


def _mean(plan: Plan, model: ModelFormat, rows: pl.DataFrame) -> tuple[float, ...]:
    scores: Floats = model.scores(plan.matrix(rows)).reshape(rows.height, -1)
    return tuple(math.fsum(column.tolist()) / rows.height for column in scores.T)
