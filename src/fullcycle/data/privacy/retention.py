"""Retention: how long rows are kept, and which are due to go."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from fullcycle.kernel.clock import duration, instant
from fullcycle.kernel.finding import Finding

EVER = datetime(1, 1, 1, tzinfo=UTC)
"""From when rows are kept where no retention is set."""


def kept_from(retention: str, as_of: datetime) -> datetime:
    """The earliest time that rows may have.

    Raises InputError where *retention* is not a duration.

    >>> kept_from("365d", datetime(2026, 1, 1, tzinfo=UTC)).date().isoformat()
    '2025-01-01'
    """
    span = duration(retention, place="cycle.toml, [data.privacy] retention")
    return as_of - span if span < as_of - EVER else EVER


def retention_start(retention: str | None, as_of: datetime) -> datetime:
    """The same where a retention may be set or not.

    >>> retention_start(None, datetime(2026, 1, 1, tzinfo=UTC)) == EVER
    True
    """
    return EVER if retention is None else kept_from(retention, as_of)


def retention_due(frame: pl.DataFrame, time: str, retention: str | None, as_of: datetime) -> pl.Series:
    """Which rows are past their retention at *as_of*, (n,) true or false; none without a retention.

    Parameters
    ----------
    time : column that says when a row happened; a row without a time is not due, it has been turned away before.

    Examples
    --------
    >>> rows = pl.DataFrame({"at": [datetime(2023, 5, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)]})
    >>> retention_due(rows, "at", "730d", datetime(2026, 1, 1, tzinfo=UTC)).to_list()
    [True, False]
    """
    if retention is None:
        return pl.repeat(False, len(frame), dtype=pl.Boolean, eager=True)
    return (frame[time] < kept_from(retention, as_of)).fill_null(False)


def retention_finding(dropped: int, retention: str, as_of: datetime) -> Finding:
    """How many rows went because their time was over; counts of segments are added before.

    >>> retention_finding(3, "730d", datetime(2026, 1, 1, tzinfo=UTC)).evidence["kept_from"]
    '2024-01-02T00:00:00.000000Z'
    """
    evidence: dict[str, str | int | float | bool | None] = {
        "retention": retention,
        "kept_from": instant(kept_from(retention, as_of).astimezone(UTC)),
    }
    return Finding(
        check="retention",
        subject="table",
        value=float(dropped),
        passed=True,
        severity="note",
        unit="rows dropped by rule",
        evidence=evidence,
    )


def outdated(dropped: int, retention: str | None, as_of: datetime) -> tuple[Finding, ...]:
    """That finding where a retention is set.

    >>> outdated(0, None, datetime(2026, 1, 1, tzinfo=UTC))
    ()
    """
    return () if retention is None else (retention_finding(dropped, retention, as_of),)
