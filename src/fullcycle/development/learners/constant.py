"""The constant: the base rate, the mean or one cluster for every row. What any model must beat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.predictor.formats import linear
from fullcycle.predictor.formats.centroids import Centroids

if TYPE_CHECKING:
    from optuna import Trial


class Constant:
    """Predicts the training rows' base rate, shares of classes, or mean; for clustering, that all are in one cluster.

    >>> rows, target = np.empty((4, 0)), np.array([1.0, 0.0, 0.0, 0.0])
    >>> fitted = Constant().fit(Training(rows, target, "binary", 2, {}, seed=0))
    >>> fitted.model.scores(rows).round(12).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    name = "constant"
    recipe = "none"
    tasks = ("binary", "multiclass", "regression", "clustering")
    keeps_rows = False
    honours = ("monotone", "never_together")  # it uses no feature at all

    def default(self) -> Parameters:
        """It has no parameters."""
        return {}

    def suggest(self, trial: Trial) -> Parameters:
        """It has no parameters."""
        return {}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`."""
        X, y, task, classes, *_ = training
        if task == "clustering":
            middle = [math.fsum(column.tolist()) / len(X) for column in X.T]
            return Fitted(Centroids(np.array(middle).reshape(1, -1)), 0)
        weights, level = np.zeros(X.shape[1]), constant(y, task, classes, training.weights)
        if task == "multiclass":
            shares = np.maximum(level, 1e-15)
            return Fitted(linear.Linear(np.zeros((classes, X.shape[1])), np.log(shares), "softmax"), 0)
        if task == "regression":
            return Fitted(linear.Linear(weights, float(level[0])), 0)
        share = min(max(float(level[0]), 1e-15), 1 - 1e-15)
        return Fitted(linear.Linear(weights, math.log(share / (1 - share)), "sigmoid"), 0)


def constant(y: Floats, task: str, classes: int, weights: Floats | None = None) -> Floats:
    """The constant score of targets y, of which each counts its weight: (1,) base rate or mean, or (classes,) shares.

    >>> constant(np.array([0.0, 2.0, 2.0, 1.0]), "multiclass", 3).tolist()
    [0.25, 0.25, 0.5]
    """
    rows = float(len(y)) if weights is None else math.fsum(weights.tolist())
    if task == "multiclass":  # bincount adds in the order of rows, on one thread
        shares: Floats = np.bincount(y.astype(np.int64), weights=weights, minlength=classes) / rows
        return shares
    return np.array([math.fsum((y if weights is None else y * weights).tolist()) / rows])
