"""Performance: the figures of the test rows again, on decisions whose outcome is known, and how outcomes arrive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, mean_interval, student
from fullcycle.measure.metrics import METRICS, evaluate

COMPARED = {
    "binary": ("roc_auc", "log_loss", "brier", "average_precision"),
    "regression": ("mae", "rmse", "r2"),
}
"""By task, the figures that one logged score per decision gives; a multiclass answer logs no probabilities."""


def performance(
    outcome: NDArray[np.float64],
    score: NDArray[np.float64],
    days: NDArray[np.int64],
    *,
    task: str,
    figures: Mapping[str, Estimate],
    confidence: float,
) -> tuple[Finding, ...]:
    """Each figure of the window held against the same figure of the test rows.

    It fails (``warn``) where it is worse by more than both intervals together explain.

    Parameters
    ----------
    outcome, score : (n,) what came true and what was said; NaN in either leaves the row out.
    days : (n,) local day of each row.
    figures : the model's, on its test rows.

    Examples
    --------
    >>> outcome, score, days = np.array([0.0, 1.0] * 20), np.array([0.4, 0.6] * 20), np.repeat(np.arange(4), 10)
    >>> tested = {"roc_auc": Estimate(point=0.7, low=0.65, high=0.75, n=400, blocks=40)}
    >>> [(f.check, f.subject, f.passed) for f in performance(outcome, score, days, task="binary", figures=tested,
    ...     confidence=0.95)]
    [('performance', 'roc_auc', True)]
    """
    kept = ~(np.isnan(outcome) | np.isnan(score))
    names = [name for name in COMPARED.get(task, ()) if name in figures]
    return tuple(_figure(name, outcome[kept], score[kept], days[kept], figures[name], confidence) for name in names)


def calibration(
    outcome: NDArray[np.float64], score: NDArray[np.float64], days: NDArray[np.int64], *, confidence: float
) -> Finding:
    """Calibration in the large: the mean of what came true less the mean score, which should be nothing.

    For a binary target that is the realised rate against the mean probability; for a number, the mean error.

    >>> days = np.repeat(np.arange(5), 20)
    >>> outcome = np.tile([0.0, 1.0], 50)
    >>> calibration(outcome, np.full(100, 0.2), days, confidence=0.95).passed
    False
    """
    kept = ~(np.isnan(outcome) | np.isnan(score))
    if not kept.any():
        return Finding(check="calibration", subject="score", severity="warn", evidence={"rows": 0})
    gap = mean_interval(outcome[kept] - score[kept], days[kept], confidence=confidence)
    rows = int(kept.sum())
    evidence = {
        "mean_score": math.fsum(score[kept].tolist()) / rows,
        "realised": math.fsum(outcome[kept].tolist()) / rows,
        "rows": rows,
    }
    passed = None if gap.low is None or gap.high is None else bool(gap.low <= 0 <= gap.high)
    return Finding(
        check="calibration",
        subject="score",
        value=gap.point,
        low=gap.low,
        high=gap.high,
        limit=0.0,
        rule="equal_to",
        passed=passed,
        severity="warn",
        evidence=evidence,
    )


def mean_score(score: NDArray[np.float64], days: NDArray[np.int64], *, confidence: float) -> tuple[Finding, ...]:
    """A note of the mean score, which needs no outcomes: where the columns drift, it shows first.

    >>> mean_score(np.array([0.2, 0.4]), np.array([0, 1]), confidence=0.95)[0].severity
    'note'
    """
    kept = ~np.isnan(score)
    if not kept.any():
        return ()
    mean = mean_interval(score[kept], days[kept], confidence=confidence)
    evidence = {"rows": mean.n, "days": mean.blocks}
    return (
        Finding(
            check="mean_score",
            subject="champion",
            value=mean.point,
            low=mean.low,
            high=mean.high,
            severity="note",
            evidence=evidence,
        ),
    )


def difference(now: Estimate, then: Estimate, *, confidence: float) -> Estimate:
    """*now* less *then*, two figures of independent rows, with its interval.

    Standard errors are read back from the two intervals; degrees of freedom by Welch and Satterthwaite. An end that was
    cut off at the largest value a figure can take is passed over: the wider side tells the spread.

    >>> a, b = Estimate(point=0.6, low=0.5, high=0.7, blocks=31), Estimate(point=0.7, low=0.6, high=0.8, blocks=31)
    >>> found = difference(a, b, confidence=0.95)
    >>> round(found.low, 2), round(found.high, 2)
    (-0.24, 0.04)
    """
    point = now.point - then.point
    errors = [_standard_error(estimate, confidence) for estimate in (now, then)]
    if any(error is None for error in errors):
        return Estimate(point=point, unit=now.unit, n=now.n)
    variances = [error * error for error in errors if error is not None]
    freedom = [max(estimate.blocks - 1, 1) for estimate in (now, then)]
    total = math.fsum(variances)
    if total == 0:
        return Estimate(point=point, low=point, high=point, unit=now.unit, n=now.n, blocks=now.blocks)
    spread = math.fsum(variance**2 / degrees for variance, degrees in zip(variances, freedom, strict=True))
    degrees = max(int(total**2 / spread), 1) if spread else min(freedom)
    half = student(confidence, degrees) * math.sqrt(total)
    return Estimate(point=point, low=point - half, high=point + half, unit=now.unit, n=now.n, blocks=now.blocks)


def arrival(served: pl.DataFrame, *, as_of: datetime, label_delay: timedelta, late_at_most: float) -> Finding:
    """Shares of what is known, void and still waited for, of decisions whose outcome is due.

    It fails (``warn``) where more than *late_at_most* are still waited for.

    >>> from datetime import UTC
    >>> noon = datetime(2013, 7, 1, 12, tzinfo=UTC)
    >>> served = pl.DataFrame({"time": [noon, noon], "status": ["known", "waiting"]})
    >>> arrival(served, as_of=datetime(2013, 7, 3, tzinfo=UTC), label_delay=timedelta(days=1), late_at_most=0.05).value
    0.5
    """
    due = served.filter(pl.col("time") + label_delay <= as_of)
    counts = {status: int((due["status"] == status).sum()) for status in ("known", "void", "waiting")}
    share = counts["waiting"] / due.height if due.height else None
    return Finding(
        check="arrival",
        subject="outcomes",
        value=share,
        limit=late_at_most,
        rule="at_most",
        passed=None if share is None else share <= late_at_most,
        severity="warn",
        evidence={"due": due.height, **counts},
    )


def readable(served: pl.DataFrame, outcome: NDArray[np.float64]) -> Finding:
    """Outcomes that came in but do not give the target, because a column it is derived from is empty.

    >>> readable(pl.DataFrame({"status": ["known", "void"]}), np.array([1.0, np.nan])).passed
    True
    """
    known = (served["status"] == "known").to_numpy()
    unreadable = int((known & np.isnan(outcome)).sum())
    evidence = {"known": int(known.sum())}
    return Finding(
        check="outcome_readable",
        subject="outcomes",
        value=float(unreadable),
        limit=0.0,
        rule="at_most",
        passed=unreadable == 0,
        severity="warn",
        unit="rows",
        evidence=evidence,
    )


def _figure(
    name: str,
    outcome: NDArray[np.float64],
    score: NDArray[np.float64],
    days: NDArray[np.int64],
    tested: Estimate,
    confidence: float,
) -> Finding:
    try:
        now = evaluate(name, outcome, score, days, confidence=confidence)
    except InputError as error:  # no rows, or one class only: there is nothing to hold against the test rows
        return Finding(
            check="performance",
            subject=name,
            severity="warn",
            evidence={"rows": len(outcome), "problem": error.problem},
        )
    change = difference(now, tested, confidence=confidence)
    worse = change.high if METRICS[name].better == "higher" else change.low
    passed = None if worse is None else bool(worse >= 0 if METRICS[name].better == "higher" else worse <= 0)
    return Finding(
        check="performance",
        subject=name,
        value=now.point,
        low=now.low,
        high=now.high,
        limit=tested.point,
        rule="not_worse_than",
        passed=passed,
        severity="warn",
        unit=now.unit,
        evidence={"change": change.point, "low": change.low, "high": change.high, "rows": now.n, "days": now.blocks},
    )


def _standard_error(estimate: Estimate, confidence: float) -> float | None:
    if estimate.low is None or estimate.high is None:
        return None
    half = max(estimate.high - estimate.point, estimate.point - estimate.low)
    return half / student(confidence, max(estimate.blocks - 1, 1))
