"""Findings: only a failed one that rejects stops the cycle."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from fullcycle.kernel.finding import Finding, failed, may_go_on, sentence


def finding(passed: bool | None, severity: str) -> Finding:
    return Finding(check="c", subject="s", passed=passed, severity=severity)


@pytest.mark.parametrize(
    ("passed", "severity"), list(itertools.product([True, False, None], ["reject", "warn", "note"]))
)
def test_what_stops_the_cycle(passed: bool | None, severity: str) -> None:
    one = finding(passed, severity)
    stops = passed is False and severity == "reject"
    assert may_go_on([finding(True, "reject"), one, finding(None, "note")]) is not stops
    assert failed([one]) == ((one,) if stops else ())


def test_nothing_found_stops_nothing() -> None:
    assert may_go_on([])


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "seen: c of s"),
        (
            {"passed": False, "value": 0.0, "limit": 3.0, "rule": "at_most", "unit": "ms"},
            "failed: c of s 0, at most 3 ms",
        ),
        ({"passed": True, "value": 1.23456789, "low": 1.0}, "passed: c of s 1.235"),
    ],
)
def test_the_sentence(facts: dict[str, object], text: str) -> None:
    assert sentence(Finding(check="c", subject="s", **facts)) == text


def test_a_finding_is_plain_data() -> None:
    full = Finding(
        check="c", subject="s", value=1.5, passed=False, severity="warn", evidence={"rows": 3, "worst": None}
    )
    assert msgspec.convert(msgspec.to_builtins(full), Finding) == full
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"check": "c", "subject": "s", "severity": "fatal"}, Finding)
