"""A text as the score of a linear model of its own, fitted out of fold: many words, one feature (one by class)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from fullcycle.development.features.target import FOLDS
from fullcycle.development.learners.learner import Floats, Training
from fullcycle.development.learners.linear import logistic
from fullcycle.predictor.plan.sparse import Sparse

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

STRENGTH = 1.0  # how hard weights are held small; scikit-learn's own default
CLASSES = 10  # with more classes than this a text is not scored


class Weights(NamedTuple):
    """A linear model on terms for each class, or one alone: (k, terms) weights and (k,) intercepts."""

    terms: Floats
    intercepts: Floats


def classes(target: Floats, task: str) -> int:
    """How many scores a text gets: one for each of several classes, else one; 0 where the classes are too many.

    >>> classes(np.array([0.0, 2.0]), "multiclass"), classes(np.array([0.0, 1.0]), "binary")
    (3, 1)
    """
    found = int(target.max()) + 1 if task == "multiclass" else 1
    return found if found <= CLASSES else 0


def fitted(matrices: list[Sparse], target: Floats, task: str) -> tuple[Weights, Floats]:
    """The weights of all rows, and each row's scores by the weights of the other blocks of time, (n, k).

    A score that had seen the row's own answer would be trusted too much (stacking, Wolpert 1992). The rows are cut into
    contiguous blocks, so that no score knows its own day.

    Examples
    --------
    >>> terms = Sparse.count([[0], [1]] * 10, 2)
    >>> weights, scores = fitted([terms], np.array([1.0, 0.0] * 10), "binary")
    >>> bool(weights.terms[0, 0] > 0 > weights.terms[0, 1]), scores.shape
    (True, (20, 1))
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # whose sums have one order
        matrix = _stacked(matrices)
        found = np.empty((len(target), classes(target, task)))
        for block in np.array_split(np.arange(len(target)), FOLDS):
            others = np.setdiff1d(np.arange(len(target)), block, assume_unique=True)
            weights = _fit(matrix[others], target[others], task, found.shape[1])
            found[block] = matrix[block] @ weights.terms.T + weights.intercepts
        return _fit(matrix, target, task, found.shape[1]), found


def _stacked(matrices: list[Sparse]) -> csr_matrix:
    from scipy.sparse import coo_matrix, hstack

    parts = [coo_matrix((it.values, (it.rows, it.places)), shape=(it.height, it.width)) for it in matrices]
    return hstack(parts, format="csr")


def _fit(matrix: csr_matrix, target: Floats, task: str, count: int) -> Weights:
    if not len(target) or (target == target[0]).all():
        return _constant(matrix.shape[1], target, task, count)
    if task == "regression":
        from sklearn.linear_model import Ridge

        model = Ridge(alpha=STRENGTH, solver="sparse_cg").fit(matrix, target)
        return Weights(model.coef_.reshape(1, -1), np.array([float(model.intercept_)]))
    rows = cast(Any, matrix)  # scikit-learn takes a sparse matrix as it takes a dense one
    linear = logistic(Training(rows, target, task, count, {}, seed=0), {"C": 1 / STRENGTH})
    return Weights(np.atleast_2d(linear.weights), np.atleast_1d(linear.intercept))


def _constant(terms: int, target: Floats, task: str, count: int) -> Weights:
    """What rows of one class alone, or none, tell: how likely it is."""
    only = float(target[0]) if len(target) else 0.0
    if task == "regression":
        return Weights(np.zeros((1, terms)), np.array([only]))
    sure = math.log(len(target) + 1)
    intercepts = (
        np.where(np.arange(count) == only, sure, 0.0) if task == "multiclass" else np.array([sure * (2 * only - 1)])
    )
    return Weights(np.zeros((count, terms)), intercepts)
