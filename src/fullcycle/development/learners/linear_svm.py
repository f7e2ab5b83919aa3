"""Linear support vector machines: the plane with the widest margin between classes, or the flattest through numbers.

Cortes and Vapnik 1995, *Support-vector networks*; solved by LIBLINEAR (Fan et al. 2008).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from fullcycle.development.learners.learner import Fitted, Parameters, Training
from fullcycle.development.learners.platt import Plane, calibrated
from fullcycle.predictor.formats.linear import Linear

if TYPE_CHECKING:
    from optuna import Trial

_ITERATIONS = 2000
_INSENSITIVE = 0.05  # standard deviations of the target within which an error costs nothing


class LinearSVM:
    """``penalty`` is what a row on the wrong side of the margin costs.

    >>> rows, target = np.arange(40.0).reshape(40, 1) / 20 - 1, np.array([0.0] * 20 + [1.0] * 20)
    >>> fitted = LinearSVM().fit(Training(rows, target, "binary", 2, LinearSVM().default(), seed=0))
    >>> (fitted.model.scores(rows[[0, 39]]) > 0.5).tolist()
    [False, True]
    """

    name = "linear_svm"
    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Scikit-learn's own."""
        return {"penalty": 1.0}

    def suggest(self, trial: Trial) -> Parameters:
        """Six orders of magnitude."""
        return {"penalty": trial.suggest_float("penalty", 1e-4, 1e2, log=True)}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return Fitted(machine(training), 0)


def machine(training: Training) -> Linear:
    """A support vector machine as a linear model: probabilities of classes, or numbers.

    >>> rows = np.arange(40.0).reshape(40, 1) / 20 - 1
    >>> machine(Training(rows, 3 * rows[:, 0], "regression", 0, {"penalty": 1.0}, seed=0)).weights.round(1).tolist()
    [2.8]
    """
    return _through_numbers(training) if training.task == "regression" else calibrated(training, _between_classes)


def _between_classes(training: Training) -> Plane:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=float(training.parameters["penalty"]), random_state=training.seed, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge what it has come to
        model.fit(training.X, training.y.astype(np.int64), sample_weight=training.weights)
    weights, intercepts = model.coef_, model.intercept_
    if training.task == "binary":
        return weights, intercepts
    if len(model.classes_) == 2:  # LIBLINEAR then gives the second class against the first
        weights, intercepts = np.vstack([-weights, weights]), np.append(-intercepts, intercepts)
    full, level = np.zeros((training.classes, weights.shape[1])), np.full(training.classes, -1.0)
    full[model.classes_], level[model.classes_] = weights, intercepts
    return full, level


def _through_numbers(training: Training) -> Linear:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVR

    mean, scale = standard(training)
    model = LinearSVR(
        C=float(training.parameters["penalty"]),
        epsilon=_INSENSITIVE,
        loss="squared_epsilon_insensitive",
        dual="auto",
        random_state=training.seed,
        max_iter=_ITERATIONS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(training.X, (training.y - mean) / scale, sample_weight=training.weights)
    return Linear(model.coef_ * scale, float(model.intercept_[0]) * scale + mean)


def standard(training: Training) -> tuple[float, float]:
    """Mean and standard deviation of the target, 1 where it never varies.

    >>> standard(Training(np.zeros((2, 0)), np.array([1.0, 3.0]), "regression", 0, {}, seed=0))
    (2.0, 1.0)
    """
    y = training.y
    mean = math.fsum(y.tolist()) / len(y)
    return mean, math.sqrt(math.fsum(((y - mean) ** 2).tolist()) / len(y)) or 1.0
