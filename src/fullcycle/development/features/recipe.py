"""What becomes of a column of each kind: ``linear`` (nothing missing, one scale, one column a category) and ``trees``
(numbers as they are, large categories by what their rows came to).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fullcycle.development.features.category import category_for_linear, category_for_trees
from fullcycle.development.features.dates import dates_for_linear, dates_for_trees
from fullcycle.development.features.draft import Draft
from fullcycle.development.features.scaling import as_it_is, scaled
from fullcycle.development.features.text import as_text

Encode: TypeAlias = Callable[[Draft, str], None]

RECIPES: dict[str, dict[str, Encode]] = {
    "none": {},
    "linear": {
        **dict.fromkeys(("float", "integer", "boolean"), scaled),
        "category": category_for_linear,
        "time": dates_for_linear,
        "text": as_text,
    },
    "trees": {
        **dict.fromkeys(("float", "integer", "boolean"), as_it_is),
        "category": category_for_trees,
        "time": dates_for_trees,
        "text": as_text,
    },
}
"""For each recipe and kind of column, what makes features of it; a kind that is not named makes none."""
