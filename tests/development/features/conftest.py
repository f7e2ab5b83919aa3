"""Short ways to fit a feature plan on a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import FittedFeatures, fit_features
from fullcycle.development.settings import Features

_KINDS = {pl.String: "category", pl.Boolean: "boolean", pl.Int64: "integer", pl.Datetime: "time"}

Fit = Callable[..., FittedFeatures]


def columns_of(frame: pl.DataFrame) -> tuple[Column, ...]:
    """Every column, a feature known before, of the kind that its type tells."""
    kinds = {name: _KINDS.get(type_.base_type(), "float") for name, type_ in frame.schema.items()}
    return tuple(Column(name=name, kind=kind, known="before", feature=True) for name, kind in kinds.items())


@pytest.fixture
def fit() -> Fit:
    """``fit(frame, target, recipe, **settings)``: the plan of a table whose columns are all features; no pairs of them."""

    def fitted(
        frame: pl.DataFrame, target: Any, recipe: str, *, task: str = "binary", **settings: Any
    ) -> FittedFeatures:
        return fit_features(
            frame,
            np.asarray(target, dtype=np.float64),
            recipe=recipe,
            columns=columns_of(frame),
            settings=Features(**{"propose_pairs": 0, **settings}),
            zone="Europe/Paris",
            task=task,
        )

    return fitted
