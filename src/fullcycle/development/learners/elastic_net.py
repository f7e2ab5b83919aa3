"""Linear and logistic regression whose weights are held small by their squares (L2), their sizes (L1), or both.

L1 makes weights exactly 0, and so selects features (the LASSO).

Tibshirani 1996, *Regression shrinkage and selection via the lasso*; Zou and Hastie 2005, *Regularization and variable selection
via the elastic net*.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from fullcycle.development.learners.learner import Fitted, Parameters, Training
from fullcycle.development.learners.linear import logistic
from fullcycle.predictor.formats import linear

if TYPE_CHECKING:
    from optuna import Trial

_SWEEPS = 300


class ElasticNet:
    """``strength`` is how hard weights are held small, and ``l1_ratio`` how much of it is L1: 1 is the LASSO, 0 the ridge.

    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(200, 3))
    >>> learner = ElasticNet()
    >>> fitted = learner.fit(Training(rows, 3 * rows[:, 0], "regression", 0, {"strength": 0.5, "l1_ratio": 1.0}, seed=0))
    >>> np.flatnonzero(fitted.model.weights).tolist()
    [0]
    """

    name = "elastic_net"
    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Half and half, and mild: a thousandth of the mean loss."""
        return {"strength": 1e-3, "l1_ratio": 0.5}

    def suggest(self, trial: Trial) -> Parameters:
        """From L2 alone to L1 alone, over five orders of magnitude."""
        return {
            "strength": trial.suggest_float("strength", 1e-5, 1.0, log=True),
            "l1_ratio": trial.suggest_float("l1_ratio", 0.0, 1.0),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order."""
        from threadpoolctl import threadpool_limits

        strength, ratio = float(training.parameters["strength"]), float(training.parameters["l1_ratio"])
        with threadpool_limits(limits=1):
            if training.task == "regression":
                return Fitted(_regression(training, strength, ratio), 0)
            rows = len(training.y) if training.weights is None else float(training.weights.sum())
            options = {"C": 1 / (strength * rows), "l1_ratio": ratio, "solver": "saga", "random_state": training.seed}
            return Fitted(logistic(training, {**options, "max_iter": _SWEEPS, "tol": 1e-3}), 0)


def _regression(training: Training, strength: float, ratio: float) -> linear.Linear:
    from sklearn import linear_model
    from sklearn.exceptions import ConvergenceWarning

    model = linear_model.ElasticNet(alpha=strength, l1_ratio=ratio, max_iter=_SWEEPS)
    with warnings.catch_warnings():
        # the validation rows judge what it has come to; without any L1 the method warns that others are quicker
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Coordinate descent without L1", UserWarning)
        warnings.filterwarnings("ignore", "With alpha=0", UserWarning)
        model.fit(training.X, training.y, sample_weight=training.weights)
    return linear.Linear(model.coef_, float(model.intercept_))
