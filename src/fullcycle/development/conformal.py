"""Calibrating prediction intervals and sets on validation rows, and what they came to on the test rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.measure.intervals import Estimate, block_codes, mean_interval
from fullcycle.predictor.conformal import Conformal


def calibrate(
    task: str, target: Floats, scores: Floats, blocks: NDArray[np.int64], *, confidence: float
) -> Conformal | None:
    """How far off scores may be, from rows that the model was not fitted on; None with too few rows to say.

    Each block weighs alike, and one more block, of endless error, stands for the one to come: so a row of a new block is
    covered if blocks are exchangeable. With too few blocks (fewer than 19 at 95%) each row weighs alike instead.

    Parameters
    ----------
    target, scores, blocks : (n,); scores are (n, classes) for multiclass.
    confidence : the share to be covered.

    Examples
    --------
    >>> found = calibrate("regression", np.arange(99.0), np.zeros(99), np.zeros(99, np.int64), confidence=0.9)
    >>> found.quantile, found.exchangeable
    (89.0, 'rows')
    """
    off = nonconformity(task, target, scores)
    labels, k = block_codes(blocks)
    sizes = np.bincount(labels, minlength=k)
    for name, shares in (
        ("blocks", 1 / (sizes[labels] * (k + 1.0))),
        ("rows", np.full(len(off), 1 / (len(off) + 1.0))),
    ):
        quantile = _quantile(off, shares, confidence)
        if math.isfinite(quantile):
            return Conformal(
                quantile=quantile,
                confidence=confidence,
                exchangeable="blocks" if name == "blocks" else "rows",
                n=len(off),
                blocks=k,
            )
    return None


def nonconformity(task: str, target: Floats, scores: Floats) -> Floats:
    """How odd each row's outcome is: the absolute error, or one less its probability (Sadinle et al. 2019); (n,).

    >>> nonconformity("binary", np.array([1.0, 0.0]), np.array([0.75, 0.75])).tolist()
    [0.25, 0.75]
    """
    if task == "regression":
        return np.abs(target - scores)
    if task == "binary":
        return np.where(target == 1, 1 - scores, scores)
    odd: Floats = 1 - scores[np.arange(len(target)), target.astype(np.int64)]
    return odd


def covered(task: str, target: Floats, scores: Floats, found: Conformal) -> NDArray[np.bool_]:
    """Whether each row's outcome lies within its interval or set, (n,).

    >>> found = Conformal(quantile=1.0, confidence=0.9, exchangeable="rows", n=99, blocks=5)
    >>> covered("regression", np.array([1.0, 5.0]), np.array([2.0, 2.0]), found).tolist()
    [True, False]
    """
    inside = nonconformity(task, target, scores) <= found.quantile
    if task == "regression":
        return np.asarray(inside, dtype=np.bool_)
    likeliest = scores.argmax(axis=1) == target if task == "multiclass" else (scores > 0.5) == (target == 1)
    return np.asarray(inside | likeliest, dtype=np.bool_)


def coverage(
    task: str, target: Floats, scores: Floats, blocks: NDArray[np.int64], found: Conformal, *, confidence: float
) -> dict[str, Estimate]:
    """Two figures of the test rows: the share covered, and how wide intervals or how large sets are."""
    inside = covered(task, target, scores, found).astype(np.float64)
    share = mean_interval(inside, blocks, confidence=confidence).clipped(0, 1)
    if task == "regression":
        width = Estimate(point=2 * found.quantile, unit="target", n=len(inside))
        return {"interval_coverage": share, "interval_width": width}
    both = scores if scores.ndim == 2 else np.column_stack((1 - scores, scores))
    sizes = np.maximum(((1 - both) <= found.quantile).sum(axis=1), 1).astype(np.float64)
    return {"set_coverage": share, "set_size": mean_interval(sizes, blocks, confidence=confidence, unit="classes")}


def _quantile(off: Floats, shares: Floats, confidence: float) -> float:
    """The least number that rows of so much weight do not exceed; infinite where the weight does not reach."""
    order = np.argsort(off, kind="stable")
    reached = np.cumsum(shares[order])
    place = int(np.searchsorted(reached, confidence - 1e-12))
    return float(off[order][place]) if place < len(off) else math.inf
