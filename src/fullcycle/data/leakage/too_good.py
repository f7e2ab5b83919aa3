"""Too good: a feature whose value alone, or whose being missing alone, gives the outcome away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fullcycle.data.leakage.cells import codes, is_number, numbers
from fullcycle.data.leakage.leak import leak
from fullcycle.data.leakage.telling import Floats, Ints, class_means, told
from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding, Severity
from fullcycle.measure.intervals import Estimate

_AREA = 0.98
"""Area under the ROC curve that no single honest feature reaches."""
_CORRELATION = 0.99
_MISSING_WARNS = 0.8
"""Area from which being missing alone says more than it should."""
_FEW = 50
"""Distinct numbers up to which they may be names of categories as well."""


def single_feature_too_good(
    train: pl.DataFrame, outcome: Floats, labels: Ints, columns: Sequence[Column], task: str
) -> Iterator[Finding]:
    """Features whose value alone tells the outcome: the lower bound of the area (or rank correlation) is above the limit.

    Parameters
    ----------
    outcome : (n,) 0 or 1, class codes, or numbers.
    labels : (n,) blocks of rows that hang together.

    Examples
    --------
    >>> paid = np.arange(60) % 2.0
    >>> column = Column(name="receipt", kind="float", known="before", feature=True)
    >>> found = single_feature_too_good(pl.DataFrame({"receipt": 7 - paid}), paid, np.arange(60), [column], "binary")
    >>> [(one.subject, one.value) for one in found]
    [('receipt', 1.0)]
    """
    limit = _CORRELATION if task == "regression" else _AREA
    for column in columns:
        best = _best(train[column.name], column, outcome, labels, task, limit)
        if best is not None:
            yield _finding("single_feature_too_good", column.name, best, limit, task)


def missing_tells(
    train: pl.DataFrame, outcome: Floats, labels: Ints, columns: Sequence[Column], task: str
) -> Iterator[Finding]:
    """Features whose being missing alone tells the outcome: no row is let pass from 0.98 on, a warning comes from 0.8.

    For numbers the area says how well the outcome tells which rows lack the value.

    >>> paid = np.arange(60) % 2.0
    >>> rows = pl.DataFrame({"receipt": pl.Series([None, 5.0] * 30)})
    >>> column = Column(name="receipt", kind="float", known="before", feature=True)
    >>> [found.check for found in missing_tells(rows, paid, np.arange(60), [column], "binary")]
    ['missing_tells']
    """
    for column in columns:
        missing = train[column.name].is_null().to_numpy().astype(np.float64)
        if not 0 < missing.sum() < len(missing):
            continue
        if task == "regression":
            found = told(outcome, missing, "binary", labels, above=_MISSING_WARNS)
        else:
            found = told(missing, outcome, task, labels, above=_MISSING_WARNS)
        if found is not None:
            sure = (found.point if found.low is None else found.low) > _AREA
            severity: Severity = "reject" if sure else "warn"
            limit = _AREA if sure else _MISSING_WARNS
            evidence = {"missing": int(missing.sum()), "rows": len(missing)}
            yield _finding("missing_tells", column.name, found, limit, "binary", severity=severity, more=evidence)


def _best(cells: pl.Series, column: Column, outcome: Floats, labels: Ints, task: str, limit: float) -> Estimate | None:
    """The better of the value's order and its category's mean."""
    there = cells.is_not_null().to_numpy()
    present, outcome, labels = cells.drop_nulls(), outcome[there], labels[there]
    if not len(present):
        return None
    found = None
    if is_number(column):
        found = told(numbers(present), outcome, task, labels, above=limit)
    if found is None and (not is_number(column) or present.n_unique() <= _FEW):
        means = class_means(codes(present), outcome, task, labels)
        found = told(means, outcome, task, labels, above=limit)
    return found


def _finding(
    check: str,
    subject: str,
    found: Estimate,
    limit: float,
    task: str,
    *,
    severity: Severity = "reject",
    more: dict[str, int] | None = None,
) -> Finding:
    unit = "rank correlation" if task == "regression" else "area under the ROC curve"
    evidence = {"rows": found.n, "blocks": found.blocks, **(more or {})}
    return leak(check, subject, found, limit, severity=severity, unit=unit, evidence=evidence)
