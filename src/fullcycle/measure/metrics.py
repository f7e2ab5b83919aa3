"""Metrics: how far scores are from what came true. Each agrees with scikit-learn's to 1e-12 where both are defined.

A *target* is (n,): 0 or 1 for binary, class codes 0 … k − 1 for multiclass, numbers for regression. A *score* is (n,):
the probability of 1 for binary, the prediction for regression; (n, k) probabilities for multiclass. Sums are exactly
rounded (`math.fsum`), so a metric does not depend on the order of rows' partial sums, threads or vector width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.registry import Registry
from fullcycle.measure.intervals import Estimate, auc_interval, binary_target, block_codes, jackknife, mean_interval
from fullcycle.measure.ranks import pairs_won

Floats = NDArray[np.float64]
# probabilities are kept this far from 0 and 1, so that one sure mistake costs 34.5 nats and not infinity
EPSILON = 1e-15


def roc_auc(target: ArrayLike, score: ArrayLike) -> float:
    """The chance that a positive row scores above a negative one, ties counting half.

    Raises InputError where the target holds one class only. Source: Fawcett 2006, *An introduction to ROC analysis*.

    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8])
    0.75
    """
    positive, scores = _binary(target, score)
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        raise InputError("a ROC curve needs both classes", found=f"{ones} positives of {len(positive)} rows")
    return int(pairs_won(positive, scores)[positive].sum()) / (2 * ones * zeros)


def log_loss(target: ArrayLike, score: ArrayLike) -> float:
    """The mean negative log-likelihood, in nats; probabilities are clipped to [1e-15, 1 − 1e-15].

    >>> round(log_loss([1, 0], [0.8, 0.4]), 6)
    0.366985
    """
    return _mean(log_losses(target, score))


def log_losses(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's negative log-likelihood, (n,).

    >>> log_losses([1, 0], [0.5, 0.5]).round(4)
    array([0.6931, 0.6931])
    """
    if np.ndim(score) == 2:
        codes, probabilities = _multiclass(target, score)
        chosen = probabilities[np.arange(len(codes)), codes]
    else:
        positive, probability = _probability(target, score)
        # 1 - p before the clip: clipping first would lose what p near 1 says about class 0
        chosen = np.where(positive, probability, 1 - probability)
    losses: Floats = -np.log(np.clip(chosen, EPSILON, 1 - EPSILON))
    return losses


def brier(target: ArrayLike, score: ArrayLike) -> float:
    """The mean squared distance of probabilities from what came true; over all classes for multiclass (Brier 1950).

    >>> brier([1, 0], [0.5, 0.0])
    0.125
    """
    return _mean(brier_losses(target, score))


