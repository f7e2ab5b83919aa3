"""Quality: what is odd about the training rows' columns, and how many rows were turned away, as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fullcycle.data.contract.settings import Rules
from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding
from fullcycle.measure.sketches import ColumnSketch

_ID_LIKE = 0.95
"""Share of different values from which a column names rows instead of describing them."""


def quality(
    sketches: Mapping[str, ColumnSketch], columns: Sequence[Column], rules: Rules, *, kept: int, turned_away: int
) -> tuple[Finding, ...]:
    """Quarantine small enough; columns that are mostly missing, constant, or name each row.

    Parameters
    ----------
    sketches : of the training rows.
    kept, turned_away : rows of the whole table, and of its quarantine.

    >>> quality({}, (), Rules(), kept=90, turned_away=10)[0].passed
    False
    """
    found = [_quarantine(kept, turned_away, rules.quarantine_at_most)]
    for column in columns:
        if column.name in sketches:
            found += _column(sketches[column.name], column, rules)
    return tuple(found)


def _quarantine(kept: int, turned_away: int, limit: float) -> Finding:
    share = turned_away / max(1, turned_away + kept)
    return Finding(
        check="quarantine",
        subject="table",
        value=share,
        limit=limit,
        rule="at_most",
        passed=share <= limit,
        evidence={"rows": turned_away},
    )


def _column(sketch: ColumnSketch, column: Column, rules: Rules) -> list[Finding]:
    """What is odd about a column; none of it stops the cycle."""
    found, missing = [], sketch.missing / max(1, sketch.n)
    if missing:
        found.append(_odd("missing", column, missing, rules.missing_at_most, passed=missing <= rules.missing_at_most))
    values = sketch.distinct + (1 if sketch.missing else 0)
    if column.feature and values == 1:
        found.append(_odd("constant", column, 1.0, unit="distinct values"))
    share = sketch.distinct / max(1, sketch.n)
    if column.feature and column.kind in ("category", "text", "integer") and share > _ID_LIKE:
        found.append(_odd("id_like", column, share, _ID_LIKE, unit="distinct values a row"))
    return found


def _odd(
    check: str, column: Column, value: float, limit: float | None = None, *, passed: bool = False, unit: str = ""
) -> Finding:
    rule = "" if limit is None else "at_most"
    return Finding(
        check=check, subject=column.name, value=value, limit=limit, rule=rule, passed=passed, severity="warn", unit=unit
    )
