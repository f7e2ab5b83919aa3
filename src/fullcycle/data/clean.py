"""Cleaning: what repeats is taken out and kept, with its reason."""

from __future__ import annotations

import polars as pl

from fullcycle.data.settings import Clean


def clean(rows: pl.DataFrame, settings: Clean, *, entity: str, time: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that stay, and rows that go with ``reasons``. *rows* are in canonical order; the first of repeats stays."""
    if settings.duplicates == "keep":
        return rows, rows.clear().with_columns(reasons=pl.lit(""))
    first = rows.select(pl.struct(entity, time).is_first_distinct()).to_series()
    return rows.filter(first), rows.filter(~first).with_columns(reasons=pl.lit("duplicate"))
