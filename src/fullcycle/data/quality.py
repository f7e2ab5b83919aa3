"""Quality: what was seen of the rows, as findings."""

from __future__ import annotations

import polars as pl

from fullcycle.data.records import Column
from fullcycle.data.settings import Rules
from fullcycle.kernel.finding import Finding

_ID_LIKE = 0.95
"""Share of different values from which a column names rows instead of describing them."""


def quality(rows: pl.DataFrame, columns: tuple[Column, ...], rules: Rules, *, turned_away: int) -> tuple[Finding, ...]:
    """Rows enough, quarantine small enough, columns that are mostly missing, constant, or name each row."""
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
        distinct = rows[column.name].drop_nulls().n_unique() / max(1, len(rows))
        if column.feature and column.kind in ("category", "text", "integer") and distinct > _ID_LIKE:
            found.append(
                Finding(
                    check="id_like",
                    subject=column.name,
                    value=distinct,
                    limit=_ID_LIKE,
                    rule="at_most",
                    passed=False,
                    severity="warn",
                    unit="distinct values a row",
                )
            )
    return tuple(found)
