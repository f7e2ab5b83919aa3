"""How far predicted numbers are from what came true."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.metrics.arguments import Floats, mean, numbers, sum_of, weights

_SMALLEST = float(np.finfo(np.float64).eps)  # what an actual of 0 counts as in a percentage, as scikit-learn has it


def mae(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean absolute error, in the target's unit.

    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return mean(absolute_errors(target, score), weight)


def absolute_errors(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's absolute error, (n,).

    >>> absolute_errors([1.0, 2.0], [2.0, 4.0])
    array([1., 2.])
    """
    actual, predicted = numbers(target, score)
    return np.abs(actual - predicted)


def rmse(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The root of the mean squared error, in the target's unit.

    >>> rmse([1.0, 2.0], [4.0, 6.0]) == 12.5 ** 0.5
    True
    """
    return math.sqrt(mean(squared_errors(target, score), weight))


def squared_errors(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's squared error, (n,).

    >>> squared_errors([1.0, 2.0], [2.0, 4.0])
    array([1., 4.])
    """
    actual, predicted = numbers(target, score)
    squares: Floats = (actual - predicted) ** 2
    return squares


def r2(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of the target's variance that the prediction explains; below 0 it does worse than the mean.

    A target that is constant gives 1 if it is met exactly, else 0. Raises InputError with fewer than two rows.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    actual, predicted = numbers(target, score)
    if len(actual) < 2:
        raise InputError("r2 needs two rows", found=len(actual), expected="2 or more")
    shares = weights(weight, len(actual))
    residual = sum_of((actual - predicted) ** 2, shares)
    total = sum_of((actual - mean(actual, shares)) ** 2, shares)
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


def mape(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean absolute error as a share of the actual number; an actual of 0 makes it huge, so use it where none is.

    >>> mape([1.0, 2.0], [2.0, 4.0])
    1.0
    """
    return mean(percentage_errors(target, score), weight)


def percentage_errors(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's absolute error as a share of the actual number, (n,).

    >>> percentage_errors([2.0], [3.0])
    array([0.5])
    """
    actual, predicted = numbers(target, score)
    shares: Floats = np.abs(actual - predicted) / np.maximum(np.abs(actual), _SMALLEST)
    return shares


def pinball(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, *, level: float = 0.5) -> float:
    """The mean pinball loss, which the quantile of that level makes least; at 0.5 half the absolute error.

    Source: Koenker and Bassett 1978, *Regression quantiles*.

    >>> pinball([1.0, 2.0], [2.0, 4.0], level=0.75)
    0.375
    """
    return mean(pinball_losses(target, score, level=level), weight)


def pinball_losses(target: ArrayLike, score: ArrayLike, *, level: float = 0.5) -> Floats:
    """Each row's pinball loss, (n,).

    >>> pinball_losses([1.0, 3.0], [2.0, 2.0], level=0.75)
    array([0.25, 0.75])
    """
    if not 0 <= level <= 1:
        raise InputError("a quantile's level is not a share", found=level, expected="0 to 1")
    actual, predicted = numbers(target, score)
    gap = actual - predicted
    losses: Floats = level * np.maximum(gap, 0) + (1 - level) * np.maximum(-gap, 0)
    return losses


def moments(target: ArrayLike, score: ArrayLike, labels: NDArray[np.int64], blocks: int) -> Floats:
    """Rows, squared errors, and the target's deviations and their squares, summed by block: (blocks, 4).

    >>> moments([1.0, 3.0], [1.0, 2.0], np.array([0, 1]), 2).tolist()
    [[1.0, 0.0, -1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """
    actual, predicted = numbers(target, score)
    off = actual - mean(actual)  # deviations from one number, so that large targets lose no digits
    columns = (np.ones(len(off)), (actual - predicted) ** 2, off, off**2)
    return np.stack([np.bincount(labels, weights=column, minlength=blocks) for column in columns], axis=1)


def root_mean(sums: Floats) -> Floats:
    """RMSE of (…, 4) :func:`moments`.

    >>> root_mean(np.array([2.0, 8.0, 0.0, 1.0])).tolist()
    2.0
    """
    with np.errstate(all="ignore"):
        roots: Floats = np.sqrt(sums[..., 1] / sums[..., 0])
    return roots


def explained(sums: Floats) -> Floats:
    """R² of (…, 4) :func:`moments`; NaN with fewer than two rows.

    >>> explained(np.array([3.0, 1.0, 0.0, 2.0])).tolist()
    0.5
    """
    n, residual, off, squares = (sums[..., place] for place in range(4))
    with np.errstate(all="ignore"):
        total = squares - off**2 / n
        share: Floats = np.where(total > 0, 1 - residual / total, np.where(residual == 0, 1.0, 0.0))
    return np.where(n < 2, np.nan, share)
