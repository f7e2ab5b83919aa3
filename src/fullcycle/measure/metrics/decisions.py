"""How often what was said came true. A binary score says 1 above one half; to judge decisions, give them as 0 and 1.

For several classes precision, recall and F1 are macro averages: each class counts alike, as rare ones matter too. A
class that is neither said nor true is left out, as scikit-learn does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.measure.metrics.arguments import Floats, binary, mean, multiclass, weights


def accuracy(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of rows whose likeliest class came true.

    >>> accuracy([1, 0, 1], [0.9, 0.2, 0.4]) == 2 / 3
    True
    """
    return mean(hits(target, score), weight)


def hits(target: ArrayLike, score: ArrayLike) -> Floats:
    """1 for each row whose likeliest class came true, else 0, (n,). Ties go to the earlier class.

    >>> hits([2, 0], [[0.1, 0.2, 0.7], [0.3, 0.6, 0.1]])
    array([1., 0.])
    """
    if np.ndim(score) == 2:
        codes, probabilities = multiclass(target, score)
        return np.asarray(probabilities.argmax(axis=1) == codes, dtype=np.float64)
    positive, scores = binary(target, score)
    return np.asarray((scores > 0.5) == positive, dtype=np.float64)


def precision(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of rows that were said to be positive which came true; 0 where none was, as scikit-learn has it.

    >>> precision([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    return _of(precisions, target, score, weight)


def recall(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The share of rows that came true which were said to; 0 where none came true.

    >>> recall([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    return _of(recalls, target, score, weight)


def f1(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The harmonic mean of precision and recall; 0 where neither is defined.

    >>> f1([1, 0, 1], [0.9, 0.8, 0.4])
    0.5
    """
    return _of(f1s, target, score, weight)


def confusion(target: ArrayLike, score: ArrayLike) -> NDArray[np.int64]:
    """Rows by what came true (down) and what was said (across), (2, 2) or (classes, classes).

    >>> confusion([1, 0, 1], [0.9, 0.8, 0.4]).tolist()
    [[0, 1], [1, 1]]
    """
    said, were, classes = _codes(target, score)
    counts = np.bincount(were * classes + said, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def counted(target: ArrayLike, score: ArrayLike, labels: NDArray[np.int64], blocks: int) -> Floats:
    """True positives, rows said and rows true of each class by block: (blocks, 3, classes), one class for binary.

    >>> counted([1, 0, 1], [0.9, 0.8, 0.4], np.array([0, 0, 1]), 2)[0].tolist()
    [[1.0], [2.0], [1.0]]
    """
    said, were, classes = _codes(target, score)
    sums = np.empty((blocks, 3, classes))
    for place, (rows, codes) in enumerate(((said == were, said), (said >= 0, said), (were >= 0, were))):
        cells = (labels * classes + codes)[rows]
        sums[:, place] = np.bincount(cells, minlength=blocks * classes).reshape(blocks, classes)
    return sums[:, :, 1:] if np.ndim(score) == 1 else sums


def precisions(sums: Floats) -> Floats:
    """Macro precision of (…, 3, classes) counts, see :func:`counted`.

    >>> precisions(np.array([[[1.0], [2.0], [1.0]]])).tolist()
    [0.5]
    """
    return _macro(sums[..., 0, :], sums[..., 1, :], sums)


def recalls(sums: Floats) -> Floats:
    """Macro recall of (…, 3, classes) counts.

    >>> recalls(np.array([[[1.0], [2.0], [1.0]]])).tolist()
    [1.0]
    """
    return _macro(sums[..., 0, :], sums[..., 2, :], sums)


def f1s(sums: Floats) -> Floats:
    """Macro F1 of (…, 3, classes) counts.

    >>> f1s(np.array([[[1.0], [2.0], [2.0]]])).tolist()
    [0.5]
    """
    return _macro(2 * sums[..., 0, :], sums[..., 1, :] + sums[..., 2, :], sums)


def _macro(part: Floats, whole: Floats, sums: Floats) -> Floats:
    each = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    if sums.shape[-1] == 1:
        return each[..., 0]
    seen = (sums[..., 1, :] + sums[..., 2, :]) > 0
    total = np.zeros(each.shape[:-1])
    for code in range(each.shape[-1]):  # one by one: the order of the sum is fixed
        total += each[..., code]
    averages: Floats = total / seen.sum(axis=-1)
    return averages


def _of(figure: Callable[[Floats], Floats], target: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> float:
    said, were, classes = _codes(target, score)
    shares = weights(weight, len(said))
    rows = np.ones(len(said)) if shares is None else shares
    codes = range(1 if np.ndim(score) == 1 else 0, classes)
    right = said == were
    sums = [
        [math.fsum(rows[right & (said == code)].tolist()) for code in codes],
        [math.fsum(rows[said == code].tolist()) for code in codes],
        [math.fsum(rows[were == code].tolist()) for code in codes],
    ]
    return float(figure(np.array(sums)))


def _codes(target: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """What was said and what came true as codes, and how many there are."""
    if np.ndim(score) == 2:
        codes, probabilities = multiclass(target, score)
        return probabilities.argmax(axis=1).astype(np.int64), codes, probabilities.shape[1]
    positive, scores = binary(target, score)
    return (scores > 0.5).astype(np.int64), positive.astype(np.int64), 2
