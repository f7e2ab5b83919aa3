"""Mutual information of a feature and the target, and whether it is more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.features.draft import Floats

BINS = 16  # of a feature, at most, of equal numbers of rows; what is missing has a bin of its own
CLASSES = 8  # bins of a target that is a number
CELL = 5  # rows that each bin of a feature should have of each class


class Information(NamedTuple):
    """What a feature tells of the target.

    Attributes
    ----------
    bits : mutual information less its bias, in bits (Miller 1955).
    p : of Pearson's test of independence.
    """

    bits: float
    p: float


def informative(features: Iterable[Floats], target: Floats, task: str) -> list[Information]:
    """Mutual information of each feature (n,) with the target (n,), both in bins.

    References
    ----------
    Miller 1955, *Note on the bias of information estimates*; Pearson 1900, whose test bears rare cells better than the
    one of the likelihood ratio does.

    Examples
    --------
    >>> target = np.array([0.0, 1.0] * 50)
    >>> [round(it.bits, 1) for it in informative([target, np.arange(100.0)], target, "binary")]
    [1.0, -0.1]
    """
    classes = binned(target, CLASSES) if task == "regression" else target.astype(np.int64)
    bins = min(BINS, max(2, len(target) // (CELL * (int(classes.max()) + 1))))
    return [_information(binned(feature, bins), classes) for feature in features]


def evenly(rows: int, most: int) -> NDArray[np.int64]:
    """The places of at most so many rows, spread evenly over time.

    >>> evenly(5, 3).tolist()
    [0, 2, 4]
    """
    return np.linspace(0, rows - 1, min(most, rows)).astype(np.int64)


def binned(values: Floats, bins: int) -> NDArray[np.int64]:
    """The bin of each value, (n,): few values keep one each, many share *bins* of equally many rows.

    >>> binned(np.array([5.0, np.nan, 7.0, 5.0]), 4).tolist()
    [0, 2, 1, 0]
    """
    known = np.sort(values[~np.isnan(values)])
    edges = np.unique(known[np.arange(1, bins) * len(known) // bins]) if len(known) else known
    if len(known) and (few := _few(known, bins)) is not None:
        edges = few[1:]
    return np.searchsorted(edges, values, side="right").astype(np.int64) + np.isnan(values)


def _few(ordered: Floats, bins: int) -> Floats | None:
    changes = np.flatnonzero(np.diff(ordered)) + 1
    return ordered[np.append(0, changes)] if len(changes) < bins else None


def _information(feature: NDArray[np.int64], classes: NDArray[np.int64]) -> Information:
    from scipy.special import chdtrc

    width = int(classes.max()) + 1
    table = np.bincount(feature * width + classes, minlength=(int(feature.max()) + 1) * width).reshape(-1, width)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns, total = table.sum(axis=1), table.sum(axis=0), int(table.sum())
    expected = np.outer(rows, columns) / total
    seen = table > 0
    nats = math.fsum((table[seen] / total * np.log(table[seen] / expected[seen])).tolist())
    freedom = (len(rows) - 1) * (len(columns) - 1)
    statistic = math.fsum(((table - expected) ** 2 / expected).ravel().tolist())
    p = float(chdtrc(freedom, statistic)) if freedom else 1.0
    return Information((nats - freedom / (2 * total)) / math.log(2), p)
