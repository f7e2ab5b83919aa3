"""What a metric is given, checked: targets, scores, probabilities, weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import binary_target

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Function: TypeAlias = Callable[..., float]
"""``(target, score, weight=None) -> float``."""


def numbers(target: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    """Target and score as (n,) finite numbers. Raises InputError for anything else.

    >>> numbers([1, 2], [3, 4])[1].tolist()
    [3.0, 4.0]
    """
    actual, scores = np.asarray(target, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if actual.ndim != 1 or actual.shape != scores.shape or not actual.size:
        raise InputError(
            "target and score differ in shape", found=(actual.shape, scores.shape), expected="both (n,), n ≥ 1"
        )
    if not np.isfinite(actual).all() or not np.isfinite(scores).all():
        raise InputError("target or score holds a number that is not finite", mend="leave rows without outcome out")
    return actual, scores


def binary(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """A target of 0 and 1 as truth values, and (n,) finite scores.

    >>> binary([1, 0], [3, 4])[0].tolist()
    [True, False]
    """
    actual, scores = numbers(target, score)
    return binary_target(actual), scores


def probability(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    """As :func:`binary`, for scores that are probabilities.

    >>> probability([1, 0], [0.3, 1])[1].tolist()
    [0.3, 1.0]
    """
    positive, scores = binary(target, score)
    if scores.min() < 0 or scores.max() > 1:
        raise InputError(
            "a score is no probability", found=(float(scores.min()), float(scores.max())), expected="0 to 1"
        )
    return positive, scores


def multiclass(target: ArrayLike, score: ArrayLike) -> tuple[Ints, Floats]:
    """Class codes (n,) and probabilities (n, k), each row's of sum 1.

    >>> multiclass([1, 0], [[0.5, 0.5], [1, 0]])[0].tolist()
    [1, 0]
    """
    actual, scores = np.asarray(target, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if actual.shape != scores.shape[:1] or not scores.size:
        raise InputError(
            "target and scores differ in shape", found=(actual.shape, scores.shape), expected="(n,), (n, k)"
        )
    if not np.isfinite(scores).all() or scores.min() < 0 or (np.abs(scores.sum(axis=1) - 1) > 1e-5).any():
        raise InputError("the scores of a row are no probabilities", expected="none below 0 and a sum of 1")
    if not np.isin(actual, np.arange(scores.shape[1])).all():
        raise InputError("a target is no class code", expected=f"0 to {scores.shape[1] - 1}")
    return actual.astype(np.int64), scores


def weights(weight: ArrayLike | None, n: int) -> Floats | None:
    """Weights of n rows, none below 0 and not all 0; None where rows count alike.

    >>> weights([1, 2], 2).tolist()
    [1.0, 2.0]
    """
    if weight is None:
        return None
    found = np.asarray(weight, dtype=np.float64)
    if found.shape != (n,) or not np.isfinite(found).all() or (found < 0).any() or not (found > 0).any():
        raise InputError(
            "weights do not fit the rows", found=f"shape {found.shape}", expected=f"({n},) numbers, 0 or more"
        )
    return found


def mean(values: Floats, weight: ArrayLike | None = None) -> float:
    """The weighted mean, exactly rounded sums.

    >>> mean(np.array([1.0, 4.0]), [2, 1])
    2.0
    """
    shares = weights(weight, len(values))
    if shares is None:
        return math.fsum(values.tolist()) / len(values)
    return math.fsum((shares * values).tolist()) / math.fsum(shares.tolist())


def sum_of(values: NDArray[np.generic], weight: Floats | None) -> float:
    """The sum of (n,) truth values or numbers, weighted.

    >>> sum_of(np.array([True, True]), np.array([0.5, 2.0]))
    2.5
    """
    rows = np.asarray(values, dtype=np.float64)
    return math.fsum((rows if weight is None else rows * weight).tolist())
