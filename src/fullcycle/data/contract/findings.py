"""What a contract found in a whole table, from the counts of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from fullcycle.data.contract.keys import unique_keys
from fullcycle.data.contract.settings import ColumnFact, Rules, Severity
from fullcycle.data.contract.tally import Tally
from fullcycle.data.contract.violations import checks
from fullcycle.kernel.clock import duration
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.plan.zones import EPOCH

_SEVERITIES: dict[Severity, Literal["reject", "warn", "note"]] = {
    "reject": "reject",
    "quarantine": "warn",
    "count": "note",
}
_MICROSECOND = timedelta(microseconds=1)


def findings(tally: Tally, rules: Rules, facts: Mapping[str, ColumnFact], *, as_of: datetime) -> tuple[Finding, ...]:
    """Which rules hold: one finding for each rule of the table, and one for each rule of a column that is broken.

    Examples
    --------
    >>> from datetime import UTC
    >>> found = findings(Tally(rows=50), Rules(), {}, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    >>> [(finding.check, finding.value, finding.limit, finding.passed) for finding in found]
    [('rows', 50.0, 100.0, False)]
    """
    return (
        *_rows(tally, rules),
        *_fresh(tally, rules, as_of),
        *_columns(tally, facts),
        *_missing(tally, facts),
        *_unique(tally, rules, facts),
        *_across(tally, rules),
        *_changed(tally),
    )


def _rows(tally: Tally, rules: Rules) -> Iterator[Finding]:
    severity = _SEVERITIES[rules.severity.get("rows", "reject")]
    for limit, rule in ((rules.rows_at_least, "at_least"), (rules.rows_at_most, "at_most")):
        if limit is not None:
            kept = tally.rows - tally.quarantined
            passed = kept >= limit if rule == "at_least" else kept <= limit
            yield Finding(
                check="rows",
                subject="table",
                value=float(kept),
                limit=float(limit),
                rule=rule,
                passed=passed,
                severity=severity,
                unit="rows",
            )


def _fresh(tally: Tally, rules: Rules, as_of: datetime) -> Iterator[Finding]:
    if rules.freshness is None:
        return
    limit = duration(rules.freshness, place="[data.rules] freshness")
    day = timedelta(days=1)
    age = None if tally.newest is None else as_of - (EPOCH + tally.newest * _MICROSECOND)
    yield Finding(
        check="freshness",
        subject="table",
        value=None if age is None else age / day,
        limit=limit / day,
        rule="at_most",
        passed=age is not None and age <= limit,
        severity=_SEVERITIES[rules.severity.get("freshness", "reject")],
        unit="days",
    )


def _columns(tally: Tally, facts: Mapping[str, ColumnFact]) -> Iterator[Finding]:
    for check in ("type", "missing", "range", "categories", "pattern"):
        for name, rows in tally.broken.get(check, {}).items():
            yield _broken(check, name, rows, tally.rows, facts[name].severity if name in facts else "quarantine")


def _missing(tally: Tally, facts: Mapping[str, ColumnFact]) -> Iterator[Finding]:
    """Shares of missing values, over all rows that came in."""
    for name, fact in facts.items():
        if fact.missing_at_most is not None and tally.rows:
            share = tally.missing.get(name, 0) / tally.rows
            yield Finding(
                check="missing_share",
                subject=name,
                value=share,
                limit=fact.missing_at_most,
                rule="at_most",
                passed=share <= fact.missing_at_most,
                severity="reject" if fact.severity == "reject" else "warn",
                evidence={"rows": tally.missing.get(name, 0), "of": tally.rows},
            )


def _unique(tally: Tally, rules: Rules, facts: Mapping[str, ColumnFact]) -> Iterator[Finding]:
    repeats = tally.broken.get("unique", {})
    for key in unique_keys(rules, facts):
        name = " and ".join(key)
        yield _broken("unique", name, repeats.get(name, 0), tally.rows, rules.severity.get("unique", "quarantine"))


def _across(tally: Tally, rules: Rules) -> Iterator[Finding]:
    for name, rule in checks(rules).items():
        yield _broken("check", name, tally.broken.get("check", {}).get(name, 0), tally.rows, rule.severity)


def _changed(tally: Tally) -> Iterator[Finding]:
    for name, values in tally.changed.items():
        yield Finding(
            check="outside",
            subject=name,
            value=values / tally.rows,
            severity="note",
            evidence={"rows": values, "of": tally.rows, "became": "missing"},
        )


def _broken(check: str, subject: str, rows: int, of: int, severity: Severity) -> Finding:
    return Finding(
        check=check,
        subject=subject,
        value=rows / max(1, of),
        limit=0.0,
        rule="at_most",
        passed=rows == 0,
        severity=_SEVERITIES[severity],
        evidence={"rows": rows, "of": of, "does": severity},
    )
