"""Profile: each column of the training rows as a mergeable sketch, which later serves as monitoring's reference."""

from __future__ import annotations

import numpy as np
import polars as pl

from fullcycle.data.records import Column, Profile
from fullcycle.measure.sketches import CategorySketch, NumberSketch


def profile(rows: pl.DataFrame, columns: tuple[Column, ...]) -> dict[str, Profile]:
    """Sketch and share of missing values of every column that a request brings and a model may read."""
    return {
        column.name: _profile(rows[column.name], column)
        for column in columns
        if column.known == "before" and column.feature
    }


def _profile(values: pl.Series, column: Column) -> Profile:
    missing = values.null_count() / max(1, len(values))
    if column.kind in ("category", "text"):
        counts = values.value_counts(sort=False)
        pairs = dict(zip(counts.to_series(0).to_list(), counts.to_series(1).to_list(), strict=True))
        return Profile(
            sketch=CategorySketch.fit(dict(sorted(pairs.items(), key=lambda pair: str(pair[0])))), missing=missing
        )
    numbers = values.to_physical().cast(pl.Float64).to_numpy().astype(np.float64)
    return Profile(sketch=NumberSketch.fit(numbers), missing=missing)
