"""Trees as scikit-learn grows them, kept as arrays that score the same without scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.constant import constant
from fullcycle.development.learners.learner import Fitted, Floats, Parameters, Training
from fullcycle.development.learners.single_precision import at_most, bounded
from fullcycle.predictor.formats import trees

if TYPE_CHECKING:
    from optuna import Trial

MOST_LEAVES = 4096  # of one tree, so that a forest of a large table still fits into a bundle


class Forest:
    """What random forests and extra trees have in common.

    >>> Forest().default()["trees"]
    200
    """

    recipe = "trees"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()
    share = 0.5  # of the features at a split, to begin with

    def default(self) -> Parameters:
        """Two hundred trees."""
        return {"trees": 200, "max_features": self.share, "min_samples_leaf": 5}

    def suggest(self, trial: Trial) -> Parameters:
        """Ranges around the defaults; the number of trees stays, for more are never worse, only slower."""
        return {
            "trees": 200,
            "max_features": trial.suggest_float("max_features", 0.1, 1.0),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 100, log=True),
        }


def grow(training: Training, estimator: Any, *, smoothing: float = 0.0) -> Fitted:
    """Fit a tree or a forest of scikit-learn's and keep it.

    Parameters
    ----------
    estimator : a classifier for classes, a regressor for numbers.
    smoothing : rows of the overall shares of classes that each leaf's shares are mixed with (Cestnik 1990).

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> training = Training(rows, (rows[:, 0] > 3).astype(float), "regression", 0, {}, seed=0)
    >>> grow(training, DecisionTreeRegressor()).model.scores(rows).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    """
    X, y, task, *_ = training
    target = y if task == "regression" else y.astype(np.int64)
    estimator.fit(bounded(X), target, sample_weight=training.weights)
    single = getattr(estimator, "estimators_", [estimator])
    found = trees.forest(
        [grown_nodes(it.tree_, shares_of_leaves(it.tree_, training, smoothing=smoothing)) for it in single]
    )
    return Fitted(trees.Trees(found, X.shape[1], np.zeros(found.value.shape[1]), "mean"), 0)


def grown_nodes(grown: Any, value: Floats) -> trees.Nodes:
    """A tree as scikit-learn holds it (``tree_``) with (leaves, outputs) *value* in its leaves.

    >>> from sklearn.tree import DecisionTreeRegressor
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> grown_nodes(DecisionTreeRegressor().fit(rows, rows[:, 0] > 3).tree_, np.array([[0.0], [1.0]])).threshold.round(3).tolist()
    [3.5]
    """
    leaf = grown.children_left < 0
    # inner nodes and leaves are numbered apart, each in their order
    number = np.where(leaf, -np.cumsum(leaf), np.cumsum(~leaf) - 1)
    inner = np.flatnonzero(~leaf)
    return trees.tree(
        grown.feature[inner],
        at_most(grown.threshold[inner]),
        number[grown.children_left[inner]],
        number[grown.children_right[inner]],
        grown.missing_go_to_left[inner],
        value,
    )


def shares_of_leaves(grown: Any, training: Training, *, smoothing: float = 0.0) -> Floats:
    """What the leaves of a tree say, (leaves, outputs): the mean, the share of true, or the shares of all classes.

    *smoothing* is as for :func:`grow`.

    >>> from sklearn.tree import DecisionTreeRegressor
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> training = Training(rows, (rows[:, 0] > 3).astype(float), "regression", 0, {}, seed=0)
    >>> shares_of_leaves(DecisionTreeRegressor().fit(rows, training.y).tree_, training).tolist()
    [[0.0], [1.0]]
    """
    leaf = grown.children_left < 0
    value: Floats = grown.value[leaf, 0, :]
    if training.task == "regression":
        return value
    shares = np.zeros((len(value), training.classes))
    shares[:, np.unique(training.y).astype(np.int64)] = value  # scikit-learn numbers the classes that there are
    if smoothing:
        rows = grown.weighted_n_node_samples[leaf][:, None]
        shares = (shares * rows + smoothing * _overall(training)) / (rows + smoothing)
    return shares[:, 1:] if training.task == "binary" else shares


def _overall(training: Training) -> Floats:
    """Shares of the classes; one without a row is as likely as one row in all would make it, not impossible."""
    shares = constant(training.y, "multiclass", training.classes, training.weights)
    found: Floats = (shares * len(training.y) + 1 / training.classes) / (len(training.y) + 1)
    return found
