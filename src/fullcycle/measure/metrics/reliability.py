"""Whether probabilities mean what they say: of the rows scored 0.3, do three in ten come true?

Two pictures of it: the reliability curve by bins, with the expected calibration error; and a straight line through the
log-odds, whose slope is 1 and intercept 0 where all is well (Cox 1958; Van Calster et al. 2016, *A calibration hierarchy
for risk models*). A slope below 1 says that scores are too extreme, as they are where a model is overfitted.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.metrics.arguments import Floats, probability, weights

BINS = 10
_NEAR = 1e-12  # of 0 and 1: further log-odds say nothing about the line and everything about rounding
_ROUNDS = 50


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was said and what came true, by bin of the score; empty bins are left out.

    ``scores`` holds each bin's mean score, ``rates`` its share of positives, ``counts`` its rows.

    >>> round(Calibration(scores=(0.2, 0.8), rates=(0.25, 0.7), counts=(50, 50)).error, 3)
    0.075
    """

    scores: tuple[float, ...]
    rates: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def error(self) -> float:
        """The expected calibration error: mean distance of score and rate, by rows (Naeini et al. 2015)."""
        gaps = [n * abs(s - r) for s, r, n in zip(self.scores, self.rates, self.counts, strict=True)]
        return math.fsum(gaps) / sum(self.counts)


def calibration(
    target: ArrayLike, score: ArrayLike, *, bins: int = BINS, strategy: Literal["uniform", "quantile"] = "uniform"
) -> Calibration:
    """Mean score and rate of positives in each bin: a calibration curve (DeGroot and Fienberg 1983).

    Bins are of equal width, or of about equal rows (``quantile``).

    >>> calibration([0, 1, 1], [0.15, 0.15, 0.95]).rates
    (0.5, 1.0)
    """
    if bins < 1:
        raise InputError("calibration needs a bin", found=bins, expected="1 or more")
    positive, chance = probability(target, score)
    steps = np.linspace(0, 1, bins + 1)
    edges = np.quantile(chance, steps) if strategy == "quantile" else steps
    cell = np.searchsorted(edges[1:-1], chance)
    counts = np.bincount(cell, minlength=bins)
    used = counts > 0
    scores = np.bincount(cell, weights=chance, minlength=bins)[used] / counts[used]
    rates = np.bincount(cell[positive], minlength=bins)[used] / counts[used]
    return Calibration(scores=tuple(scores.tolist()), rates=tuple(rates.tolist()), counts=tuple(counts[used].tolist()))


def calibration_error(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The expected calibration error over ten bins of equal width.

    >>> calibration_error([0, 1], [0.5, 0.5])
    0.0
    """
    positive, chance = probability(target, score)
    shares = weights(weight, len(chance))
    rows = np.ones(len(chance)) if shares is None else shares
    gaps = np.bincount(_bin(chance), weights=rows * (chance - positive), minlength=BINS)
    return math.fsum(np.abs(gaps).tolist()) / math.fsum(rows.tolist())


def gaps_by_bin(target: ArrayLike, score: ArrayLike, labels: NDArray[np.int64], blocks: int) -> Floats:
    """Score less outcome summed by block and bin, and the block's rows last: (blocks, bins + 1).

    >>> gaps_by_bin([0, 1], [0.55, 0.95], np.array([0, 1]), 2).round(2)[:, [5, 9, 10]].tolist()
    [[0.55, 0.0, 1.0], [0.0, -0.05, 1.0]]
    """
    positive, chance = probability(target, score)
    cells = labels * BINS + _bin(chance)
    gaps = np.bincount(cells, weights=chance - positive, minlength=blocks * BINS).reshape(blocks, BINS)
    return np.column_stack((gaps, np.bincount(labels, minlength=blocks)))


def error_of_gaps(sums: Floats) -> Floats:
    """The expected calibration error of (…, bins + 1) :func:`gaps_by_bin`.

    >>> error_of_gaps(np.array([0.5, -0.5, 2.0])).tolist()
    0.5
    """
    total = np.zeros(sums.shape[:-1])
    for place in range(sums.shape[-1] - 1):  # one by one: the order of the sum is fixed
        total += np.abs(sums[..., place])
    with np.errstate(all="ignore"):
        errors: Floats = total / sums[..., -1]
    return errors


def calibration_slope(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The slope of the outcome's log-odds over the score's: 1 where scores are neither too bold nor too timid.

    Raises InputError where no such line exists: one class only, one score only, or scores that separate the classes.

    >>> round(calibration_slope([0, 0, 1, 0, 1, 1], [0.1, 0.3, 0.4, 0.6, 0.7, 0.9]), 3)
    1.505
    """
    return float(_line(target, score, weight)[1])


def calibration_intercept(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """By how much the log-odds are off in all (calibration in the large): 0 where as many come true as was said.

    Above 0 more came true than was said. Raises InputError with one class only.

    >>> round(calibration_intercept([1, 0], [0.5, 0.5]), 12)
    0.0
    """
    return float(_offset(target, score, weight)[0])


def slopes_without(target: ArrayLike, score: ArrayLike, labels: NDArray[np.int64], blocks: int) -> Floats:
    """The slope without each block, (blocks,), by one Newton step from the slope of all rows (Pregibon 1981).

    >>> slopes_without([0, 1, 1, 0, 1, 0], [0.2, 0.3, 0.9, 0.4, 0.6, 0.7], np.array([0, 0, 1, 1, 2, 2]), 3).shape
    (3,)
    """
    odds, positive = _odds(target, score)
    return _without(
        _line(target, score, None), np.column_stack((np.ones(len(odds)), odds)), 0 * odds, positive, labels, blocks
    )[:, 1]


def intercepts_without(target: ArrayLike, score: ArrayLike, labels: NDArray[np.int64], blocks: int) -> Floats:
    """The intercept without each block, (blocks,), by one Newton step.

    >>> intercepts_without([0, 1, 1, 0], [0.2, 0.3, 0.9, 0.4], np.array([0, 0, 1, 1]), 2).shape
    (2,)
    """
    odds, positive = _odds(target, score)
    return _without(_offset(target, score, None), np.ones((len(odds), 1)), odds, positive, labels, blocks)[:, 0]


def _bin(chance: Floats) -> NDArray[np.int64]:
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], chance).astype(np.int64)


