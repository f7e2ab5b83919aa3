"""A share in a group and how it differs from that of everybody else, with intervals that hold for rows that are not alone.

Rows of one day share weather, prices and staff. Where days (or other blocks) are known, the interval is that of the
delete-one-block jackknife; of rows that stand alone it is Wilson's, and Newcombe's for a difference.

Sources: Wilson 1927; Newcombe 1998, *Interval estimation for the difference between independent proportions* (method 10);
Holm 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.measure.intervals import Estimate, block_codes, from_replicates, wilson

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
LEAST_BLOCKS = 10
"""Blocks from which their spread says something."""


class Difference(NamedTuple):
    """A mean inside and outside a group, and their difference.

    Attributes
    ----------
    inside, outside : means, each of the rows with a value.
    estimate : inside − outside.
    p : of no difference, two-sided.
    """

    inside: float
    outside: float
    estimate: Estimate
    p: float


def share_of(group: Bools, blocks: Ints | None, *, confidence: float) -> Estimate:
    """The share of rows in a group.

    Parameters
    ----------
    group : (n,) whether a row belongs to it; n is at least 1.
    blocks : (n,) each row's block, or None where rows stand alone.

    Notes
    -----
    With blocks it is Wilson's interval of as many independent rows as say as much (the design effect), since the
    jackknife's own is too narrow for a small group.

    Examples
    --------
    >>> share_of(np.array([True, False, False, False]), None, confidence=0.95).point
    0.25
    """
    n, found = len(group), int(group.sum())
    alone = wilson(found, n, confidence=confidence)
    if blocks is None or found in (0, n):
        return alone
    labels, k = block_codes(blocks)
    if k < LEAST_BLOCKS:
        return alone
    worth = n / max(1.0, _design_effect(group.astype(np.float64), labels, k))
    low, high = _score_ends(found / n, worth, confidence)
    return Estimate(point=found / n, low=low, high=high, n=n, blocks=k)


def difference(values: Floats, group: Bools, blocks: Ints | None, *, confidence: float) -> Difference | None:
    """The mean of *values* in a group less that of the others.

    Parameters
    ----------
    values : (n,) 0 or 1, or any numbers.
    group : (n,) whether a row belongs to it.
    blocks : (n,) each row's block, or None.

    Returns
    -------
    None where one side has no rows.

    Examples
    --------
    >>> found = difference(np.array([1.0, 1.0, 0.0, 0.0]), np.array([True, True, False, False]), None, confidence=0.95)
    >>> found.inside, found.outside, found.estimate.low > 0
    (1.0, 0.0, True)
    """
    if not group.any() or group.all():
        return None
    inside, outside = _mean(values[group]), _mean(values[~group])
    if blocks is not None:
        labels, k = block_codes(blocks)
        if k >= LEAST_BLOCKS and (found := _jackknifed(values, group, labels, k, confidence)) is not None:
            return Difference(inside, outside, *found)
    if np.isin(values, (0.0, 1.0)).all():
        return Difference(inside, outside, *_newcombe(values, group, confidence))
    return Difference(inside, outside, *_welch(values, group, confidence))


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """p-values of several questions, each raised so that the chance of one false answer stays what it is for one.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p)), key=lambda at: p[at])
    raised, largest = [0.0] * len(p), 0.0
    for rank, at in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[at]))
        raised[at] = largest
    return tuple(raised)


def _jackknifed(values: Floats, group: Bools, labels: Ints, k: int, confidence: float) -> tuple[Estimate, float] | None:
    """None where a side lies in one block alone, so that nothing is left without it."""
    means = []
    for side in (group, ~group):
        sums = np.bincount(labels[side], weights=values[side], minlength=k)
        counts = np.bincount(labels[side], minlength=k)
        left = counts.sum() - counts
        if (left == 0).any() or np.count_nonzero(counts) < LEAST_BLOCKS:
            return None
        means.append((math.fsum(sums.tolist()), counts.sum(), (math.fsum(sums.tolist()) - sums) / left))
    point = means[0][0] / means[0][1] - means[1][0] / means[1][1]
    left_out = means[0][2] - means[1][2]
    estimate = from_replicates(point, left_out, n=len(values), confidence=confidence, in_time=False)
    middle = math.fsum(left_out.tolist()) / k
    error = math.sqrt((k - 1) / k * math.fsum(((left_out - middle) ** 2).tolist()))
    return estimate, _student_p(point, error, k - 1)


def _newcombe(values: Floats, group: Bools, confidence: float) -> tuple[Estimate, float]:
    n, m = int(group.sum()), int((~group).sum())
    first, second = int(values[group].sum()), int(values[~group].sum())
    one, other = wilson(first, n, confidence=confidence), wilson(second, m, confidence=confidence)
    point = one.point - other.point
    ends = [(end.low or 0.0, end.high or 0.0) for end in (one, other)]
    low = point - math.hypot(one.point - ends[0][0], ends[1][1] - other.point)
    high = point + math.hypot(ends[0][1] - one.point, other.point - ends[1][0])
    pooled = (first + second) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return Estimate(point=point, low=max(low, -1.0), high=min(high, 1.0), n=n + m), _normal_p(point, error)


def _welch(values: Floats, group: Bools, confidence: float) -> tuple[Estimate, float]:
    sides = values[group], values[~group]
    point = _mean(sides[0]) - _mean(sides[1])
    if min(map(len, sides)) < 2:
        return Estimate(point=point, n=len(values)), 1.0
    error = math.sqrt(math.fsum(_variance(side) / len(side) for side in sides))
    half = _normal_quantile(confidence) * error
    return Estimate(point=point, low=point - half, high=point + half, n=len(values)), _normal_p(point, error)


def _design_effect(values: Floats, labels: Ints, k: int) -> float:
    """As measure's, for shares, whose variance is known from their mean."""
    n, mean = len(values), _mean(values)
    sums, counts = np.bincount(labels, weights=values, minlength=k), np.bincount(labels, minlength=k)
    apart = k / (k - 1) * math.fsum(((sums - mean * counts) ** 2).tolist())
    return apart / (n * mean * (1 - mean))


def _score_ends(share: float, n: float, confidence: float) -> tuple[float, float]:
    z = _normal_quantile(confidence)
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _mean(values: Floats) -> float:
    return math.fsum(values.tolist()) / len(values)


def _variance(values: Floats) -> float:
    mean = _mean(values)
    return math.fsum(((values - mean) ** 2).tolist()) / (len(values) - 1)


def _normal_quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def _normal_p(point: float, error: float) -> float:
    from scipy.special import ndtr

    if error == 0:
        return 1.0 if point == 0 else 0.0
    return float(2 * ndtr(-abs(point) / error))


def _student_p(point: float, error: float, degrees: int) -> float:
    from scipy.special import stdtr

    if error == 0:
        return 1.0 if point == 0 else 0.0
    return float(2 * stdtr(degrees, -abs(point) / error))
