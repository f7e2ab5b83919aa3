"""Linear and logistic regression, kept from large weights (ridge).

Hoerl and Kennard 1970; Hastie, Tibshirani and Friedman 2009, chapters 3 and 4.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.predictor.formats import linear

if TYPE_CHECKING:
    from optuna import Trial

_ITERATIONS = 500


class Linear:
    """Ridge regression, or logistic (softmax) regression; ``strength`` is how hard weights are held small.

    >>> rows, target = np.arange(8.0).reshape(8, 1) - 3.5, np.array([0.0] * 4 + [1.0] * 4)
    >>> fitted = Linear().fit(Training(rows, target, "binary", 2, Linear().default(), seed=0))
    >>> (fitted.model.scores(rows) > 0.5).astype(int).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """

    name = "linear"
    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """A mild hold, scikit-learn's own default."""
        return {"strength": 1.0}

    def suggest(self, trial: Trial) -> Parameters:
        """Seven orders of magnitude."""
        return {"strength": trial.suggest_float("strength", 1e-3, 1e4, log=True)}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from threadpoolctl import threadpool_limits

        strength = float(training.parameters["strength"])
        with threadpool_limits(limits=1):
            if training.task == "regression":
                return Fitted(_ridge(training.X, training.y, strength, training.weights), 0)
            return Fitted(logistic(training, {"C": 1 / strength, "solver": "lbfgs"}), 0)


def _ridge(X: Floats, y: Floats, strength: float, weights: Floats | None) -> linear.Linear:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=strength, solver="cholesky").fit(X, y, sample_weight=weights)
    return linear.Linear(model.coef_, float(model.intercept_))


def logistic(training: Training, options: dict[str, Any]) -> linear.Linear:
    """Logistic or softmax regression by scikit-learn's ``LogisticRegression`` with *options*, as a linear model.

    >>> rows, target = np.arange(8.0).reshape(8, 1) - 3.5, np.array([0.0] * 4 + [1.0] * 4)
    >>> logistic(Training(rows, target, "binary", 2, {}, seed=0), {"C": 1.0}).link
    'sigmoid'
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    X, y, task, classes, *_ = training
    model = LogisticRegression(**{"max_iter": _ITERATIONS, **options})
    with warnings.catch_warnings():
        # the validation rows judge what it has come to; going on would move the last digits
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y.astype(np.int64), sample_weight=training.weights)
    if task == "binary":
        return linear.Linear(model.coef_[0], float(model.intercept_[0]), "sigmoid")
    weights, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn then gives the second class against the first
        weights, intercepts = np.vstack([0 * weights, weights]), np.append(0.0, intercepts)
    # a class without a row: as likely as one row in all would make it, not impossible
    full = np.full(classes, min(intercepts.tolist()) - math.log(len(y)))
    full[model.classes_] = intercepts
    slopes = np.zeros((classes, X.shape[1]))
    slopes[model.classes_] = weights
    return linear.Linear(slopes, full, "softmax")
