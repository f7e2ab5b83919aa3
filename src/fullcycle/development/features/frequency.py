"""A category as the share of rows that have it."""

from __future__ import annotations

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Lookup


def by_frequency(draft: Draft, name: str, fill: str | None) -> str:
    """How large a part of the training rows has it; 0 for a category that is rare or unknown."""
    categories, codes = draft.coded(name)
    counts = frequencies(categories, codes)
    table = {it: count / len(codes) for it, count in counts.items() if count >= draft.settings.rare}
    gap = None if fill is None else table.get(fill, 0.0)
    return draft.add(Lookup, f"{name} share", input=name, table=table, default=0.0, missing=gap)