def brier_losses(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's squared distance, (n,).

    >>> brier_losses([1, 0], [0.5, 0.0])
    array([0.25, 0.  ])
    """
    if np.ndim(score) == 2:
        codes, probabilities = _multiclass(target, score)
        losses = np.zeros(len(codes))
        for code in range(probabilities.shape[1]):
            losses += (probabilities[:, code] - (codes == code)) ** 2
        return losses
    positive, probability = _probability(target, score)
    squares: Floats = (probability - positive) ** 2
    return squares


def accuracy(target: ArrayLike, score: ArrayLike) -> float:
    """The share of rows whose likeliest class came true. A binary score says 1 above one half.

    >>> accuracy([1, 0, 1], [0.9, 0.2, 0.4]) == 2 / 3
    True
    """
    return _mean(hits(target, score))


def hits(target: ArrayLike, score: ArrayLike) -> Floats:
    """1 for each row whose likeliest class came true, else 0, (n,). Ties go to the earlier class.

    >>> hits([2, 0], [[0.1, 0.2, 0.7], [0.3, 0.6, 0.1]])
    array([1., 0.])
    """
    if np.ndim(score) == 2:
        codes, probabilities = _multiclass(target, score)
        return np.asarray(probabilities.argmax(axis=1) == codes, dtype=np.float64)
    positive, scores = _binary(target, score)
    return np.asarray((scores > 0.5) == positive, dtype=np.float64)


def precision(target: ArrayLike, score: ArrayLike) -> float:
    """The share of rows scored above one half that came true; 0 where none is, as scikit-learn has it.

    >>> precision([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    true_positives, said, _ = _confusion(target, score)
    return true_positives / said if said else 0.0


def recall(target: ArrayLike, score: ArrayLike) -> float:
    """The share of rows that came true which were scored above one half; 0 where none came true.

    >>> recall([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    true_positives, _, were = _confusion(target, score)
    return true_positives / were if were else 0.0


def f1(target: ArrayLike, score: ArrayLike) -> float:
    """The harmonic mean of precision and recall; 0 where neither is defined.

    >>> f1([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    true_positives, said, were = _confusion(target, score)
    return 2 * true_positives / (said + were) if said + were else 0.0


def average_precision(target: ArrayLike, score: ArrayLike) -> float:
    """The precision at each threshold, weighted by the recall gained there; rows of one score enter together.

    Raises InputError where no row is positive. Source: scikit-learn, *Precision, recall and F-measures*.

    >>> average_precision([1, 0, 1], [0.9, 0.8, 0.4]) == 0.5 * 1 + 0.5 * 2 / 3
    True
    """
    positive, scores = _binary(target, score)
    ones = int(positive.sum())
    if not ones:
        raise InputError("average precision needs a positive row", found=f"0 positives of {len(positive)} rows")
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true_positives = np.cumsum(positive[order])[ends]
    gained = np.diff(true_positives, prepend=0) / ones
    return math.fsum((gained * (true_positives / (ends + 1))).tolist())


def mae(target: ArrayLike, score: ArrayLike) -> float:
    """The mean absolute error, in the target's unit.

    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return _mean(absolute_errors(target, score))


def absolute_errors(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's absolute error, (n,).

    >>> absolute_errors([1.0, 2.0], [2.0, 4.0])
    array([1., 2.])
    """
    actual, predicted = _numbers(target, score)
    return np.abs(actual - predicted)


def rmse(target: ArrayLike, score: ArrayLike) -> float:
    """The root of the mean squared error, in the target's unit.

    >>> rmse([1.0, 2.0], [4.0, 6.0]) == 12.5 ** 0.5
    True
    """
    actual, predicted = _numbers(target, score)
    return math.sqrt(_mean((actual - predicted) ** 2))


def r2(target: ArrayLike, score: ArrayLike) -> float:
    """The share of the target's variance that the prediction explains; below 0 it does worse than the mean.

    A target that is constant gives 1 if it is met exactly, else 0. Raises InputError with fewer than two rows.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    actual, predicted = _numbers(target, score)
    if len(actual) < 2:
        raise InputError("r2 needs two rows", found=len(actual), expected="2 or more")
    mean = _mean(actual)
    residual = math.fsum(((actual - predicted) ** 2).tolist())
    total = math.fsum(((actual - mean) ** 2).tolist())
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


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
    target: ArrayLike, score: ArrayLike, *, bins: int = 10, strategy: Literal["uniform", "quantile"] = "uniform"
) -> Calibration:
    """Mean score and rate of positives in each bin: a calibration curve (DeGroot and Fienberg 1983).

    Bins are of equal width, or of about equal rows (``quantile``).

    >>> calibration([0, 1, 1], [0.15, 0.15, 0.95]).rates
    (0.5, 1.0)
    """
    if bins < 1:
        raise InputError("calibration needs a bin", found=bins, expected="1 or more")
    positive, probability = _probability(target, score)
    steps = np.linspace(0, 1, bins + 1)
    edges = np.quantile(probability, steps) if strategy == "quantile" else steps
    cell = np.searchsorted(edges[1:-1], probability)
    counts = np.bincount(cell, minlength=bins)
    used = counts > 0
    scores = np.bincount(cell, weights=probability, minlength=bins)[used] / counts[used]
    rates = np.bincount(cell[positive], minlength=bins)[used] / counts[used]
    return Calibration(scores=tuple(scores.tolist()), rates=tuple(rates.tolist()), counts=tuple(counts[used].tolist()))


def calibration_error(target: ArrayLike, score: ArrayLike) -> float:
    """The expected calibration error over ten bins of equal width.

    >>> calibration_error([0, 1], [0.5, 0.5])
    0.0
    """
    return calibration(target, score).error


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by name: how it is computed, which way is better, for which tasks.

    ``rowwise`` gives (n,) values whose mean is the metric, where there are such; ``least`` and ``most`` bound what it
    can be. The unit ``target`` stands for the target's own.

    >>> Metric("largest_error", lambda y, s: float(np.abs(np.subtract(y, s)).max()), "lower", ("regression",)).better
    'lower'
    """

    name: str
    function: Callable[[ArrayLike, ArrayLike], float]
    better: Literal["higher", "lower"]
    tasks: tuple[str, ...]
    unit: str = ""
    rowwise: Callable[[ArrayLike, ArrayLike], Floats] | None = None
    least: float = 0.0
    most: float = math.inf


_CLASSES = ("binary", "multiclass")
METRICS: Registry[Metric] = Registry("metric")
"""Every metric by name; a project's own stand beside ours."""

for _metric in (
    Metric("roc_auc", roc_auc, "higher", ("binary",), most=1.0),
    Metric("log_loss", log_loss, "lower", _CLASSES, unit="nats", rowwise=log_losses),
    Metric("brier", brier, "lower", _CLASSES, rowwise=brier_losses, most=2.0),
    Metric("accuracy", accuracy, "higher", _CLASSES, rowwise=hits, most=1.0),
    Metric("precision", precision, "higher", ("binary",), most=1.0),
    Metric("recall", recall, "higher", ("binary",), most=1.0),
    Metric("f1", f1, "higher", ("binary",), most=1.0),
    Metric("average_precision", average_precision, "higher", ("binary",), most=1.0),
    Metric("calibration_error", calibration_error, "lower", ("binary",), most=1.0),
    Metric("mae", mae, "lower", ("regression",), unit="target", rowwise=absolute_errors),
    Metric("rmse", rmse, "lower", ("regression",), unit="target"),
    Metric("r2", r2, "higher", ("regression",), least=-math.inf, most=1.0),
):
    METRICS.add(_metric.name, _metric)


def metric(name: str, *, place: str = "") -> Metric:
    """The metric of that name. Raises UnknownKey, naming the nearest, for a misspelling.

    >>> metric("roc_auc").better
    'higher'
    """
    if name not in METRICS:
        raise UnknownKey(name, METRICS, place=place, what="metric")
    return METRICS[name]


def own(function: Callable[[Floats, Floats, Floats], float]) -> Callable[[Floats, Floats, Floats], float]:
    """Register a project's own metric, ``(actual, score, weight) -> float``, under its function's name; higher is better.

    >>> @own
    ... def share_right(actual, score, weight):
    ...     return float(np.average((score > 0.5) == actual, weights=weight))
    >>> round(METRICS["share_right"].function([0, 1, 1], [0.2, 0.9, 0.1]), 3)
    0.667
    >>> _ = METRICS.remove("share_right")
    """

    def plain(target: ArrayLike, score: ArrayLike) -> float:
        actual = np.asarray(target, dtype=np.float64)
        return float(function(actual, np.asarray(score, dtype=np.float64), np.ones(len(actual))))

    METRICS.add(
        function.__name__,
        Metric(function.__name__, plain, "higher", ("binary", "multiclass", "regression"), least=-math.inf),
    )
    return function


def evaluate(
    name: str | Metric, target: ArrayLike, score: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95
) -> Estimate:
    """A metric with its interval over blocks of rows.

    A metric that is a mean of row values takes one pass, the area under the ROC curve one sort; any other is computed
    again without each block. A metric that is undefined without one of the blocks has no interval.

    Raises
    ------
    UnknownKey : no metric has that name.
    InputError : the metric is undefined on these rows.

    Examples
    --------
    >>> evaluate("accuracy", [1, 0, 1, 0], [0.9, 0.2, 0.4, 0.1], [0, 0, 1, 1]).point
    0.75
    """
    chosen = metric(name) if isinstance(name, str) else name
    if chosen.rowwise is not None:
        found = mean_interval(chosen.rowwise(target, score), blocks, confidence=confidence, unit=chosen.unit)
    elif chosen.function is roc_auc:
        found = auc_interval(target, score, blocks, confidence=confidence, unit=chosen.unit)
    else:
        found = _by_deletion(chosen, target, score, blocks, confidence)
    return found.clipped(chosen.least, chosen.most)


def _by_deletion(chosen: Metric, target: ArrayLike, score: ArrayLike, blocks: ArrayLike, confidence: float) -> Estimate:
    actual, scores = np.asarray(target), np.asarray(score)
    block_codes(blocks, len(actual))
    chosen.function(actual, scores)  # undefined on all rows is a mistake to report, without one block it is not

    def statistic(weights: NDArray[np.int64]) -> float:
        kept = weights > 0
        try:
            return chosen.function(actual[kept], scores[kept])
        except InputError:
            return math.nan

    return jackknife(statistic, blocks, confidence=confidence, unit=chosen.unit)


def _confusion(target: ArrayLike, score: ArrayLike) -> tuple[int, int, int]:
    """True positives, rows said to be positive, rows that were."""
    positive, scores = _binary(target, score)
    said = scores > 0.5
    return int((said & positive).sum()), int(said.sum()), int(positive.sum())


def _mean(values: Floats) -> float:
    return math.fsum(values.tolist()) / len(values)


def _binary(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    actual, scores = _numbers(target, score)
    return binary_target(actual), scores


def _probability(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    positive, scores = _binary(target, score)
    if scores.min() < 0 or scores.max() > 1:
        raise InputError(
            "a score is no probability", found=(float(scores.min()), float(scores.max())), expected="0 to 1"
        )
    return positive, scores


def _multiclass(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
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


def _numbers(target: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    actual, scores = np.asarray(target, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if actual.ndim != 1 or actual.shape != scores.shape or not actual.size:
        raise InputError(
            "target and score differ in shape", found=(actual.shape, scores.shape), expected="both (n,), n ≥ 1"
        )
    if not np.isfinite(actual).all() or not np.isfinite(scores).all():
        raise InputError("target or score holds a number that is not finite", mend="leave rows without outcome out")
    return actual, scores
