"""Permutation importance: how much worse the scores get where one column's values are dealt anew among the rows.

Whole columns of the table are permuted, not features, so that a category is one thing however many features it makes.
Columns that tell the same stand in for each other: each alone may look unimportant. Breiman 2001, *Random forests*;
Fisher, Rudin and Dominici 2019, *All models are wrong, but many are useful*.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.losses import row_losses
from fullcycle.development.table import Floats
from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

REPEATS = 2


class Importance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By how much the loss grows where *column* tells nothing."""

    column: str
    loss: Estimate


def importance(
    plan: Plan,
    model: ModelFormat,
    frame: pl.DataFrame,
    target: Floats,
    blocks: NDArray[np.int64],
    *,
    task: str,
    confidence: float,
) -> tuple[Importance, ...]:
    """Each column that the plan reads, the most important first, with intervals over blocks of days."""
    before = row_losses(task, target, model.scores(plan.matrix(frame)))
    unit = "target²" if task == "regression" else "nats"
    found = []
    for column in plan.inputs:
        chance = np.random.Generator(np.random.Philox(3))  # every column is dealt alike
        lost = np.zeros(len(target))
        for _ in range(REPEATS):
            dealt = frame[column.name].gather(chance.permutation(frame.height))
            scores = model.scores(plan.matrix(frame.with_columns(dealt.alias(column.name))))
            lost += row_losses(task, target, scores) - before
        loss = mean_interval(lost / REPEATS, blocks, confidence=confidence, unit=unit)
        found.append(Importance(column=column.name, loss=loss))
    return tuple(sorted(found, key=lambda it: (-it.loss.point, it.column)))
