"""Periods added up."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fullcycle.business.records import Account, Verdict
from fullcycle.business.report import gain, total
from fullcycle.measure.intervals import Estimate


def verdict(point: float, half: float | None, known: int = 2000) -> Verdict:
    ends = {} if half is None else {"low": point - half, "high": point + half}
    amount = Decimal(str(point)) * known / 1000
    account = Account(
        currency="USD",
        model=amount,
        alternatives={"today's rule": Decimal(0)},
        against="today's rule",
        gain=amount,
        gain_low=amount,
        gain_high=amount,
        costs={},
        net=amount,
    )
    return Verdict(
        action="keep",
        reasons=(),
        start=datetime(2013, 7, 1, tzinfo=UTC),
        end=datetime(2013, 8, 1, tzinfo=UTC),
        as_of=datetime(2013, 8, 2, tzinfo=UTC),
        traffic="",
        decisions=known,
        known=known,
        gain=Estimate(point=point, unit="USD/1000", n=known, blocks=31, **ends),
        account=account,
    )


def test_a_period_in_money() -> None:
    found = gain(verdict(300.0, 100.0))
    assert found is not None
    assert (found.point, found.low, found.high, found.unit) == (600.0, 400.0, 800.0, "USD")


def test_periods_add_up_and_their_errors_in_quadrature() -> None:
    found = total([verdict(300.0, 30.0, 1000), verdict(-100.0, 40.0, 1000)])
    assert found is not None
    assert found.point == pytest.approx(200.0)
    assert (found.low, found.high) == (pytest.approx(150.0), pytest.approx(250.0))
    assert (found.n, found.blocks) == (2000, 62)
    assert math.hypot(30, 40) == 50


def test_no_interval_where_a_period_has_none() -> None:
    found = total([verdict(300.0, 30.0), verdict(100.0, None)])
    assert found is not None
    assert (found.point, found.low) == (800.0, None)
    assert total([]) is None
