"""Costs of a period, item by item, recomputed by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import pytest

from fullcycle.business.costs import costs, months, retraining

from ..served import RATES, ZONE

NEW_YORK = ZoneInfo(ZONE)


def at(month: int, day: int) -> datetime:
    return datetime(2013, month, day, tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at(7, 1), at(8, 1), "1"),
        (at(3, 1), at(4, 1), "1"),  # the clock changes within
        (at(1, 1), at(12, 1), "11"),
        (at(7, 1), at(7, 31), "0.985626283367556"),
        (at(3, 5), at(4, 4), "0.985626283367556"),
    ],
)
def test_months(start: datetime, end: datetime, expected: str) -> None:
    """Whole months are whole; days are over 30.4375, an hour more or less notwithstanding."""
    assert str(months(start, end, ZONE))[:17] == expected[:17]


def test_a_month_by_hand() -> None:
    """1 day a month at 600, 20 for machines, 12 days over 12 months, 20 fits of 500,000 rows at 0.02 h × 0.50."""
    found = costs(
        RATES,
        months=Decimal(1),
        paid_back=Decimal(0),
        trained=True,
        retrained=False,
        fits=20,
        rows=500_000,
        retraining_days=0.5,
    )
    expected = {"people": "600.00", "serving": "20.00", "preparation": "600.00", "training": "0.10"}
    assert {name: str(money) for name, money in found.items()} == expected


def test_a_retraining_costs_people_too() -> None:
    """And what is paid back is paid back once."""
    found = costs(
        RATES,
        months=Decimal(1),
        paid_back=Decimal("11.5"),
        trained=True,
        retrained=True,
        fits=1,
        rows=500_000,
        retraining_days=0.5,
    )
    assert found["retraining"] == Decimal("300.00")
    assert found["preparation"] == Decimal("300.00")
    assert found["training"] == Decimal("0.00")  # half a cent, half to even
    later = costs(
        RATES,
        months=Decimal(1),
        paid_back=Decimal(12),
        trained=False,
        retrained=True,
        fits=1,
        rows=1,
        retraining_days=0.5,
    )
    assert later["preparation"] == 0
    assert "retraining" not in later


def test_a_narrow_decimal_context_changes_nothing() -> None:
    """Whoever calls us may have set one."""
    with localcontext(prec=3):
        found = retraining(RATES, fits=20, rows=500_000, retraining_days=0.5)
        assert str(months(at(7, 1), at(7, 31), ZONE)).startswith("0.98562628")
    assert found == Decimal("300.10")
