"""What a number comes to in each group of a category, learnt from the training rows and looked up by the category.

Only numbers known before the prediction are summed up, never the target, so no answer can leak through a group.
"""

from __future__ import annotations

import math

import numpy as np

from fullcycle.development.features.categories import Codes
from fullcycle.development.features.draft import Draft, Floats
from fullcycle.development.features.imputation import finite
from fullcycle.development.features.pairs import NUMBERS
from fullcycle.development.settings import Aggregate
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Lookup, Subtract

_PLACE = "cycle.toml, [development.features] aggregates"


def aggregated(draft: Draft, wanted: Aggregate) -> list[str]:
    """A slot for each statistic, and one of the number less its group's mean.

    A rare or unknown category has the value of all rows, a missing one none.

    Raises
    ------
    InputError
        One column holds no numbers, or the other no categories.
    """
    number, by = wanted.number, wanted.by
    if (kind := draft.kind(number)) not in NUMBERS:
        raise InputError(f"{number} holds no numbers", place=_PLACE, found=kind, expected="a column of numbers")
    if (kind := draft.kind(by)) != "category":
        raise InputError(f"{by} holds no categories", place=_PLACE, found=kind, expected="a column of categories")
    slots = [_looked_up(draft, number, by, statistic) for statistic in dict.fromkeys(wanted.statistics)]
    if wanted.difference:
        mean = slots[wanted.statistics.index("mean")] if "mean" in wanted.statistics else None
        mean = mean or _looked_up(draft, number, by, "mean")
        slots.append(draft.add(Subtract, f"{number} - its mean by {by}", left=number, right=mean))
    return slots


def _looked_up(draft: Draft, number: str, by: str, statistic: str) -> str:
    categories, codes = draft.coded(by)
    values = draft.numbers(number)
    common = np.bincount(codes[codes >= 0], minlength=len(categories)) >= draft.settings.rare
    groups = grouped(values, codes, len(categories), statistic)
    table = {categories[code]: float(groups[code]) for code in np.flatnonzero(common & ~np.isnan(groups))}
    whole = grouped(values, np.zeros(len(values), np.int64), 1, statistic)[0]
    default = 0.0 if statistic == "count" else None if np.isnan(whole) else float(whole)
    return draft.add(Lookup, f"{statistic} of {number} by {by}", input=by, table=table, default=default)


def grouped(values: Floats, codes: Codes, groups: int, statistic: str) -> Floats:
    """The statistic of the known *values* (n,) in each of so many groups; NaN for a group without any, (groups,).

    *codes* are (n,), -1 where a row is in no group. ``std`` divides by the number of values. Sums are added in the order
    of rows.

    >>> grouped(np.array([1.0, 3.0, 5.0, np.nan]), np.array([0, 0, 1, 1]), 2, "median").tolist()
    [2.0, 5.0]
    """
    known = np.isfinite(values) & (codes >= 0)
    values, codes = finite(values[known]), codes[known]
    counts = np.bincount(codes, minlength=groups)
    if statistic == "count":
        return counts.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        if statistic == "median":
            return _medians(values, codes, counts)
        means = np.bincount(codes, weights=values, minlength=groups) / counts
        if statistic == "mean":
            return means
        return np.sqrt(np.bincount(codes, weights=(values - means[codes]) ** 2, minlength=groups) / counts)


def _medians(values: Floats, codes: Codes, counts: Codes) -> Floats:
    ordered = np.append(values[np.lexsort((values, codes))], math.nan)
    starts = np.cumsum(counts) - counts
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    none = counts == 0
    middle = ordered[np.where(none, -1, low)] * 0.5 + ordered[np.where(none, -1, high)] * 0.5
    return np.where(none, math.nan, middle)
