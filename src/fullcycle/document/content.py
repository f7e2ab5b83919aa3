"""What a document holds: questions, each with an answer that a person gave, that was measured, or that is missing.

No answer is made up: what nobody declared and nothing measured is "not stated".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple

from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate

Known = Literal["declared", "measured", "missing"]
NOT_STATED = "not stated"


class Grid(NamedTuple):
    """A table: headings, and rows of as many cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Picture(NamedTuple):
    """A picture as SVG, and what it shows in words."""

    svg: str
    shows: str


class Answer(NamedTuple):
    """A question, what is known about it, and by whom. Where there is a picture, the table says the same in numbers."""

    question: str
    text: str
    known: Known
    grid: Grid | None = None
    picture: Picture | None = None


class Section(NamedTuple):
    """Questions about one side of a thing."""

    title: str
    answers: tuple[Answer, ...]


def declared(question: str, text: str) -> Answer:
    """An answer that a person gave, or that nobody did.

    >>> declared("Who funded it?", " ").text
    'not stated'
    """
    text = text.strip()
    return Answer(question, text or NOT_STATED, "declared" if text else "missing")


def figure(value: float | None) -> str:
    """A number as it is shown.

    >>> figure(0.123456), figure(336776.0), figure(13710.4), figure(None)
    ('0.1235', '336,776', '13,710', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def span(gap: timedelta) -> str:
    """A duration in its largest whole unit.

    >>> span(timedelta(days=1)), span(timedelta(seconds=90))
    ('1d', '90s')
    """
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1))):
        if gap >= length and not gap % length:
            return f"{gap // length}{unit}"
    return f"{gap.total_seconds():g}s"


def estimate(found: Estimate | None) -> str:
    """An estimate with its interval.

    >>> estimate(Estimate(point=0.68214, low=0.66, high=0.7)), estimate(Estimate(point=3.0))
    ('0.6821 [0.66, 0.7]', '3')
    """
    if found is None:
        return ""
    interval = "" if found.low is None else f" [{figure(found.low)}, {figure(found.high)}]"
    return f"{figure(found.point)}{interval}"


FINDING_HEADS = ("check", "of", "value", "interval", "limit", "verdict")


def findings_grid(findings: Iterable[Finding]) -> Grid:
    """Findings as a table.

    >>> findings_grid([Finding(check="roc_auc", subject="test rows", passed=True)]).rows
    (('roc_auc', 'test rows', '', '', '', 'passed'),)
    """
    return Grid(FINDING_HEADS, tuple(finding_line(finding) for finding in findings))


def finding_line(finding: Finding) -> tuple[str, ...]:
    """A finding as a line of a table.

    >>> finding_line(Finding(check="training", subject="model", value=92.4, limit=600, rule="at_most", passed=True, unit="s"))
    ('training', 'model', '92.4 s', '', 'at most 600', 'passed')
    """
    interval = "" if finding.low is None or finding.high is None else f"{figure(finding.low)} to {figure(finding.high)}"
    limit = "" if finding.limit is None else f"{finding.rule.replace('_', ' ')} {figure(finding.limit)}".strip()
    verdict = {True: "passed", False: f"fell short ({finding.severity})", None: "seen"}[finding.passed]
    value = f"{figure(finding.value)} {finding.unit}".strip() if finding.value is not None else ""
    return finding.check, finding.subject, value, interval, limit, verdict
