"""Fairness: how differently groups are treated, as a difference of rates with its interval.

Demographic parity compares how often the first action is taken; equal opportunity compares it among the rows that came
true (Hardt, Price and Srebro 2016, *Equality of opportunity in supervised learning*).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.measure.intervals import Estimate, block_codes, from_replicates
from fullcycle.scoping.records import Charter

LEAST = 30  # rows that a group needs for its rate to say anything
MISSING = "missing"  # the group of rows that name none


def fairness(
    frame: pl.DataFrame,
    target: NDArray[np.float64],
    decisions: NDArray[Any],
    blocks: NDArray[np.int64],
    *,
    charter: Charter,
) -> dict[str, Estimate]:
    """The difference of each fairness limit by name; one for which fewer than two groups have rows enough is left out.

    Raises
    ------
    ColumnMissing
        The table lacks the attribute.
    InputError
        The task takes no actions, or the measure needs a binary target.
    """
    found = {}
    for limit in charter.limits.fairness:
        if limit.attribute not in frame.columns:
            raise ColumnMissing(limit.attribute, frame.columns, needed_by="[scoping.limits] fairness")
        relevant = _relevant(limit.measure, target, charter.task)
        taken = decisions[relevant] == charter.actions[0]
        groups = frame[limit.attribute].cast(pl.String).fill_null(MISSING).to_numpy()[relevant]
        estimate = largest_difference(taken, groups, blocks[relevant], confidence=charter.confidence)
        if estimate is not None:
            found[figure(limit.measure, limit.attribute)] = estimate
    return found


def figure(measure: str, attribute: str) -> str:
    """The name of a limit's figure.

    >>> figure("demographic_parity_difference", "origin")
    'demographic_parity_difference_by_origin'
    """
    return f"{measure}_by_{attribute}"


def largest_difference(
    taken: NDArray[np.bool_], groups: NDArray[Any], blocks: NDArray[np.int64], *, confidence: float
) -> Estimate | None:
    """The largest rate of *taken* among groups less the smallest, by delete-one-block jackknife.

    Parameters
    ----------
    taken, groups, blocks : (n,) whether the action was taken, on whom, and in which block.

    Returns
    -------
    None where fewer than two groups have ``LEAST`` rows.

    Examples
    --------
    >>> taken, groups = np.arange(120) % 2 == 0, np.array(["a", "b"]).repeat(60)
    >>> largest_difference(taken, groups, np.arange(120) // 10 % 6, confidence=0.95).point
    0.0
    """
    if not len(taken):
        return None
    labels, k = block_codes(blocks)
    group, n = block_codes(groups)
    cells = (n, k)
    seen = np.bincount(group * k + labels, minlength=n * k).reshape(cells)
    acted = np.bincount((group * k + labels)[taken], minlength=n * k).reshape(cells)
    large = seen.sum(axis=1) >= LEAST
    if large.sum() < 2:
        return None
    seen, acted = seen[large], acted[large]
    point = _spread(acted.sum(axis=1), seen.sum(axis=1))
    without = [
        _spread(acted.sum(axis=1) - acted[:, block], seen.sum(axis=1) - seen[:, block])
        for block in (range(k) if k > 1 else ())
    ]
    return from_replicates(point, np.array(without), n=len(taken), confidence=confidence).clipped(0, 1)


def _spread(acted: NDArray[np.int64], seen: NDArray[np.int64]) -> float:
    rates = np.divide(acted, seen, out=np.full(len(seen), np.nan), where=seen > 0)
    return float(rates.max() - rates.min())


def _relevant(measure: str, target: NDArray[np.float64], task: str) -> NDArray[np.bool_]:
    place = "cycle.toml, [scoping.limits] fairness"
    if task == "regression":
        raise InputError("fairness limits compare actions", place=place, found="regression", expected="actions")
    if measure == "demographic_parity_difference":
        return np.ones(len(target), np.bool_)
    if task != "binary":
        raise InputError("equal opportunity needs a target that is true or false", place=place, found=task)
    return np.asarray(target == 1, dtype=np.bool_)
