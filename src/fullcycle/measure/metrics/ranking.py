"""How well scores put positive rows before negative ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.metrics.arguments import Floats, binary, weights
from fullcycle.measure.ranks import pairs_won


def roc_auc(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The chance that a positive row scores above a negative one, ties counting half.

    Raises InputError where the target holds one class only. Source: Fawcett 2006, *An introduction to ROC analysis*.

    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8])
    0.75
    """
    positive, scores = binary(target, score)
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        raise InputError("a ROC curve needs both classes", found=f"{ones} positives of {len(positive)} rows")
    shares = weights(weight, len(scores))
    if shares is None:
        return int(pairs_won(positive, scores)[positive].sum()) / (2 * ones * zeros)
    return _weighted_auc(positive, scores, shares)


def average_precision(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The area under the precision-recall curve: each threshold's precision by the recall gained there.

    Rows of one score enter together. Raises InputError where no row is positive. Source: scikit-learn, *Precision,
    recall and F-measures*.

    >>> average_precision([1, 0, 1], [0.9, 0.8, 0.4]) == 0.5 * 1 + 0.5 * 2 / 3
    True
    """
    positive, scores = binary(target, score)
    if not positive.any():
        raise InputError("average precision needs a positive row", found=f"0 positives of {len(positive)} rows")
    shares = weights(weight, len(scores))
    order = np.argsort(-scores, kind="stable")
    rows = np.ones(len(scores)) if shares is None else shares[order]
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    true_positives = np.cumsum(rows * positive[order])[ends]
    said = np.cumsum(rows)[ends]
    gained = np.diff(true_positives, prepend=0) / true_positives[-1]
    share = np.divide(true_positives, said, out=np.zeros(len(ends)), where=said > 0)
    return math.fsum((gained * share).tolist())


def _weighted_auc(positive: NDArray[np.bool_], scores: Floats, shares: Floats) -> float:
    order = np.argsort(scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    negative = np.cumsum(np.where(positive[order], 0.0, shares[order]))[ends]
    positives = np.diff(np.cumsum(np.where(positive[order], shares[order], 0.0))[ends], prepend=0)
    below = np.append(0.0, negative[:-1])
    total = math.fsum(positives.tolist()) * negative[-1]
    if total == 0:
        raise InputError("a ROC curve needs both classes", found="one class has no weight")
    return float(math.fsum((positives * (below + negative) / 2).tolist()) / total)
