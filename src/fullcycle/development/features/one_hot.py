"""A category as one column for each frequent value."""

from __future__ import annotations

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Equals, Missing

ONE_HOT = 50  # columns that one category becomes at most; the most frequent ones


def one_hot(draft: Draft, name: str, *, missing: float | None = 0.0) -> None:
    """A column for each frequent category; an unknown one is none of them."""
    counts = frequencies(draft.strings(name))
    frequent = [it for it in counts if counts[it] >= draft.settings.rare]
    for category in sorted(sorted(frequent, key=lambda it: (-counts[it], it))[:ONE_HOT]):
        draft.use(draft.add(Equals, f"{name} is {category}", input=name, value=category, missing=missing))


def one_hot_or_missing(draft: Draft, name: str) -> None:
    """The same, and a column that says where the category is missing."""
    draft.use(draft.add(Missing, f"{name} is missing", input=name))
    one_hot(draft, name)
