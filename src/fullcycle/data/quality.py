"""Quality: what was seen of the rows, as findings."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.data.settings import Rules
from fullcycle.kernel.finding import Finding

_TELLS_TOO_MUCH = 0.98


def quality(rows: pl.DataFrame, columns: tuple[Column, ...], rules: Rules, *, turned_away: int) -> tuple[Finding, ...]:
    """Rows enough, quarantine small enough, columns that are mostly missing or constant."""
    share = turned_away / max(1, turned_away + len(rows))
    found = [
        Finding(
            check="rows",
            subject="table",
            value=float(len(rows)),
            limit=float(rules.rows_at_least),
            rule="at_least",
            passed=len(rows) >= rules.rows_at_least,
            unit="rows",
        ),
        Finding(
            check="quarantine",
            subject="table",
            value=share,
            limit=rules.quarantine_at_most,
            rule="at_most",
            passed=share <= rules.quarantine_at_most,
            evidence={"rows": turned_away},
        ),
    ]
    for column in columns:
        missing = rows[column.name].null_count() / max(1, len(rows))
        if missing > 0:
            found.append(
                Finding(
                    check="missing",
                    subject=column.name,
                    value=missing,
                    limit=rules.missing_at_most,
                    rule="at_most",
                    passed=missing <= rules.missing_at_most,
                    severity="warn",
                )
            )
        if column.feature and rows[column.name].n_unique() == 1:
            found.append(
                Finding(
                    check="constant",
                    subject=column.name,
                    value=1.0,
                    passed=False,
                    severity="warn",
                    unit="distinct values",
                )
            )
    return tuple(found)


def leakage(
    rows: pl.DataFrame, outcome: NDArray[np.float64], columns: tuple[Column, ...], task: str
) -> tuple[Finding, ...]:
    """Features that alone tell the outcome too well to have been known beforehand (binary targets)."""
    if task != "binary":
        return ()
    from fullcycle.measure.metrics import roc_auc

    found = []
    for column in columns:
        if not column.feature or column.kind not in ("float", "integer", "boolean"):
            continue
        values = rows[column.name].cast(pl.Float64).to_numpy()
        seen = ~np.isnan(values)
        if np.unique(outcome[seen]).size < 2:
            continue
        area = roc_auc(outcome[seen], values[seen])
        if max(area, 1 - area) > _TELLS_TOO_MUCH:
            found.append(
                Finding(
                    check="single_feature_too_good",
                    subject=column.name,
                    value=max(area, 1 - area),
                    limit=_TELLS_TOO_MUCH,
                    rule="at_most",
                    passed=False,
                )
            )
    return tuple(found)
