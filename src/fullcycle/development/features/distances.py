"""Columns for models of distances: nothing missing, and one as far across as another."""

from __future__ import annotations

import math

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.development.features.imputation import finite, imputed
from fullcycle.development.features.one_hot import ONE_HOT
from fullcycle.development.features.scaling import scaled
from fullcycle.predictor.plan import Equals, Standardise


def number_for_distances(draft: Draft, name: str) -> None:
    """A number on the common scale; where it is missing says nothing of how far apart two rows are."""
    scaled(draft, name, flag=False)


def yes_or_no(draft: Draft, name: str) -> None:
    """0 or 1, the more frequent one where it is missing."""
    if len(finite(draft.numbers(name))):
        draft.use(imputed(draft, name, default="median", flag=False))
    else:
        draft.drop(name, "empty")


def alike_or_apart(draft: Draft, name: str) -> None:
    """A column for each frequent category, such that two of them are as far apart as one standard deviation of a number.

    That is Gower's (1971) weight of a category, for standardised numbers: a flag of √½ counts twice where two differ.
    """
    counts = frequencies(*draft.coded(name))
    frequent = sorted(sorted(counts, key=lambda it: (-counts[it], it))[:ONE_HOT])
    for category in (it for it in frequent if counts[it] >= draft.settings.rare):
        flag = draft.add(Equals, f"{name} is {category}", input=name, value=category, missing=0.0)
        draft.use(draft.add(Standardise, f"{name} is {category}, weighed", input=flag, mean=0.0, scale=math.sqrt(2.0)))
