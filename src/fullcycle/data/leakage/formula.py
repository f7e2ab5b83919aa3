"""Formulas: numbers that give the outcome exactly, as a weighted sum, a product of powers, or a sum past a threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.leakage.cells import numbers

_ROWS = 2_000
_EXACT = 1e-6
"""Largest error of a formula, in standard deviations of the outcome."""
_WEIGHT = 1e-4
"""Smallest weight, in standard deviations, of a column that has a part in a formula."""
_LARGEST = 1e100
"""Number from which squares overflow."""
_FEWEST = 30
"""Rows of the rarer class on each side of the trial, below which a clean cut is chance."""

Floats = NDArray[np.float64]


def formula(
    train: pl.DataFrame, outcome: Floats, names: Sequence[str], task: str
) -> tuple[str, tuple[str, ...]] | None:
    """The form of the formula and the columns in it; None if there is none.

    Parameters
    ----------
    outcome : (n,) 0 or 1, or numbers; for more classes there is no formula.
    names : columns of numbers; those with gaps are let pass.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> frame = pl.DataFrame({name: chance.normal(size=300) for name in ("paid", "due", "age")})
    >>> formula(frame, (frame["paid"] - frame["due"]).to_numpy(), frame.columns, "regression")
    ('sum', ('paid', 'due'))
    >>> formula(frame, (frame["paid"] > frame["due"]).cast(pl.Float64).to_numpy(), frame.columns, "binary")
    ('threshold', ('paid', 'due'))
    """
    whole = [name for name in names if not train[name].null_count() and train[name].n_unique() > 1]
    every = max(1, len(train) // _ROWS)
    rows, y = train[::every][:_ROWS], outcome[::every][:_ROWS]
    if not whole or len(y) < 3 * len(whole) + 20 or (y == y[0]).all():
        return None
    X = np.column_stack([numbers(rows[name]) for name in whole])
    if np.abs(X).max() > _LARGEST or np.abs(y).max() > _LARGEST:
        return None
    asked = {"regression": _regression, "binary": _threshold}.get(task)
    for form, columns in asked(X, y) if asked else ():
        return form, tuple(whole[number] for number in columns)
    return None


def _regression(X: Floats, y: Floats) -> Iterator[tuple[str, list[int]]]:
    if summed := _solved(X, y):
        yield "sum", summed
    usable = np.flatnonzero((X != 0).all(axis=0))
    if len(usable) and (y != 0).all() and (product := _solved(np.log(np.abs(X[:, usable])), np.log(np.abs(y)))):
        yield "product", [int(usable[number]) for number in product]


def _solved(X: Floats, y: Floats) -> list[int]:
    """The columns of which *y* is an exact weighted sum, found on one half and tried on all; none if it is not."""
    from threadpoolctl import threadpool_limits

    varied, scaled = _scaled(X)
    if not len(varied) or not y.std():
        return []
    wanted, half = (y - y.mean()) / y.std(), len(y) // 2
    with threadpool_limits(limits=1):
        weights = np.linalg.lstsq(scaled[:half], wanted[:half], rcond=None)[0]
        error = np.abs(scaled @ weights - wanted).max()
    return [int(varied[number]) for number in np.flatnonzero(np.abs(weights) > _WEIGHT)] if error < _EXACT else []


def _threshold(X: Floats, y: Floats) -> Iterator[tuple[str, list[int]]]:
    """The fewest columns of which a weighted sum cuts the classes apart: on every other row, and right on the others."""
    kept, scaled = _scaled(X)
    if min(y[0::2].sum(), (1 - y[0::2]).sum(), y[1::2].sum(), (1 - y[1::2]).sum()) < _FEWEST or not len(kept):
        return
    columns = list(range(len(kept)))
    if not _cuts(scaled, y):
        return
    for number in range(len(kept)):  # a column without which the cut is as clean has no part in it
        fewer = [column for column in columns if column != number]
        if fewer and _cuts(scaled[:, fewer], y):
            columns = fewer
    yield "threshold", [int(kept[number]) for number in columns]


def _cuts(X: Floats, y: Floats) -> bool:
    """Whether a plane between the classes of every other row errs in at most one row in 200 of the rest."""
    from scipy.optimize import linprog

    side = np.where(y > 0, 1.0, -1.0)
    rows = -side[:, None] * np.column_stack([X, np.ones(len(X))])
    found = linprog(np.zeros(rows.shape[1]), rows[::2], -np.ones(len(rows[::2])), bounds=(None, None), method="highs")
    if not found.success:
        return False
    wrong = int((rows[1::2] @ found.x >= 0).sum())
    return wrong * 200 <= len(rows[1::2])


def _scaled(X: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The columns that vary, and their cells with mean 0 and spread 1."""
    spread = X.std(axis=0)
    varied = np.flatnonzero(spread > 0)
    return varied, (X[:, varied] - X[:, varied].mean(axis=0)) / spread[varied]
