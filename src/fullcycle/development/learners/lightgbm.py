"""Gradient-boosted trees by LightGBM. Ke et al. 2017, LightGBM: A Highly Efficient Gradient Boosting Decision Tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fullcycle.development.learners.boosting import PATIENCE, UNTOLD, most_trees, own
from fullcycle.development.learners.learner import Constraints, Fitted, Parameters, Training
from fullcycle.predictor.formats import lightgbm as format_

if TYPE_CHECKING:
    from optuna import Trial

_OBJECTIVES = {
    "binary": {"objective": "binary", "metric": "binary_logloss"},
    "multiclass": {"objective": "multiclass", "metric": "multi_logloss"},
    "regression": {"objective": "regression", "metric": "l2"},
}


class LightGBM:
    """Trees, one after the other, each fitted to what the ones before left over.

    >>> import numpy as np
    >>> rows, target = np.arange(200.0).reshape(200, 1), (np.arange(200) >= 100).astype(float)
    >>> learner = LightGBM()
    >>> fitted = learner.fit(Training(rows, target, "binary", 2, learner.default(), seed=0, iterations=5))
    >>> fitted.iterations, bool(fitted.model.score([150.0]) > 0.5)
    (5, True)
    """

    name = "lightgbm"
    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ("monotone", "never_together")

    def default(self) -> Parameters:
        """LightGBM's own."""
        return {
            "num_leaves": 31,
            "min_data_in_leaf": 20,
            "feature_fraction": 1.0,
            "bagging_fraction": 1.0,
            "lambda_l2": 0.0,
            "learning_rate": 0.1,
        }

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults."""
        return {
            "num_leaves": trial.suggest_int("num_leaves", 4, 255, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 500, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.0, 50.0),
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, in LightGBM's reproducible mode."""
        import lightgbm

        X, y, task, classes, parameters, seed, validation, iterations, weights, constraints, *_ = training
        settings = {**_OBJECTIVES[task], **own(parameters), **_fixed(seed), **_declared(constraints)}
        if task == "multiclass":
            settings["num_class"] = classes
        train = lightgbm.Dataset(X, y, weight=weights, params=settings)
        if validation is None:
            booster = lightgbm.train(settings, train, num_boost_round=iterations or UNTOLD)
            return Fitted(_format(booster), booster.current_iteration())
        watched = lightgbm.Dataset(*validation, reference=train, params=settings)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        most = most_trees(parameters)
        booster = lightgbm.train(settings, train, num_boost_round=most, valid_sets=[watched], callbacks=[stop])
        return Fitted(_format(booster), booster.best_iteration or booster.current_iteration())


def _fixed(seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "bagging_freq": 1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,  # otherwise LightGBM times both ways and takes the quicker
        "verbosity": -1,
    }


def _declared(constraints: Constraints) -> dict[str, Any]:
    """The defaults stay unsaid, so that a model without declared knowledge is what it was."""
    found: dict[str, Any] = {}
    if constraints.monotone:
        found |= {"monotone_constraints": list(constraints.monotone), "monotone_constraints_method": "intermediate"}
    if constraints.together:
        found["interaction_constraints"] = [list(group) for group in constraints.together]
    return found


def _format(booster: Any) -> format_.LightGBM:
    return format_.LightGBM(format_.canonical_text(booster))
