"""Calibration: a map of probabilities, fitted on rows that the model has not seen, and adopted only where it is sure to help.

``isotonic`` with enough rows of the rarer class, else ``temperature`` for ensembles, networks and several classes and
``sigmoid`` for the rest. Sources: see :mod:`fullcycle.predictor.formats.calibrated`; which to take when: Niculescu-Mizil
and Caruana 2005, *Predicting good probabilities with supervised learning*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.losses import row_losses
from fullcycle.development.records import Member
from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import block_codes, difference
from fullcycle.predictor.formats.calibrated import LEAST, Map, Method

RARER = 1000  # rows of the rarer class from which isotonic regression does not follow chance
FEWEST = 200  # rows below which nothing is calibrated
FOLDS = 5
_STEPS = 100  # of Newton's method at most; ten are usual
_NETWORKS = ("multilayer_perceptron",)


class Calibration(NamedTuple):
    """What calibrating came to.

    Attributes
    ----------
    map : None where it is not adopted.
    findings : a note of what it gains.
    """

    map: Map | None
    findings: tuple[Finding, ...] = ()


def calibration(
    members: Sequence[Member],
    task: str,
    target: Floats,
    scores: Floats,
    blocks: NDArray[np.int64],
    *,
    confidence: float,
) -> Calibration:
    """The map of a model's probabilities, if the loss of rows that it was not fitted on is sure to fall by it.

    The rows are divided into contiguous fifths of their blocks; each is mapped by what the others say, and the paired
    difference of the loss must lie below nought at *confidence*.

    Parameters
    ----------
    target, scores, blocks : (n,); scores are (n, classes) for multiclass.
    """
    if task == "regression" or len(target) < FEWEST:
        return Calibration(None)
    method = method_of(members, task, target)
    mapped = cross_mapped(method, target, scores, blocks)
    if mapped is None:
        return Calibration(None)
    change = difference(
        row_losses(task, target, mapped), row_losses(task, target, scores), blocks, confidence=confidence
    )
    adopted = change.high is not None and change.high < 0
    note = Finding(
        check="calibration",
        subject=method,
        value=change.point,
        low=change.low,
        high=change.high,
        limit=0.0,
        rule="less_than",
        severity="note",
        unit="nats",
        evidence={"adopted": adopted, "rows": change.n, "blocks": change.blocks},
    )
    return Calibration(fit_map(method, target, scores) if adopted else None, (note,))


def method_of(members: Sequence[Member], task: str, target: Floats) -> Method:
    """Which map suits.

    >>> method_of([Member(trial="", learner="linear", parameters={}, iterations=0, weight=1)], "binary", np.zeros(9))
    'sigmoid'
    """
    if task == "multiclass":
        return "temperature"
    if min(int((target == 1).sum()), int((target == 0).sum())) >= RARER:
        return "isotonic"
    return "temperature" if len(members) > 1 or members[0].learner in _NETWORKS else "sigmoid"


def cross_mapped(method: Method, target: Floats, scores: Floats, blocks: NDArray[np.int64]) -> Floats | None:
    """Each row's probabilities, mapped by what rows of other blocks say; None where a part has no map.

    >>> target, scores = np.tile([0.0, 1.0, 1.0, 1.0], 10), np.tile([0.5, 0.5, 0.6, 0.6], 10)
    >>> cross_mapped("sigmoid", target, scores, np.arange(40) // 4).round(1).tolist()[:4]
    [0.5, 0.5, 1.0, 1.0]
    """
    labels, k = block_codes(blocks)
    parts = labels * min(FOLDS, k) // k
    found = np.empty_like(scores)
    for part in range(min(FOLDS, k)):
        out = parts == part
        map = fit_map(method, target[~out], scores[~out]) if not out.all() else None
        if map is None:
            return None
        found[out] = map.scores(scores[out])
    return found


def fit_map(method: Method, target: Floats, scores: Floats) -> Map | None:
    """The map under which *target* is likeliest; None where a class lacks or the scores say the opposite.

    >>> fit_map("temperature", np.array([0.0, 1.0, 1.0, 0.0] * 50), np.array([0.1, 0.9, 0.9, 0.9] * 50)).numbers[0] > 1
    True
    """
    if len(np.unique(target)) < 2:
        return None
    if method == "isotonic":
        return _isotonic(target, scores)
    return _sigmoid(target, scores) if method == "sigmoid" else _temperature(target, scores)


def _temperature(target: Floats, scores: Floats) -> Map:
    from scipy.optimize import minimize_scalar

    shares = scores if scores.ndim == 2 else np.column_stack((1 - scores, scores))
    logs = np.log(np.maximum(shares, LEAST))
    own = logs[np.arange(len(target)), target.astype(np.int64)]

    def loss(log_temperature: float) -> float:
        heat = math.exp(log_temperature)
        scaled = logs / heat
        most = scaled.max(axis=1)
        return float(np.mean(most + np.log(np.exp(scaled - most[:, None]).sum(axis=1)) - own / heat))

    found = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-6})
    return Map(method="temperature", numbers=(float(math.exp(found.x)),))


def _sigmoid(target: Floats, scores: Floats) -> Map | None:
    """Newton's method on slope and intercept, with targets drawn in a little from 0 and 1 (Platt 1999)."""
    bounded = np.clip(scores, LEAST, 1 - LEAST)
    odds = np.log(bounded / (1 - bounded))
    ones = math.fsum(target.tolist())
    zeros = len(target) - ones
    aim = np.where(target == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    slope, intercept = 0.0, math.log((ones + 1) / (zeros + 1))
    for _ in range(_STEPS):
        shares = 1 / (1 + np.exp(-(slope * odds + intercept)))
        off, spread = shares - aim, np.maximum(shares * (1 - shares), 1e-12)
        gradient = np.array([math.fsum((off * odds).tolist()), math.fsum(off.tolist())])
        mixed = math.fsum((spread * odds).tolist())
        a, c = math.fsum((spread * odds**2).tolist()) + 1e-9, math.fsum(spread.tolist()) + 1e-9
        whole = a * c - mixed**2
        if whole <= 0:  # all scores are one: only the intercept says anything
            return None
        steps = (c * gradient[0] - mixed * gradient[1]) / whole, (a * gradient[1] - mixed * gradient[0]) / whole
        slope, intercept = slope - steps[0], intercept - steps[1]
        if max(map(abs, steps)) < 1e-10:
            break
    good = math.isfinite(slope) and math.isfinite(intercept) and slope > 0
    return Map(method="sigmoid", numbers=(float(slope), float(intercept))) if good else None


def _isotonic(target: Floats, scores: Floats) -> Map:
    from sklearn.isotonic import IsotonicRegression

    found = IsotonicRegression(out_of_bounds="clip").fit(scores, target)
    sure = 0.5 / len(target)  # no row is impossible because none was seen
    levels = np.clip(found.y_thresholds_, sure, 1 - sure)
    return Map(method="isotonic", numbers=(*map(float, found.X_thresholds_), *map(float, levels)))
