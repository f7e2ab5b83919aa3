"""Extremely randomised trees: the mean of trees whose thresholds are drawn, not sought.

Geurts, Ernst and Wehenkel 2006, *Extremely randomized trees*.
"""

from __future__ import annotations

from fullcycle.development.learners.grown import MOST_LEAVES, Forest, grow
from fullcycle.development.learners.learner import Fitted, Training


class ExtraTrees(Forest):
    """Trees that differ by the features and thresholds that they drew; smoother than a random forest.

    >>> import numpy as np
    >>> rows = np.arange(100.0).reshape(100, 1)
    >>> training = Training(rows, rows[:, 0] // 50, "binary", 2, ExtraTrees().default() | {"trees": 5}, seed=0)
    >>> (ExtraTrees().fit(training).model.scores(rows[[0, 99]]) > 0.5).tolist()
    [False, True]
    """

    name = "extra_trees"
    share = 0.5

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread."""
        from sklearn import ensemble

        options = dict(training.parameters)
        trees = int(options.pop("trees"))
        made = ensemble.ExtraTreesRegressor if training.task == "regression" else ensemble.ExtraTreesClassifier
        fixed = {"n_jobs": 1, "random_state": training.seed, "max_leaf_nodes": MOST_LEAVES}
        return grow(training, made(n_estimators=trees, **fixed, **options))
