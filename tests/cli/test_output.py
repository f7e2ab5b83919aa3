"""What commands say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fullcycle.cli.output import Teller, document, finding_lines
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate


def test_estimates_hold_what_the_contract_names(capsys: pytest.CaptureFixture[str]) -> None:
    document(
        {
            "gain": [Estimate(point=1.5, low=1.0, high=2.0, unit="USD", n=9, blocks=3)],
            "net": Decimal("2.50"),
            "at": datetime(2026, 1, 1, tzinfo=UTC),
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-01-01T00:00:00.000000Z",
        "gain": [{"point": 1.5, "low": 1, "high": 2, "unit": "USD"}],
        "net": "2.50",
    }


def test_what_stops_the_cycle_stands_first() -> None:
    fine = Finding(check="roc_auc", subject="test rows", value=0.7, limit=0.6, rule="at_least", passed=True)
    seen = Finding(check="rows", subject="table", value=30000.0)
    drift = Finding(check="drift", subject="dest", passed=False, severity="warn")
    stop = Finding(check="log_loss", subject="test rows", value=0.5, low=0.4, high=0.6, passed=False)
    lines = finding_lines([fine, seen, drift, stop])
    assert [line.split()[0] for line in lines] == ["answer", "failed", "warns", "passed", "seen"]
    assert "0.5 [0.4, 0.6]" in lines[1]
    assert "30,000" in lines[-1]


def test_in_a_pipe_a_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller(quiet=False)
    for what, done, total in [("scoping", 0, 0), ("scoping", 0, 0), ("replaying", 1, 9)]:
        tell(what, done, total)
    tell.close()
    assert capsys.readouterr().err == "scoping\nreplaying, 10%\n"
    Teller(quiet=True)("scoping", 0, 0)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    tell = Teller(quiet=False)
    tell("scoping", 0, 0)
    tell("replaying", 1, 9)
    tell("monitoring", 0, 0)
    tell.close()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err


def test_what_was_only_looked_at_has_no_limit() -> None:
    seen = Finding(check="memory", subject="bundle", value=2e6, unit="B", rule="at_most")
    assert "at most" not in finding_lines([seen])[1]
    passed = Finding(check="memory", subject="bundle", value=2e6, limit=3e6, unit="B", rule="at_most", passed=True)
    assert "at most 3,000,000" in finding_lines([passed])[1]


def test_plain_lines_name_the_work_without_its_colon(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller(quiet=False)
    tell("developing: trials", 1, 4)
    tell("developing: trials", 4, 4)
    assert capsys.readouterr().err == "developing, 20%\ndeveloping, 100%\n"
