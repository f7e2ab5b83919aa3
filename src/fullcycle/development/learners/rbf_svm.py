"""Support vector machines with radial basis functions, by Nyström's method: nearness to some rows instead of to all.

Williams and Seeger 2001, *Using the Nyström method to speed up kernel machines*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.development.learners.linear_svm import machine
from fullcycle.predictor.formats.kernel import Kernel
from fullcycle.predictor.formats.linear import Linear

if TYPE_CHECKING:
    from optuna import Trial

ROWS = 20_000  # that it is fitted on, at most: each takes a number for each landmark
_SMALL = 1e-6  # of the largest singular value: what lies below is noise of rounding


class RBFSVM:
    """``landmarks`` training rows are kept in the model. ``width`` 1 is scikit-learn's ``scale``.

    >>> rows = np.random.default_rng(0).normal(size=(300, 2))
    >>> inside = ((rows**2).sum(axis=1) < 1).astype(float)
    >>> fitted = RBFSVM().fit(Training(rows, inside, "binary", 2, RBFSVM().default(), seed=0))
    >>> fitted.model.score([0.0, 0.0]) > 0.9, fitted.model.score([2.0, 2.0]) < 0.1
    (True, True)
    """

    name = "rbf_svm"
    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = True
    honours = ()

    def default(self) -> Parameters:
        """Two hundred landmarks, so that one row is answered in far less than a millisecond."""
        return {"penalty": 1.0, "width": 1.0, "landmarks": 200}

    def suggest(self, trial: Trial) -> Parameters:
        """Orders of magnitude of penalty and width; the landmarks stay, for more are never worse, only slower."""
        return {
            "penalty": trial.suggest_float("penalty", 1e-3, 1e2, log=True),
            "width": trial.suggest_float("width", 0.03, 10.0, log=True),
            "landmarks": 200,
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            seen = _drawn(training)
            random = np.random.default_rng(training.seed)
            count = min(int(training.parameters["landmarks"]), len(seen.y))
            landmarks = seen.X[np.sort(random.choice(len(seen.y), count, replace=False))]
            width = float(training.parameters["width"]) / (seen.X.shape[1] * (float(seen.X.var()) or 1.0))
            whiten = _inverse_root(_near(landmarks, landmarks, width))
            head = machine(seen._replace(X=_near(seen.X, landmarks, width) @ whiten))
            return Fitted(Kernel(landmarks, width, Linear(head.weights @ whiten.T, head.intercept, head.link)), 0)


def _drawn(training: Training) -> Training:
    if len(training.y) <= ROWS:
        return training
    rows = np.sort(np.random.default_rng([training.seed, 1]).choice(len(training.y), ROWS, replace=False))
    weights = None if training.weights is None else training.weights[rows]
    return training._replace(X=training.X[rows], y=training.y[rows], weights=weights)


def _near(rows: Floats, landmarks: Floats, width: float) -> Floats:
    squares = np.zeros((len(rows), len(landmarks)))
    for feature in range(rows.shape[1]):
        squares += (rows[:, feature, None] - landmarks[:, feature]) ** 2
    near: Floats = np.exp(squares * -width)
    return near


def _inverse_root(near: Floats) -> Floats:
    left, sizes, right = np.linalg.svd(near)
    kept = sizes > _SMALL * sizes[0]
    root: Floats = (left[:, kept] / np.sqrt(sizes[kept])) @ right[kept]
    return root
