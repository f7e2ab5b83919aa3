"""Folds: the rows before the test rows divided again, as the dataset itself is; the same folds for every trial.

==============  ======================================================================================================
by time         forward chaining: the latest half of the rows in blocks, each tested after a fit on what was known
                before it; rows within the label delay or the embargo before a block belong to none
by group        groups stay together, the largest dealt out first, each to the fold whose classes it balances best
stratified      the rows of a class dealt out in the order of their hash
random          the rows dealt out in the order of their hash
one fold        the dataset's own training and validation rows; a clustering has no other
==============  ======================================================================================================

Bergmeir and Benítez 2012, *On the use of cross-validation for time series predictor evaluation*; López de Prado 2018,
*Advances in Financial Machine Learning*, chapter 7 (purging and embargo).
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Division, drawn
from fullcycle.development.table import Floats, Given, rows

Ints: TypeAlias = NDArray[np.int64]

MANY = {"time": ((20_000, 5), (100_000, 3)), "other": ((100_000, 5), (500_000, 3))}
"""Up to so many rows, so many folds; beyond the last one alone. Later rows differ from earlier ones in more than chance,
so by time one fold of many rows tells as much as it costs."""
LEAST = 20  # rows that a fold trains on and tests at least
_SALT = "folds"  # a row's fold must not follow from its part


class Fold(NamedTuple):
    """Positions among the training and validation rows, one part after the other, ascending.

    Attributes
    ----------
    train, test : (rows,) what is fitted on, and what is scored.
    """

    train: Ints
    test: Ints


def folds_of(given: Given) -> tuple[Fold, ...]:
    """The folds that ``[development] folds`` asks for; fewer where rows or groups are too few, but one at least.

    Examples
    --------
    >>> Fold(np.array([0, 1]), np.array([2])).test.tolist()
    [2]
    """
    dataset, charter = given.dataset, given.charter
    train, validation = dataset.parts["train"].rows, dataset.parts["validation"].rows
    whole = Fold(np.arange(train), np.arange(train, train + validation))
    count = fold_count(given.settings.folds, dataset.division.by, train + validation)
    if count == 1 or charter.task == "clustering":
        return (whole,)
    known = rows(dataset, charter.target, given.blobs, "train", "validation")
    if dataset.division.by == "time":
        gap = max(timedelta(microseconds=charter.label_delay), timedelta(microseconds=dataset.embargo))
        found = forward_chaining(known.frame[dataset.division.columns[0]], count, gap=gap)
    else:
        found = k_fold(dataset.division, known.frame, known.target if dataset.classes else None, count)
    usable = tuple(fold for fold in found if _usable(fold, known.target, bool(dataset.classes)))
    return usable if len(usable) > 1 else (whole,)


def fold_count(asked: Literal["auto"] | int, by: str, n: int) -> int:
    """How many folds n rows are divided into.

    >>> fold_count("auto", "time", 5_000), fold_count("auto", "time", 300_000), fold_count("auto", "group", 300_000)
    (5, 1, 3)
    """
    if asked != "auto":
        return asked
    return next((folds for most, folds in MANY.get(by, MANY["other"]) if n <= most), 1)


def forward_chaining(times: pl.Series, count: int, *, gap: timedelta) -> tuple[Fold, ...]:
    """The latest half of the rows in blocks, each after a fit on the rows before it.

    Parameters
    ----------
    times : (n,) ascending. Rows of one time stay together.
    gap : what is not known yet when a block begins: no row of the fit lies within it before any tested row.

    Examples
    --------
    >>> from datetime import datetime
    >>> times = pl.Series([datetime(2024, 1, day) for day in range(1, 9)])
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in forward_chaining(times, 2, gap=timedelta(days=2))]
    [([0, 1], [4, 5]), ([0, 1, 2, 3], [6, 7])]
    """
    n = len(times)
    starts = [n // 2 + (n - n // 2) * block // count for block in range(count + 1)]
    cuts = [int(times.search_sorted(times[start])) if start < n else n for start in starts]
    found = []
    for start, end in itertools.pairwise(cuts):
        if start < end:
            found.append(Fold(np.arange(int(times.search_sorted(times[start] - gap))), np.arange(start, end)))
    return tuple(found)


def k_fold(division: Division, frame: pl.DataFrame, target: Floats | None, count: int) -> tuple[Fold, ...]:
    """Folds of rows that have no order: of groups, of classes, or of rows alone.

    Parameters
    ----------
    frame : n rows with the division's columns.
    target : (n,) class codes, by which groups and a stratified division are balanced; None for numbers.

    Examples
    --------
    >>> division = Division(by="group", columns=("shop",))
    >>> [fold.test.tolist() for fold in k_fold(division, pl.DataFrame({"shop": ["a", "b", "a", "c"]}), None, 2)]
    [[0, 2], [1, 3]]
    """
    hashed = drawn(division, frame, _SALT)
    codes = np.zeros(len(frame), np.int64) if target is None else target.astype(np.int64)
    if division.by == "group":
        number = _by_group(hashed, codes, count)
    else:
        number = _dealt(hashed, codes if division.by == "stratified" else np.zeros_like(codes), count)
    return tuple(Fold(np.flatnonzero(number != fold), np.flatnonzero(number == fold)) for fold in range(count))


def _dealt(hashed: Floats, codes: Ints, count: int) -> Ints:
    """The fold of each row: dealt out class by class, so that folds differ by one row of a class at most."""
    order = np.lexsort((np.arange(len(hashed)), hashed, codes))
    number = np.empty(len(hashed), np.int64)
    number[order] = np.arange(len(hashed)) % count
    return number


def _by_group(hashed: Floats, codes: Ints, count: int) -> Ints:
    """The fold of each row: whole groups, the largest first, each to the fold that it leaves most balanced.

    A group is known by what its key hashes to.
    """
    _, groups = np.unique(hashed, return_inverse=True)
    classes = int(codes.max()) + 1
    table = np.bincount(groups * classes + codes, minlength=(int(groups.max()) + 1) * classes).reshape(-1, classes)
    overall = np.maximum(table.sum(axis=0), 1)
    filled = np.zeros((count, classes))
    fold = np.empty(len(table), np.int64)
    for group in np.argsort(-table.sum(axis=1), kind="stable"):
        share = table[group] / overall
        # the sum of squared shares grows least where a fold lacks most of what the group brings
        fold[group] = int(np.argmin((2 * filled * share + share**2).sum(axis=1)))
        filled[fold[group]] += share
    return fold[groups]


def _usable(fold: Fold, target: Floats, classes: bool) -> bool:
    if min(len(fold.train), len(fold.test)) < LEAST:
        return False
    return not classes or not (target[fold.train] == target[fold.train[0]]).all()
