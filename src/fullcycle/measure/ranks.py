"""Pairs won: for each row, how many rows of the other class it beats, counted exactly in integers.

The area under the ROC curve is the share of (positive, negative) pairs in which the positive scores higher, ties
counting half (Mann and Whitney 1947). Counting pairs row by row makes the area without any block of rows a matter of
adding and subtracting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pairs_won(
    positive: NDArray[np.bool_], score: NDArray[np.float64], group: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Twice the pairs that each row is part of and that are ranked rightly, within its group.

    Parameters
    ----------
    positive : (n,) the rows of the positive class.
    score : (n,) finite scores, higher for the positive class.
    group : (n,) labels; only pairs within one group count. None: all rows are one group.

    Returns
    -------
    (n,) for a positive row, twice the negatives that score lower plus the negatives that tie; for a negative row, twice
    the positives that score higher plus the positives that tie. Twice, so that a tie's half is an integer.

    Examples
    --------
    >>> pairs_won(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]))
    array([3, 1, 2])
    """
    n = len(score)
    if not n:
        return np.zeros(0, np.int64)
    label = np.zeros(n, np.int64) if group is None else group
    order = np.lexsort((score, label))
    score, label, sign = score[order], label[order], positive[order]
    new_group = np.r_[True, label[1:] != label[:-1]]
    new_tie = new_group | np.r_[True, score[1:] != score[:-1]]
    group_start, group_end = _bounds(new_group)
    tie_start, tie_end = _bounds(new_tie)
    positives = np.concatenate(([0], np.cumsum(sign, dtype=np.int64)))
    negatives = np.arange(n + 1) - positives
    below = negatives[tie_start] - negatives[group_start]
    above = positives[group_end] - positives[tie_end]
    tied = np.where(sign, negatives[tie_end] - negatives[tie_start], positives[tie_end] - positives[tie_start])
    won = np.empty(n, np.int64)
    won[order] = 2 * np.where(sign, below, above) + tied
    return won


def _bounds(starts: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row, where its run begins and where it ends, given the rows that begin one."""
    first = np.flatnonzero(starts)
    run = np.cumsum(starts) - 1
    last = np.append(first[1:], len(starts))
    return first[run], last[run]
