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
    found = list(_table(rows, rules, turned_away))
    for column in columns:
        found += _column(rows[column.name], column, rules)
    return tuple(found)


def _table(rows: pl.DataFrame, rules: Rules, turned_away: int) -> tuple[Finding, ...]:
    share = turned_away / max(1, turned_away + len(rows))
    enough = Finding(
        check="rows",
        subject="table",
        value=float(len(rows)),
        limit=float(rules.rows_at_least),
        rule="at_least",
        passed=len(rows) >= rules.rows_at_least,
        unit="rows",
    )
    few = Finding(
        check="quarantine",
        subject="table",
        value=share,
        limit=rules.quarantine_at_most,
        rule="at_most",
        passed=share <= rules.quarantine_at_most,
        evidence={"rows": turned_away},
    )
    return enough, few


def _column(values: pl.Series, column: Column, rules: Rules) -> list[Finding]:
    """What is odd about a column; none of it stops the cycle."""
    n = max(1, len(values))
    found = []
    if missing := values.null_count() / n:
        found.append(_odd("missing", column, missing, rules.missing_at_most, passed=missing <= rules.missing_at_most))
    if column.feature and values.n_unique() == 1:
        found.append(_odd("constant", column, 1.0, unit="distinct values"))
    distinct = values.drop_nulls().n_unique() / n
    if column.feature and column.kind in ("category", "text", "integer") and distinct > _ID_LIKE:
        found.append(_odd("id_like", column, distinct, _ID_LIKE, unit="distinct values a row"))
    return found


def _odd(
    check: str, column: Column, value: float, limit: float | None = None, *, passed: bool = False, unit: str = ""
) -> Finding:
    rule = "" if limit is None else "at_most"
    return Finding(
        check=check, subject=column.name, value=value, limit=limit, rule=rule, passed=passed, severity="warn", unit=unit
    )
