"""Numbers as features."""

from __future__ import annotations

import math

import numpy as np

from fullcycle.development.features.draft import Draft
from fullcycle.predictor.plan import Clip, Impute, Missing, Standardise


def scaled(draft: Draft, name: str) -> None:
    """A number for a linear model: the median where it is missing, within what was seen, standardised."""
    values = draft.numbers(name)
    seen = np.sort(values[np.isfinite(values)])
    if not len(seen):
        return
    draft.use(draft.add(Missing, f"{name} is missing", input=name))
    if seen[0] == seen[-1]:
        return
    filled = draft.add(Impute, f"{name} filled", input=name, value=float(seen[(len(seen) - 1) // 2]))
    # outside of what was seen a straight line knows nothing, and an endless number would drown every other feature
    clipped = draft.add(Clip, f"{name} clipped", input=filled, low=float(seen[0]), high=float(seen[-1]))
    rows = draft.numbers(clipped)
    mean = math.fsum(rows.tolist()) / len(rows)
    scale = math.sqrt(math.fsum(((rows - mean) ** 2).tolist()) / len(rows))
    draft.use(draft.add(Standardise, f"{name} scaled", input=clipped, mean=mean, scale=scale))


def as_it_is(draft: Draft, name: str) -> None:
    """A number for trees, which split on missing too."""
    draft.use(name)
