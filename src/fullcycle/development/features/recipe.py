"""What becomes of a column of each kind: ``linear`` (nothing missing, one scale, one column a category) and ``trees``
(numbers as they are, large categories by what their rows came to).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.dates import calendar_numbers, calendar_one_hot
from fullcycle.development.features.draft import Draft
from fullcycle.development.features.frequency import by_frequency
from fullcycle.development.features.one_hot import one_hot, one_hot_or_missing
from fullcycle.development.features.scaling import as_it_is, scaled
from fullcycle.development.features.target import by_target

Encode: TypeAlias = Callable[[Draft, str], None]


def small_or_large(draft: Draft, name: str) -> None:
    """A category for trees: one-hot where it has few values, else by the target and by how frequent it is."""
    if len(frequencies(draft.strings(name))) <= draft.settings.target_encode:
        one_hot(draft, name, missing=None)
        return
    by_target(draft, name)
    by_frequency(draft, name)


RECIPES: dict[str, dict[str, Encode]] = {
    "none": {},
    "linear": {
        **dict.fromkeys(("float", "integer", "boolean"), scaled),
        "category": one_hot_or_missing,
        "time": calendar_one_hot,
    },
    "trees": {
        **dict.fromkeys(("float", "integer", "boolean"), as_it_is),
        "category": small_or_large,
        "time": calendar_numbers,
    },
}
