"""Capacity: how often an action can be taken in a day, and which rows get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


def fill(codes: Ints, worth: Floats, today: Ints, limits: Mapping[int, int], days: NDArray[Any]) -> Ints:
    """Actions such that no day takes one more often than it can.

    A day's best rows keep the action: those for which it gains most over the best action without a limit; a row whose
    gain is unknown comes last, ties go by order of rows. The others fall to that best action, on a tie to today's.

    Parameters
    ----------
    codes : (n,) the action chosen.
    worth : (n, actions) what each action is worth; a row of NaN where that is unknown.
    today : (n,) the action of today's rule.
    limits : the most rows a day, by action. At least one action has none.
    days : (n,) labels of days.

    Examples
    --------
    >>> worth = np.array([[5.0, 0.0], [9.0, 0.0], [7.0, 0.0]])
    >>> fill(np.zeros(3, np.int64), worth, np.ones(3, np.int64), {0: 2}, np.zeros(3)).tolist()
    [1, 0, 0]
    """
    free = [code for code in range(worth.shape[1]) if code not in limits]
    gains, fallen = contest(codes, worth, today, free)
    _, day = np.unique(days, return_inverse=True)
    result = codes.copy()
    for code, most in limits.items():
        rows = np.flatnonzero(codes == code)
        order = rows[np.lexsort((rows, -gains[rows], day[rows]))]
        over = order[_rank(day[order]) >= most]
        result[over] = fallen[over]
    return result


def contest(codes: Ints, worth: Floats, today: Ints, free: Sequence[int]) -> tuple[Floats, Ints]:
    """What each row gains by its action over the best of those in *free*, -inf where that is unknown; and that best one.

    >>> contest(np.zeros(2, np.int64), np.array([[5.0, 0.0], [9.0, 2.0]]), np.ones(2, np.int64), [1])
    (array([5., 7.]), array([1, 1]))
    """
    fallen, best = _best_free(worth, today, free)
    gain = worth[np.arange(len(codes)), codes] - best
    return np.nan_to_num(gain, nan=-np.inf, posinf=np.inf, neginf=-np.inf), fallen


def _best_free(worth: Floats, today: Ints, free: Sequence[int]) -> tuple[Ints, Floats]:
    """For each row the best action without a limit, and what it is worth."""
    known = ~np.asarray(np.isnan(worth).any(axis=1), dtype=np.bool_)
    options = np.where(known[:, None], worth[:, free], -np.inf)
    best = options.max(axis=1)
    choice = np.asarray(free)[options.argmax(axis=1)]
    choice[~known] = free[-1]
    rows = np.flatnonzero(np.isin(today, free))
    keep = rows[~known[rows] | (worth[rows, today[rows]] == best[rows])]
    choice[keep] = today[keep]
    return choice, np.where(known, best, np.nan)


def _rank(labels: Ints) -> Ints:
    """The position of each row within its run of equal labels."""
    if not len(labels):
        return labels
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    sizes = np.diff(np.r_[starts, len(labels)])
    ranks: Ints = np.arange(len(labels)) - np.repeat(starts, sizes)
    return ranks
