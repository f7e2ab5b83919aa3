"""Random forests: the mean of trees, each grown on rows drawn with repeats and few features at each split.

Breiman 2001, *Random Forests*.
"""

from __future__ import annotations

from fullcycle.development.learners.grown import MOST_LEAVES, Forest, grow
from fullcycle.development.learners.learner import Fitted, Training

DRAWN = 100_000  # rows for one tree, at most: more of them make it slower and no better


class RandomForest(Forest):
    """Trees that differ by the rows and features that they saw.

    >>> import numpy as np
    >>> rows = np.arange(100.0).reshape(100, 1)
    >>> training = Training(rows, rows[:, 0] // 50, "binary", 2, RandomForest().default() | {"trees": 5}, seed=0)
    >>> RandomForest().fit(training).model.scores(rows[[0, 99]]).tolist()
    [0.0, 1.0]
    """

    name = "random_forest"
    share = 0.33  # Breiman's own for numbers

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread."""
        from sklearn import ensemble

        options = dict(training.parameters)
        trees = int(options.pop("trees"))
        made = ensemble.RandomForestRegressor if training.task == "regression" else ensemble.RandomForestClassifier
        drawn = DRAWN if len(training.y) > DRAWN else None
        fixed = {"n_jobs": 1, "random_state": training.seed, "max_leaf_nodes": MOST_LEAVES, "max_samples": drawn}
        return grow(training, made(n_estimators=trees, **fixed, **options))
