"""A category as one column for each frequent value."""

from __future__ import annotations

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Equals

ONE_HOT = 50  # columns that one category becomes at most; the most frequent ones


def one_hot(draft: Draft, name: str, *, missing: float | None, fill: str | None = None) -> None:
    """A column for each frequent category; an unknown one is none of them.

    A missing one is *missing* in each column, or the category *fill* where that is given.
    """
    counts = frequencies(*draft.coded(name))
    frequent = [it for it in counts if counts[it] >= draft.settings.rare]
    for category in sorted(sorted(frequent, key=lambda it: (-counts[it], it))[:ONE_HOT]):
        gap = missing if fill is None else float(category == fill)
        draft.use(draft.add(Equals, f"{name} is {category}", input=name, value=category, missing=gap))
