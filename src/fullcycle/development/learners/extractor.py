"""What a fitted estimator has learnt, read into a format of our own; or nothing, where it is of none.

An estimator is known by what it holds, not by its class: whoever reads it here holds the two against each other afterwards,
since some of it (the trees of HistGradientBoosting) is no public part of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fullcycle.development.learners.grown import grown_nodes, shares_of_leaves
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.kernel.errors import FullcycleError
from fullcycle.predictor.formats import ModelFormat, trees
from fullcycle.predictor.formats.lightgbm import LightGBM, canonical_text
from fullcycle.predictor.formats.linear import Linear, Link

_LINKS: dict[str, trees.Link] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}
_ODD = (FullcycleError, AttributeError, TypeError, ValueError, LookupError)
"""What reading an estimator raises that holds something else under these names."""


def extracted(estimator: Any, training: Training) -> ModelFormat | None:
    """The estimator as linear model, trees or LightGBM's text; None where it is none of them.

    An estimator that has not seen every class is none: what it thinks of the others cannot be read.

    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from sklearn.naive_bayes import GaussianNB
    >>> rows = np.arange(100.0).reshape(100, 1)
    >>> training = Training(rows, rows[:, 0] // 50, "regression", 0, {}, seed=0)
    >>> extracted(HistGradientBoostingRegressor(max_iter=3).fit(rows, training.y), training).name
    'trees'
    >>> extracted(GaussianNB().fit(rows, training.y), training) is None
    True
    """
    if training.task != "regression" and len(estimator.classes_) < training.classes:
        return None
    for mark, read in _READERS.items():
        if hasattr(estimator, mark):
            try:
                return read(estimator, training)
            except _ODD:
                continue
    return None


def _linear(estimator: Any, training: Training) -> ModelFormat:
    weights, intercept = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    if training.task == "multiclass":
        return Linear(weights, np.broadcast_to(intercept, len(weights)), "softmax")
    link: Link = "sigmoid" if training.task == "binary" else "identity"
    return Linear(weights.reshape(training.X.shape[1]), float(intercept.reshape(-1)[0]), link)


def _lightgbm(estimator: Any, training: Training) -> ModelFormat:
    return LightGBM(canonical_text(estimator.booster_))


def _tree(estimator: Any, training: Training) -> ModelFormat:
    return _mean([estimator], training)


def _trees(estimator: Any, training: Training) -> ModelFormat:
    """A forest is a list of trees; gradient boosting a table of them, (rounds, outputs)."""
    if isinstance(estimator.estimators_, np.ndarray):
        return _boosted(estimator, training)
    return _mean(estimator.estimators_, training)


def _mean(single: list[Any], training: Training) -> ModelFormat:
    nodes = trees.forest([grown_nodes(it.tree_, shares_of_leaves(it.tree_, training)) for it in single])
    return trees.Trees(nodes, training.X.shape[1], np.zeros(nodes.value.shape[1]), "mean")


def _boosted(estimator: Any, training: Training) -> ModelFormat:
    outputs = estimator.estimators_.shape[1]
    found = []
    for grown in estimator.estimators_:
        for output, single in enumerate(grown):
            leaf = single.tree_.children_left < 0
            value = np.zeros((int(leaf.sum()), outputs))
            value[:, output] = single.tree_.value[leaf, 0, 0] * estimator.learning_rate
            found.append(grown_nodes(single.tree_, value))
    raw = estimator.predict if training.task == "regression" else estimator.decision_function
    return _with_intercept(found, raw, training)


def _histograms(estimator: Any, training: Training) -> ModelFormat:
    outputs = len(estimator._predictors[0])
    found = []
    for grown in estimator._predictors:
        found += [_of_bins(it.nodes, output, outputs) for output, it in enumerate(grown)]
    raw = estimator.predict if training.task == "regression" else estimator.decision_function
    return _with_intercept(found, raw, training)


def _of_bins(nodes: Any, output: int, outputs: int) -> trees.Nodes:
    if nodes["is_categorical"].any():
        raise ValueError("sets of categories")
    leaf = nodes["is_leaf"].astype(np.bool_)
    number = np.where(leaf, -np.cumsum(leaf), np.cumsum(~leaf) - 1)
    inner = nodes[~leaf]
    value = np.zeros((int(leaf.sum()), outputs))
    value[:, output] = nodes["value"][leaf]
    return trees.tree(
        inner["feature_idx"],
        inner["num_threshold"],
        number[inner["left"].astype(np.int64)],
        number[inner["right"].astype(np.int64)],
        inner["missing_go_to_left"],
        value,
    )


def _with_intercept(found: list[trees.Nodes], raw: Callable[[Floats], Any], training: Training) -> ModelFormat:
    """Trees that add up; what the estimator adds besides is what is left of a row's raw score."""
    nodes, width, first = trees.forest(found), training.X.shape[1], training.X[:1]
    outputs = nodes.value.shape[1]
    sums = trees.Trees(nodes, width, np.zeros(outputs), "identity" if outputs == 1 else "softmax").raw(first)
    intercept = np.asarray(raw(first), dtype=np.float64).reshape(outputs) - sums[0]
    return trees.Trees(nodes, width, intercept, _LINKS[training.task])


_READERS: dict[str, Callable[[Any, Training], ModelFormat]] = {
    "booster_": _lightgbm,
    "_predictors": _histograms,
    "tree_": _tree,
    "estimators_": _trees,
    "coef_": _linear,
}
"""What an estimator holds, and how it is read."""
