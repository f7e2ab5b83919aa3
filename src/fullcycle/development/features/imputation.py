"""What stands where a number is missing."""

from __future__ import annotations

import math

import numpy as np

from fullcycle.development.features.draft import Draft, Floats
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Impute, Missing

LARGEST = 1e100  # a number beyond it is taken for this: the square of one more could be no finite number


def imputed(draft: Draft, slot: str, *, default: str, flag: bool = True) -> str:
    """The slot with something in each gap, and where asked for a feature that says where the gaps were.

    *default* is what ``impute = "auto"`` means: ``median``, or ``none`` to leave the gaps; without *flag* no such
    feature is made.
    """
    method = _method(draft, slot, default)
    if method == "none":
        return slot
    if flag and draft.settings.missing_flags:
        draft.use(draft.add(Missing, f"{slot} is missing", input=slot))
    return draft.add(Impute, f"{slot} filled", input=slot, value=_fill(draft, slot, method))


def _method(draft: Draft, slot: str, default: str) -> str:
    own = draft.of(slot).impute
    method = draft.settings.impute if own == "auto" else own
    return default if method == "auto" else method


def _fill(draft: Draft, slot: str, method: str) -> float:
    if method == "constant":
        constant = draft.of(slot).constant
        return draft.settings.constant if constant is None else constant
    seen = np.sort(finite(draft.numbers(slot)))
    if method == "mean":
        return math.fsum(seen.tolist()) / len(seen)
    if method == "most_frequent":
        values, counts = np.unique(seen, return_counts=True)
        return float(values[np.argmax(counts)])  # of equally frequent ones the least
    if method == "median":
        return float(seen[(len(seen) - 1) // 2])
    raise InputError("unknown imputation", found=method, expected="median, mean, most_frequent or constant")


def finite(values: Floats) -> Floats:
    """The numbers among *values* that are finite, no larger than ``LARGEST``; (m,) of (n,).

    >>> finite(np.array([1.0, np.nan, np.inf, -1e300])).tolist()
    [1.0, -1e+100]
    """
    return np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)
