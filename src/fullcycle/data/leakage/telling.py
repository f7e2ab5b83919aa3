"""How well one score tells the outcome: an area for classes, a rank correlation for numbers, with its interval.

Blocks of rows (days, entities) are left out in turn, so that rows which hang together do not count as many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fullcycle.measure.intervals import Estimate, auc_interval, block_codes, from_replicates
from fullcycle.measure.metrics import roc_auc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 10
"""Rows of each class below which a perfect score is chance."""
_FOLDS = 5
_PRIOR = 2.0
"""Rows that the mean of all counts for in a category's mean."""


def told(
    score: Floats, outcome: Floats, task: str, labels: Ints, *, above: float, confidence: float = 0.95
) -> Estimate | None:
    """How well *score* tells *outcome*, if it is above *above*; None where it is not, or rows are too few to say.

    Parameters
    ----------
    score : (n,) or, for classes, (n, k) with a score for each.
    outcome : (n,) 0 or 1, class codes, or numbers.
    labels : (n,) block of each row.

    Returns
    -------
    The area under the ROC curve, for more than two classes the mean of those of each class against the rest; the size
    of Spearman's rank correlation for numbers.

    Examples
    --------
    >>> y = np.arange(40) % 2.0
    >>> told(-y, y, "binary", np.arange(40), above=0.9).point
    1.0
    """
    if task == "regression":
        return _above(_correlation(score, outcome, labels, confidence), above)
    areas = list(_areas(score, outcome, labels, above, confidence))
    if not areas or None in areas:
        return None
    found = [area for area in areas if area is not None]
    point = math.fsum(area.point for area in found) / len(found)
    lows = [area.low for area in found if area.low is not None]
    if len(lows) < len(found):
        return _above(Estimate(point=point, n=len(outcome)), above)
    low = math.fsum(lows) / len(found)  # the mean of the bounds is below the bound of the mean
    return _above(Estimate(point=point, low=min(low, point), high=1.0, n=len(outcome), blocks=found[0].blocks), above)


def class_means(cells: Ints, outcome: Floats, task: str, labels: Ints) -> Floats:
    """For each row the mean outcome of its category in the other folds, so that no row tells its own outcome.

    Parameters
    ----------
    cells : (n,) codes 0 … m − 1 of categories.
    labels : (n,) block of each row; a block is in one fold.

    Returns
    -------
    (n,), or (n, k) shares of each class for more than two.

    Source: Micci-Barreca 2001 for the mean drawn towards that of all; the folds are scikit-learn's ``TargetEncoder``.
    """
    if task == "multiclass":
        columns = [_means(cells, np.asarray(outcome == one, np.float64), labels) for one in np.unique(outcome)]
        return np.column_stack(columns)
    return _means(cells, outcome, labels)


def _means(cells: Ints, outcome: Floats, labels: Ints) -> Floats:
    codes, count = block_codes(labels)
    fold, size = codes % min(_FOLDS, count), int(cells.max()) + 1
    found = np.empty(len(cells))
    for number in range(min(_FOLDS, count)):
        here = fold == number
        rest = ~here if count > 1 else here
        mean = math.fsum(outcome[rest].tolist()) / max(1, int(rest.sum()))
        sums = np.bincount(cells[rest], weights=outcome[rest], minlength=size)
        rows = np.bincount(cells[rest], minlength=size)
        found[here] = ((sums + _PRIOR * mean) / (rows + _PRIOR))[cells[here]]
    return found


def _areas(score: Floats, outcome: Floats, labels: Ints, above: float, confidence: float) -> Iterator[Estimate | None]:
    """The area of each class against the rest; of the one class for two."""
    found = np.unique(outcome)
    # a mean can still be above the limit while one class is not
    least = 1 - (1 - above) * max(1, len(found)) if len(found) > 2 else above
    for number, one in enumerate(found[1:] if len(found) == 2 else found):
        target = np.asarray(outcome == one, np.float64)
        one_score = score if score.ndim == 1 else score[:, number]
        yield _area(one_score, target, labels, least, confidence)


def _area(score: Floats, target: Floats, labels: Ints, least: float, confidence: float) -> Estimate | None:
    ones = int(target.sum())
    if min(ones, len(target) - ones) < FEWEST:
        return None
    area = roc_auc(target, score)
    if max(area, 1 - area) <= least:
        return None
    return auc_interval(target, score if area >= 0.5 else -score, labels, confidence=confidence)


def _correlation(score: Floats, outcome: Floats, labels: Ints, confidence: float) -> Estimate | None:
    """Spearman's correlation; the ranks are those among all rows, also where a block is left out."""
    n = len(score)
    if n < 2 * FEWEST:
        return None
    x, y = _ranks(score) - (n + 1) / 2, _ranks(outcome) - (n + 1) / 2
    codes, count = block_codes(labels)
    # bincount adds in row order on one thread, so the sums are the same everywhere
    columns = (np.ones(n), x, y, x * x, y * y, x * y)
    sums = np.array([np.bincount(codes, weights=column, minlength=count) for column in columns])
    whole = np.array([math.fsum(row.tolist()) for row in sums])
    point = float(_pearson(whole[:, None])[0])
    if not math.isfinite(point):
        return None
    without = np.sign(point) * _pearson(whole[:, None] - sums)
    found = from_replicates(abs(point), without, n=n, confidence=confidence, in_time=False)
    return found.clipped(0, 1)


def _ranks(values: Floats) -> Floats:
    """1 … n in order, equal values at the middle of their ranks."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(count) - (count - 1) / 2)[code]
    return ranks


def _pearson(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy = sums
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant has no correlation: NaN
        found: Floats = (n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y))
    return found


def _above(estimate: Estimate | None, above: float) -> Estimate | None:
    """The estimate where its lower bound, or without one its point, lies above."""
    if estimate is None or (estimate.point if estimate.low is None else estimate.low) <= above:
        return None
    return estimate
