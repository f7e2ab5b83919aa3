"""How much each column moves scores, over many rows: the mean size of its SHAP values."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.predictor.contributions import by_column, explainable
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.calibrated import Calibrated
from fullcycle.predictor.plan import Plan


class Effect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mean size of what a column adds, whichever way; of several classes together."""

    column: str
    size: Estimate


def effects(
    plan: Plan, model: ModelFormat, frame: pl.DataFrame, blocks: NDArray[np.int64], *, confidence: float
) -> tuple[Effect, ...]:
    """The mean |SHAP| of each column over n rows, the largest first; none for a format without exact values.

    Of a calibrated model they are of the score before it is calibrated.
    """
    if isinstance(model, Calibrated):
        model = model.model
    if not explainable(model):
        return ()
    columns, values = by_column(plan, model, frame, background=frame)
    found = [
        Effect(column=name, size=mean_interval(_size(values[:, :, place]), blocks, confidence=confidence))
        for place, name in enumerate(columns)
    ]
    return tuple(sorted(found, key=lambda it: (-it.size.point, it.column)))


def _size(values: Floats) -> Floats:
    size = np.zeros(len(values))
    for output in range(values.shape[1]):  # one by one: the order of the sum is fixed
        size += np.abs(values[:, output])
    return size
