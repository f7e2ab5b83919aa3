"""The effect of a treatment that was drawn at random, with an interval that holds at every look.

The shares of the groups may change with time, units come again and again, and rows of a day share their luck: the interval
allows for all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.tests import sequence_half_width

Floats: TypeAlias = NDArray[np.float64]
LEAST_CLUSTERS = 7  # below it a spread between clusters is not believed


def residuals(outcome: ArrayLike, treated: ArrayLike, propensity: ArrayLike) -> tuple[Floats, Floats]:
    """What each row tells of the effect, and its weight, (n,) both: the effect is the ratio of their sums.

    A row tells (A − p)(Y − m): treatment less its probability, times outcome less the mean of the rows before. Rows weigh
    p(1 − p), so that those of a time when few were treated do not drown the rest.

    Parameters
    ----------
    outcome, treated, propensity : (n,) in the order of time; 0 or 1 for *treated*, its probability for *propensity*.

    Examples
    --------
    >>> told, weight = residuals([1.0, 3.0, 1.0, 3.0], [0, 1, 0, 1], [0.5] * 4)
    >>> float(told.sum() / weight.sum()) > 0
    True

    Source: Robinson 1988, *Root-n-consistent semiparametric regression*; overlap weights of Li, Morgan and Zaslavsky 2018.
    """
    y, a, p = (np.asarray(it, dtype=np.float64) for it in (outcome, treated, propensity))
    if not (y.ndim == 1 and y.shape == a.shape == p.shape) or not ((p > 0) & (p < 1)).all():
        raise InputError("not a randomised comparison", expected="(n,) three times, probabilities between 0 and 1")
    n = np.arange(len(y))
    before = np.divide(np.cumsum(y) - y, n, out=np.zeros(len(y)), where=n > 0)
    return (a - p) * (y - before), p * (1 - p)


def effect_sequence(
    told: Floats, weight: Floats, clusters: Sequence[ArrayLike], *, alpha: float, optimal_n: float, unit: str = ""
) -> Estimate:
    """The effect with its asymptotic confidence sequence: the chance that it *ever* misses the truth is about *alpha*.

    The variance is the largest of that by row and those by cluster, a cluster being what is not independent within: the
    rows of an entity, the rows of a day.

    Parameters
    ----------
    told, weight : (n,) from `residuals`; or paired differences and ones.
    clusters : for each way of clustering, (n,) labels: whole numbers from 0.
    alpha, optimal_n : as for `sequence_half_width`.

    Returns
    -------
    The estimate; without an interval where there are fewer than two rows.

    Examples
    --------
    >>> found = effect_sequence(np.tile([1.0, 1.2], 100), np.ones(200), [np.arange(200)], alpha=0.05, optimal_n=200)
    >>> round(found.point, 2), 1.0 < found.low < 1.1 < found.high < 1.2
    (1.1, True)

    Source: Waudby-Smith et al. 2021, arXiv 2103.06476, sections 2.2 and 3; clusters as Liang and Zeger 1986.
    """
    n = len(told)
    if n < 2:
        return Estimate(point=0.0 if not n else float(told[0] / weight[0]), unit=unit, n=n)
    mean_weight = float(weight.mean())
    point = float(told.mean()) / mean_weight
    left = told - point * weight
    variance = float((left**2).sum()) / (n - 1)
    for labels in clusters:
        sums = _sums(left, labels)
        if len(sums) >= LEAST_CLUSTERS:
            variance = max(variance, float((sums**2).sum()) / n * len(sums) / (len(sums) - 1))
    half = float(sequence_half_width(variance, n, alpha=alpha, optimal_n=optimal_n)) / mean_weight
    return Estimate(point=point, low=point - half, high=point + half, unit=unit, n=n)


def _sums(values: Floats, labels: ArrayLike) -> Floats:
    """Sums of the labels that are there; bincount adds in the order of rows."""
    codes = np.asarray(labels)
    sums = np.bincount(codes, weights=values).astype(np.float64)
    return np.asarray(sums[np.bincount(codes) > 0])
