"""Which features tell of the target, by the training rows alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.features.draft import Floats
from fullcycle.development.features.lasso import lasso_weights
from fullcycle.development.features.mutual_information import evenly, informative
from fullcycle.development.features.null_importance import null_importance
from fullcycle.development.features.target import targets
from fullcycle.measure.tests import benjamini_hochberg

ROWS = 10_000  # looked at, at most, evenly over time
LEVEL = 0.1  # share of features kept by mutual information that may be chance
SHARE = 0.95  # of shuffles that a feature's importance must exceed


class Selection(NamedTuple):
    """Which features are kept, and the figure that each was judged by; (features,) both."""

    kept: NDArray[np.bool_]
    figures: Floats


def select(matrix: Floats, target: Floats, *, method: str, task: str) -> Selection:
    """Judge features (n, features) by *method*: ``lasso``, ``mutual_information`` or ``null_importance``.

    One feature is always kept, the best, since a model must read something. Figures are: the absolute weight of a
    standardised feature; bits; the share of shuffles that it beats.

    >>> x = np.random.default_rng(0).normal(size=(500, 3))
    >>> select(x, x[:, 1], method="mutual_information", task="regression").kept.tolist()
    [False, True, False]
    """
    rows = evenly(len(target), ROWS)
    matrix, target = matrix[rows], target[rows]
    kept, figures = _JUDGES[method](matrix, target, task)
    if not kept.any():
        kept[int(np.argmax(figures))] = True
    return Selection(kept, figures)


def _by_lasso(matrix: Floats, target: Floats, task: str) -> Selection:
    several = targets(target, task) or [("target", target)]
    figures = np.max([lasso_weights(matrix, one) for _, one in several], axis=0)
    return Selection(figures > 0, figures)


def _by_information(matrix: Floats, target: Floats, task: str) -> Selection:
    found = informative(matrix.T, target, task)
    figures = np.array([it.bits for it in found])
    return Selection(benjamini_hochberg([it.p for it in found], LEVEL), figures)


def _by_null_importance(matrix: Floats, target: Floats, task: str) -> Selection:
    figures = null_importance(matrix, target, task)
    return Selection(figures >= SHARE, figures)


_JUDGES = {"lasso": _by_lasso, "mutual_information": _by_information, "null_importance": _by_null_importance}
