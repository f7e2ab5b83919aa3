"""Probabilities from decisions: a logistic regression of the outcomes on what models said that had not seen them.

Platt 1999, *Probabilistic outputs for support vector machines*; for several classes a softmax regression on all decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.learners.learner import Floats, Training
from fullcycle.development.learners.linear import logistic
from fullcycle.predictor.formats.linear import Linear

Plane: TypeAlias = tuple[Floats, Floats]
"""Weights, (decisions, features), and intercepts, (decisions,)."""
FOLDS = 5


def calibrated(training: Training, fit: Callable[[Training], Plane]) -> Linear:
    """The plane that *fit* finds on all rows, its decisions turned into probabilities by those on held-out folds.

    >>> X, y = np.arange(40.0).reshape(40, 1) - 19.5, (np.arange(40) > 19).astype(float)
    >>> model = calibrated(Training(X, y, "binary", 2, {}, 0), lambda rows: (np.ones((1, 1)), np.zeros(1)))
    >>> bool(model.score([-20.0]) < 0.1), bool(model.score([20.0]) > 0.9)
    (True, True)
    """
    X, y = training.X, training.y
    fold = folds(y)
    decisions = np.empty((len(y), 1 if training.task == "binary" else training.classes))
    for number in range(FOLDS):
        weights, intercepts = fit(_only(training, fold != number))
        decisions[fold == number] = X[fold == number] @ weights.T + intercepts
    head = logistic(training._replace(X=decisions), {"C": 1.0})
    weights, intercepts = fit(training)
    return Linear(head.weights @ weights, head.intercept + head.weights @ intercepts, head.link)


def folds(y: Floats) -> NDArray[np.int64]:
    """Which fold each row is in, (n,): a block of time for each class, so that every fold has its share of each.

    >>> folds(np.array([0.0, 0, 0, 0, 0, 1, 1, 1, 1, 1])).tolist()
    [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    """
    found = np.empty(len(y), dtype=np.int64)
    for code in np.unique(y):
        rows = np.flatnonzero(y == code)
        found[rows] = np.arange(len(rows)) * FOLDS // len(rows)
    return found


def _only(training: Training, rows: NDArray[np.bool_]) -> Training:
    weights = None if training.weights is None else training.weights[rows]
    return training._replace(X=training.X[rows], y=training.y[rows], weights=weights)
