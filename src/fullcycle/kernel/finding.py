"""Findings: what any check saw, in one shape, so that "may we go on?" is one function and one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Severity = Literal["reject", "warn", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One check of one subject: codes and facts, no sentences.

    Attributes
    ----------
    check : what was checked, such as ``roc_auc`` or ``duplicates``.
    subject : what it was checked on: a column, a record, a window.
    value, low, high : the figure and its interval; None where there is none.
    limit, rule : what it was held against, such as ``0.6`` and ``at_least``.
    passed : None where there is nothing to pass.
    severity : ``reject`` stops the cycle, ``warn`` is shown, ``note`` is kept.
    unit : of value and limit.
    evidence : facts that let a person check it.

    Examples
    --------
    >>> gate = Finding(check="roc_auc", subject="test rows", value=0.68, low=0.66, limit=0.6, rule="at_least", passed=True)
    >>> may_go_on([gate])
    True
    """

    check: str
    subject: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    rule: str = ""
    passed: bool | None = None
    severity: Severity = "reject"
    unit: str = ""
    evidence: Mapping[str, str | int | float | bool | None] = {}


def may_go_on(findings: Iterable[Finding]) -> bool:
    """The one gate: nothing that rejects has failed.

    >>> may_go_on([Finding(check="drift", subject="dest", passed=False, severity="warn")])
    True
    >>> may_go_on([Finding(check="log_loss", subject="test rows", passed=False)])
    False
    """
    return not failed(findings)


def failed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that stop the cycle."""
    return tuple(finding for finding in findings if finding.passed is False and finding.severity == "reject")


def sentence(finding: Finding) -> str:
    """A finding as a person reads it.

    >>> sentence(Finding(check="roc_auc", subject="test rows", value=0.68, low=0.66, high=0.7, limit=0.6, rule="at_least", passed=True))
    'passed: roc_auc of test rows 0.68 [0.66, 0.7], at least 0.6'
    """
    verdict = {True: "passed", False: "failed", None: "seen"}[finding.passed]
    text = f"{verdict}: {finding.check} of {finding.subject}"
    if finding.value is not None:
        text += f" {finding.value:.4g}"
    if finding.low is not None and finding.high is not None:
        text += f" [{finding.low:.4g}, {finding.high:.4g}]"
    if finding.limit is not None:
        text += f", {finding.rule.replace('_', ' ')} {finding.limit:.4g}"
    if {"was", "is"} <= set(finding.evidence):
        text += f": was {finding.evidence['was']}, is {finding.evidence['is']}"
    return text + (f" {finding.unit}" if finding.unit else "")
