"""What becomes of a column of each kind: ``linear`` (nothing missing, one scale, one column a category) and ``trees``
(numbers as they are, large categories by what their rows came to), ``tokens`` (as ``linear``, but that texts are left to a
learner that reads them); for clusters ``distances`` (nothing missing, every
column as far across as another) or ``numbers`` (those alone).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fullcycle.development.features.category import category_for_linear, category_for_trees
from fullcycle.development.features.dates import dates_for_linear, dates_for_trees
from fullcycle.development.features.distances import alike_or_apart, number_for_distances, yes_or_no
from fullcycle.development.features.draft import Draft
from fullcycle.development.features.scaling import as_it_is, scaled
from fullcycle.development.features.text import as_text
from fullcycle.development.features.text.tokens import as_tokens

Encode: TypeAlias = Callable[[Draft, str], None]

_LINEAR: dict[str, Encode] = {
    **dict.fromkeys(("float", "integer", "boolean"), scaled),
    "category": category_for_linear,
    "time": dates_for_linear,
}
RECIPES: dict[str, dict[str, Encode]] = {
    "none": {},
    "linear": {**_LINEAR, "text": as_text},
    "tokens": {**_LINEAR, "text": as_tokens},
    "distances": {  # dates are left out: clusters are of what rows are, not of when they came
        **dict.fromkeys(("float", "integer"), number_for_distances),
        "boolean": yes_or_no,
        "category": alike_or_apart,
    },
    "numbers": dict.fromkeys(("float", "integer"), number_for_distances),
    "trees": {
        **dict.fromkeys(("float", "integer", "boolean"), as_it_is),
        "category": category_for_trees,
        "time": dates_for_trees,
        "text": as_text,
    },
}
"""For each recipe and kind of column, what makes features of it; a kind that is not named makes none."""
