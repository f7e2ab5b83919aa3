"""A category as the share of rows that have it."""

from __future__ import annotations

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Lookup


def by_frequency(draft: Draft, name: str) -> None:
    """How large a part of the training rows has it; 0 for a category that is rare or unknown."""
    series = draft.strings(name)
    table = {it: count / len(series) for it, count in frequencies(series).items() if count >= draft.settings.rare}
    draft.use(draft.add(Lookup, f"{name} share", input=name, table=table, default=0.0))
