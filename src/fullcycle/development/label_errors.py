"""Suspected label errors by confident learning: rows whose outcome the model, sure of itself, has otherwise.

A row is suspected where another class is as probable as it is, on average, among rows of that class. Source: Northcutt,
Jiang and Chuang 2021, *Confident learning: estimating uncertainty in dataset labels*.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding

SHOWN = 100


class LabelErrors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What confident learning suspects of the validation rows.

    Attributes
    ----------
    suspected : rows, of *rows*.
    joint : rows by recorded class (down) and by the class that the model is sure of (across).
    positions : the likeliest errors among the validation rows, worst first, :data:`SHOWN` at most. Positions and no
        cells: who may read the rows can look.
    """

    rows: int
    suspected: int
    joint: tuple[tuple[int, ...], ...]
    positions: tuple[int, ...]


def label_errors(target: Floats, scores: Floats) -> LabelErrors:
    """Suspected errors among rows that the model was not fitted on.

    Parameters
    ----------
    target : (n,) class codes.
    scores : (n,) probabilities of 1, or (n, classes).

    Examples
    --------
    >>> target = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    >>> label_errors(target, np.array([0.1, 0.2, 0.95, 0.9, 0.9, 0.8])).positions
    (2,)
    """
    shares = scores if scores.ndim == 2 else np.column_stack((1 - scores, scores))
    labels = target.astype(np.int64)
    classes = shares.shape[1]
    sure = _sure_of(labels, shares)
    off = np.flatnonzero((sure >= 0) & (sure != labels))
    joint = np.bincount((labels * classes + sure)[sure >= 0], minlength=classes * classes).reshape(classes, classes)
    others = shares.copy()
    others[np.arange(len(labels)), labels] = -1.0
    margin = shares[np.arange(len(labels)), labels] - others.max(axis=1)
    worst = off[np.argsort(margin[off], kind="stable")]
    return LabelErrors(
        rows=len(labels),
        suspected=len(off),
        joint=tuple(tuple(row) for row in joint.tolist()),
        positions=tuple(worst[:SHOWN].tolist()),
    )


def label_finding(found: LabelErrors) -> Finding:
    """A note of how many rows are suspected. Where a question is hard, so are many of its rows: to be looked at.

    >>> label_finding(LabelErrors(rows=100, suspected=3, joint=((60, 1), (2, 37)), positions=(7, 1, 4))).value
    0.03
    """
    return Finding(
        check="label_errors",
        subject="validation rows",
        value=found.suspected / found.rows,
        severity="note",
        evidence={"rows": found.rows, "suspected": found.suspected},
    )


def _sure_of(labels: NDArray[np.int64], shares: Floats) -> NDArray[np.int64]:
    """The likeliest class of those that reach their threshold, (n,); -1 where none does."""
    classes = shares.shape[1]
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=shares[np.arange(len(labels)), labels], minlength=classes)
    thresholds = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    reached = np.where(shares >= thresholds - 1e-12, shares, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1).astype(np.int64)
