"""Metrics by name: which way is better, for which tasks, and how the interval is had without computing all again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.registry import Registry
from fullcycle.measure.intervals import (
    Estimate,
    areas_without,
    block_codes,
    from_replicates,
    means_without,
)
from fullcycle.measure.metrics import decisions, errors
from fullcycle.measure.metrics import reliability as line
from fullcycle.measure.metrics.arguments import Floats, Function, Ints
from fullcycle.measure.metrics.probabilities import brier, brier_losses, log_loss, log_losses
from fullcycle.measure.metrics.ranking import average_precision, roc_auc

GROUPS = 50  # to which rows are dealt where the variance by rows has no shorter way
_CLASSES = ("binary", "multiclass")


@dataclass(frozen=True, slots=True)
class Summed:
    """A metric that follows from sums over rows.

    Attributes
    ----------
    sums : ``(target, score, labels, blocks)`` → (blocks, …) sums of the rows of each block.
    of : (…) sums → the metric, for many sums at once.
    """

    sums: Callable[[ArrayLike, ArrayLike, Ints, int], Floats]
    of: Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by name: how it is computed, which way is better, for which tasks.

    ``function`` takes target, score and, as a third, weights. ``rowwise`` gives (n,) values whose mean is the metric,
    where there are such; ``summed`` and ``without`` are other short ways to the metric without each block. ``least`` and
    ``most`` bound what it can be. The unit ``target`` stands for the target's own. ``decided`` says that it judges what
    was said and not how surely: it is read at the policy's decisions.

    >>> Metric("largest_error", lambda y, s: float(np.abs(np.subtract(y, s)).max()), "lower", ("regression",)).better
    'lower'
    """

    name: str
    function: Function
    better: Literal["higher", "lower", "near"]
    tasks: tuple[str, ...]
    unit: str = ""
    rowwise: Callable[[ArrayLike, ArrayLike], Floats] | None = None
    least: float = 0.0
    most: float = math.inf
    summed: Summed | None = None
    without: Callable[[ArrayLike, ArrayLike, Ints, int], Floats] | None = None
    decided: bool = False


METRICS: Registry[Metric] = Registry("metric")
"""Every metric by name; a project's own stand beside ours."""

