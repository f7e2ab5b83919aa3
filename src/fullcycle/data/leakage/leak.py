"""What a leak is told as: an estimate above what chance or honesty allows."""

from __future__ import annotations

from collections.abc import Mapping

from fullcycle.kernel.finding import Finding, Severity
from fullcycle.measure.intervals import Estimate


def leak(
    check: str,
    subject: str,
    found: Estimate,
    limit: float,
    *,
    severity: Severity,
    unit: str,
    evidence: Mapping[str, str | int | float | bool | None],
) -> Finding:
    """A finding that failed: *found* is above *limit*.

    >>> leak("id_tells", "order", Estimate(point=0.9), 0.6, severity="warn", unit="share", evidence={}).passed
    False
    """
    return Finding(
        check=check,
        subject=subject,
        value=found.point,
        low=found.low,
        high=found.high,
        limit=limit,
        rule="at_most",
        passed=False,
        severity=severity,
        unit=unit,
        evidence=evidence,
    )
