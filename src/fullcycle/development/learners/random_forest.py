"""Random forests: the mean of trees, each grown on rows drawn with repeats and few features at each split.

Breiman 2001, *Random Forests*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fullcycle.development.learners.grown import MOST_LEAVES, grow
from fullcycle.development.learners.learner import Fitted, Parameters, Training

if TYPE_CHECKING:
    from optuna import Trial

DRAWN = 100_000  # rows for one tree, at most: more of them make it slower and no better


class RandomForest:
    """Trees that differ by the rows and features that they saw.

    >>> import numpy as np
    >>> rows = np.arange(100.0).reshape(100, 1)
    >>> training = Training(rows, rows[:, 0] // 50, "binary", 2, RandomForest().default() | {"trees": 5}, seed=0)
    >>> RandomForest().fit(training).model.scores(rows[[0, 99]]).tolist()
    [0.0, 1.0]
    """

    name = "random_forest"
    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def default(self) -> Parameters:
        """Two hundred trees, a third of the features at a split (Breiman's own for numbers)."""
        return {"trees": 200, "max_features": 0.33, "min_samples_leaf": 5}

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults; the number of trees stays, for more are never worse, only slower."""
        return {
            "trees": 200,
            "max_features": trial.suggest_float("max_features", 0.1, 1.0),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 100, log=True),
        }

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread."""
        from sklearn import ensemble

        options = dict(training.parameters)
        trees = int(options.pop("trees"))
        made = ensemble.RandomForestRegressor if training.task == "regression" else ensemble.RandomForestClassifier
        drawn = DRAWN if len(training.y) > DRAWN else None
        fixed = {"n_jobs": 1, "random_state": training.seed, "max_leaf_nodes": MOST_LEAVES, "max_samples": drawn}
        return grow(training, made(n_estimators=trees, **fixed, **options))