_GAPS = Summed(line.gaps_by_bin, line.error_of_gaps)
for _metric in (
    Metric("roc_auc", roc_auc, "higher", ("binary",), most=1.0, without=areas_without),
    Metric("log_loss", log_loss, "lower", _CLASSES, unit="nats", rowwise=log_losses),
    Metric("brier", brier, "lower", _CLASSES, rowwise=brier_losses, most=2.0),
    Metric("accuracy", decisions.accuracy, "higher", _CLASSES, rowwise=decisions.hits, most=1.0, decided=True),
    *(
        Metric(
            function.__name__,
            function,
            "higher",
            _CLASSES,
            most=1.0,
            summed=Summed(decisions.counted, of),
            decided=True,
        )
        for function, of in (
            (decisions.precision, decisions.precisions),
            (decisions.recall, decisions.recalls),
            (decisions.f1, decisions.f1s),
        )
    ),
    Metric("average_precision", average_precision, "higher", ("binary",), most=1.0),
    Metric("calibration_error", line.calibration_error, "lower", ("binary",), most=1.0, summed=_GAPS),
    Metric(
        *("calibration_slope", line.calibration_slope, "near", ("binary",)),
        least=-math.inf,
        without=line.slopes_without,
    ),
    Metric(
        *("calibration_intercept", line.calibration_intercept, "near", ("binary",)),
        least=-math.inf,
        without=line.intercepts_without,
    ),
    Metric("mae", errors.mae, "lower", ("regression",), unit="target", rowwise=errors.absolute_errors),
    Metric(
        "rmse",
        errors.rmse,
        "lower",
        ("regression",),
        unit="target",
        summed=Summed(errors.moments, errors.root_mean),
    ),
    Metric(
        "r2",
        errors.r2,
        "higher",
        ("regression",),
        least=-math.inf,
        most=1.0,
        summed=Summed(errors.moments, errors.explained),
    ),
    Metric("mape", errors.mape, "lower", ("regression",), rowwise=errors.percentage_errors),
    Metric("pinball", errors.pinball, "lower", ("regression",), unit="target", rowwise=errors.pinball_losses),
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

    def plain(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
        actual = np.asarray(target, dtype=np.float64)
        shares = np.ones(len(actual)) if weight is None else np.asarray(weight, dtype=np.float64)
        return float(function(actual, np.asarray(score, dtype=np.float64), shares))

    METRICS.add(
        function.__name__,
        Metric(function.__name__, plain, "higher", ("binary", "multiclass", "regression"), least=-math.inf),
    )
    return function


def evaluate(
    name: str | Metric, target: ArrayLike, score: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95
) -> Estimate:
    """A metric with its interval over blocks of rows.

    A metric that is a mean of row values or follows from sums takes one pass, the area under the ROC curve one sort; any
    other is computed again without each block. A metric that is undefined without one of the blocks has no interval.

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
    labels, k = block_codes(blocks, len(np.asarray(target)))
    point = chosen.function(target, score)
    left = replicates(chosen, target, score, labels, k) if k > 1 else np.empty(0)
    found = from_replicates(point, left, n=len(labels), confidence=confidence, unit=chosen.unit)
    return found.clipped(chosen.least, chosen.most)


def replicates(chosen: Metric, target: ArrayLike, score: ArrayLike, labels: Ints, blocks: int) -> Floats:
    """The metric without each block, (blocks,); NaN where it is undefined without one.

    Parameters
    ----------
    labels : (n,) the block of each row, 0 to *blocks* − 1.

    Examples
    --------
    >>> replicates(metric("mae"), [1.0, 2.0], [1.0, 4.0], np.array([0, 1]), 2).tolist()
    [2.0, 0.0]
    """
    if chosen.rowwise is not None:
        return means_without(chosen.rowwise(target, score), labels, blocks)
    if chosen.summed is not None:
        sums = chosen.summed.sums(target, score, labels, blocks)
        return chosen.summed.of(sums.sum(axis=0) - sums)
    if chosen.without is not None:
        return chosen.without(target, score, labels, blocks)
    return _by_deletion(chosen, np.asarray(target), np.asarray(score), labels, blocks)


def effect_of_design(name: str | Metric, target: ArrayLike, score: ArrayLike, blocks: ArrayLike) -> float | None:
    """How many times larger a metric's variance is by blocks than by rows that stand alone (Kish 1965).

    n divided by it is the effective number of rows. None where one of the two has no value. A metric without a short way
    has its variance by rows from rows dealt to 50 groups, always the same.

    >>> target, score = [0, 1, 0, 1, 1, 0], [0.1, 0.9, 0.1, 0.4, 0.9, 0.4]
    >>> round(effect_of_design("brier", target, score, [0, 1, 0, 2, 1, 2]), 3)
    2.016
    """
    chosen = metric(name) if isinstance(name, str) else name
    labels, k = block_codes(blocks)
    n = len(labels)
    if k < 2:
        return None
    quick = chosen.rowwise is not None or chosen.summed is not None or chosen.without is not None
    dealt = np.arange(n) if quick else np.random.Generator(np.random.Philox(0)).permutation(n) % min(GROUPS, n)
    alone, groups = block_codes(dealt)
    by_blocks = _variance(replicates(chosen, target, score, labels, k))
    by_rows = _variance(replicates(chosen, target, score, alone, groups))
    if not math.isfinite(by_blocks) or not math.isfinite(by_rows) or by_rows == 0:
        return None
    return by_blocks / by_rows


def _variance(left: Floats) -> float:
    """The jackknife's variance of a metric whose values without each block are *left*; NaN where one is undefined."""
    if not np.isfinite(left).all():
        return math.nan
    middle = math.fsum(left.tolist()) / len(left)
    return (len(left) - 1) / len(left) * math.fsum(((left - middle) ** 2).tolist())


def _by_deletion(
    chosen: Metric, target: NDArray[np.generic], score: NDArray[np.generic], labels: Ints, blocks: int
) -> Floats:
    found = np.empty(blocks)
    for block in range(blocks):
        kept = labels != block
        try:
            found[block] = chosen.function(target[kept], score[kept])
        except InputError:  # undefined on all rows is a mistake to report, without one block it is not
            found[block] = math.nan
    return found
