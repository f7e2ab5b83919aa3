"""A category as what the target came to where it was seen, out of fold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.features.categories import Codes
from fullcycle.development.features.draft import Draft, Floats
from fullcycle.predictor.plan import Lookup

SMOOTHING = 20.0  # rows of the overall mean that each category's mean is mixed with (Micci-Barreca 2001)
FOLDS = 5  # contiguous blocks of time, so that a category's value never holds the rows it is used on, or their day
CLASSES = 10  # with more classes than this, categories are encoded by how frequent they are only


def by_target(draft: Draft, name: str, fill: str | None) -> list[str]:
    """The mean target of a category's rows, mixed with the overall mean; one map for each class of several."""
    categories, codes = draft.coded(name)
    if fill is not None:
        codes = np.where(codes < 0, categories.index(fill), codes)
    kept = np.bincount(codes[codes >= 0], minlength=len(categories)) >= draft.settings.rare
    slots = []
    for label, target in targets(draft.target, draft.task):
        prior = math.fsum(target.tolist()) / len(target)
        means = smoothed(codes, target, len(categories), prior)
        table = {categories[code]: float(means[code]) for code in np.flatnonzero(kept)}
        gap = None if fill is None else table.get(fill, prior)
        values = out_of_fold(codes, target, kept, prior)
        hint = f"{name} by {label}"
        slots.append(draft.add(Lookup, hint, given=values, input=name, table=table, default=prior, missing=gap))
    return slots


def smoothed(codes: Codes, target: Floats, categories: int, prior: float) -> Floats:
    """The mean target of each category, mixed with ``SMOOTHING`` rows of *prior*; (categories,).

    *codes* are (n,), -1 where the category is missing. Source: Micci-Barreca 2001, *A preprocessing scheme for
    high-cardinality categorical attributes*.

    >>> smoothed(np.array([0, 0, 1]), np.array([1.0, 1.0, 0.0]), 2, 0.5).round(3)
    array([0.545, 0.476])
    """
    seen = codes >= 0  # bincount adds in the order of rows, on one thread
    sums = np.bincount(codes[seen], weights=target[seen], minlength=categories)
    counts = np.bincount(codes[seen], minlength=categories)
    means: Floats = (sums + SMOOTHING * prior) / (counts + SMOOTHING)
    return means


def out_of_fold(codes: Codes, target: Floats, kept: NDArray[np.bool_], prior: float) -> Floats:
    """What each row's category came to on the other blocks of time, (n,); NaN where it is missing.

    *kept* are (categories,) those with a value of their own; the others get *prior*.

    >>> out_of_fold(np.array([0, 1]), np.array([1.0, 0.0]), np.array([True, True]), 0.5).tolist()
    [0.5, 0.5]
    """
    found = np.full(len(codes), np.nan)
    for block in np.array_split(np.arange(len(codes)), FOLDS):
        others = codes.copy()
        others[block] = -1
        means = np.append(np.where(kept, smoothed(others, target, len(kept), prior), prior), np.nan)
        found[block] = means[codes[block]]  # the code -1 reads the NaN at the end
    return found


def targets(target: Floats, task: str) -> list[tuple[str, Floats]]:
    """The target, or an indicator of each of up to ``CLASSES`` classes; none where there are more.

    >>> [label for label, _ in targets(np.array([0.0, 2.0]), "multiclass")]
    ['class 0', 'class 1', 'class 2']
    """
    if task != "multiclass":
        return [("target", target)]
    classes = int(target.max()) + 1
    if classes > CLASSES:
        return []
    return [(f"class {code}", (target == code).astype(np.float64)) for code in range(classes)]
