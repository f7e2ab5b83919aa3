"""A single decision tree: a model that a person can read. Breiman, Friedman, Olshen and Stone 1984, CART."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fullcycle.development.learners.grown import grow
from fullcycle.development.learners.learner import Fitted, Parameters, Training

if TYPE_CHECKING:
    from optuna import Trial


class DecisionTree:
    """One tree. ``smoothing`` rows of the overall shares keep a small leaf from being certain.

    >>> import numpy as np
    >>> rows = np.arange(100.0).reshape(100, 1)
    >>> fitted = DecisionTree().fit(Training(rows, rows[:, 0] // 50, "binary", 2, DecisionTree().default(), seed=0))
    >>> fitted.model.scores(rows[[0, 99]]).round(2).tolist()
    [0.01, 0.99]
    """

    name = "decision_tree"
    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """A tree that fits a page."""
        return {"max_leaf_nodes": 32, "min_samples_leaf": 20, "smoothing": 1.0}

    def suggest(self, trial: Trial) -> Parameters:
        """From a handful of leaves to a thousand."""
        return {
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 1024, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 500, log=True),
            "smoothing": trial.suggest_float("smoothing", 0.1, 30.0, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`."""
        from sklearn import tree

        options = dict(training.parameters)
        smoothing = float(options.pop("smoothing"))
        made = tree.DecisionTreeRegressor if training.task == "regression" else tree.DecisionTreeClassifier
        return grow(training, made(random_state=training.seed, **options), smoothing=smoothing)
