"""Leakage: features that tell the outcome too well to have been known beforehand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding
from fullcycle.measure.metrics import roc_auc

_TELLS_TOO_MUCH = 0.98
"""Area under the ROC curve that no single honest feature reaches."""

Floats = NDArray[np.float64]


def leakage(rows: pl.DataFrame, outcome: Floats, columns: tuple[Column, ...], task: str) -> tuple[Finding, ...]:
    """Features whose value alone, or whose being missing alone, gives the outcome away (binary targets).

    Parameters
    ----------
    rows : n training rows.
    outcome : shape (n,), 0 or 1.

    >>> frame = pl.DataFrame({"paid_back": [5.0, None, 7.0, None]})
    >>> column = Column(name="paid_back", kind="float", known="before", feature=True)
    >>> [found.check for found in leakage(frame, np.array([1.0, 0.0, 1.0, 0.0]), (column,), "binary")]
    ['missing_tells']
    """
    if task != "binary":
        return ()
    return tuple(found for column in columns if column.feature for found in _tells(rows[column.name], outcome, column))


def _tells(cells: pl.Series, outcome: Floats, column: Column) -> Iterator[Finding]:
    missing = cells.is_null().to_numpy()
    yield from _too_good("missing_tells", column.name, outcome, missing.astype(np.float64))
    if column.kind in ("float", "integer", "boolean"):
        numbers = cells.cast(pl.Float64).to_numpy()
        yield from _too_good("single_feature_too_good", column.name, outcome[~missing], numbers[~missing])


def _too_good(check: str, subject: str, outcome: Floats, score: Floats) -> Iterator[Finding]:
    if np.unique(outcome).size < 2:
        return
    area = roc_auc(outcome, score)
    if max(area, 1 - area) > _TELLS_TOO_MUCH:
        yield Finding(
            check=check,
            subject=subject,
            value=max(area, 1 - area),
            limit=_TELLS_TOO_MUCH,
            rule="at_most",
            passed=False,
        )