def _odds(target: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    positive, chance = probability(target, score)
    near = np.clip(chance, _NEAR, 1 - _NEAR)
    return np.log(near / (1 - near)), positive.astype(np.float64)


def _line(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> Floats:
    odds, positive = _odds(target, score)
    return _newton(np.column_stack((np.ones(len(odds)), odds)), 0 * odds, positive, weights(weight, len(odds)))


def _offset(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> Floats:
    odds, positive = _odds(target, score)
    return _newton(np.ones((len(odds), 1)), odds, positive, weights(weight, len(odds)))


def _newton(X: Floats, offset: Floats, y: Floats, shares: Floats | None) -> Floats:
    """Logistic regression by Newton's method; (parameters,)."""
    rows = np.ones(len(y)) if shares is None else shares
    found = np.zeros(X.shape[1])
    for _ in range(_ROUNDS):
        gradient, curvature = _derivatives(X, offset, y, rows, found)
        total = np.array([math.fsum(column.tolist()) for column in gradient.T])
        whole = np.array([[math.fsum(column.tolist()) for column in side.T] for side in np.moveaxis(curvature, 1, 0)])
        step = _solved(whole, total)
        if not np.isfinite(step).all() or np.abs(found).max() > 1e3:
            break
        found = found + step
        if np.abs(step).max() < 1e-10:
            return found
    raise InputError("there is no line of calibration", found="scores that separate the outcomes, or one of a kind")


def _without(found: Floats, X: Floats, offset: Floats, y: Floats, labels: NDArray[np.int64], blocks: int) -> Floats:
    gradient, curvature = _derivatives(X, offset, y, np.ones(len(y)), found)
    sums = np.stack([np.bincount(labels, weights=column, minlength=blocks) for column in gradient.T], axis=1)
    size = X.shape[1]
    sides = curvature.reshape(len(y), size * size).T
    bends = np.stack([np.bincount(labels, weights=side, minlength=blocks) for side in sides], axis=1)
    whole = bends.sum(axis=0)
    steps = [_solved((whole - bend).reshape(size, size), -part) for bend, part in zip(bends, sums, strict=True)]
    return found + np.array(steps)


def _derivatives(X: Floats, offset: Floats, y: Floats, rows: Floats, at: Floats) -> tuple[Floats, Floats]:
    odds = offset.copy()
    for place in range(X.shape[1]):  # not a dot product: BLAS adds in another order for other shapes
        odds = odds + X[:, place] * at[place]
    chance = 1 / (1 + np.exp(-np.clip(odds, -700, 700)))
    gradient = (rows * (y - chance))[:, None] * X
    curvature: Floats = (rows * chance * (1 - chance))[:, None, None] * X[:, :, None] * X[:, None, :]
    return gradient, curvature


def _solved(matrix: Floats, vector: Floats) -> Floats:
    """The solution of one or two equations, by hand, so that no library's order of operations enters; NaN if none."""
    with np.errstate(all="ignore"):
        if len(vector) == 1:
            return np.asarray(vector / matrix[0], dtype=np.float64)
        (a, b), (c, d) = matrix
        sides = np.array([d * vector[0] - b * vector[1], a * vector[1] - c * vector[0]])
        return np.asarray(sides / (a * d - b * c), dtype=np.float64)
