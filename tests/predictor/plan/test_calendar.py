"""The packed calendar against zoneinfo, across changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Calendar, Input, Plan, zone_offsets
from fullcycle.predictor.plan.calendar import Part
from fullcycle.predictor.plan.zones import EPOCH, wall_to_utc

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
]
PARTS = get_args(Part)
MICROSECOND = timedelta(microseconds=1)


def expected(local: datetime) -> dict[str, int]:
    return {
        "hour": local.hour,
        "minute": local.minute,
        "minute_of_day": local.hour * 60 + local.minute,
        "weekday": local.weekday(),
        "day": local.day,
        "month": local.month,
        "year": local.year,
        "day_of_year": local.timetuple().tm_yday,
        "days": (local.replace(tzinfo=None) - datetime(1970, 1, 1)).days,
    }


def plan_for(zone: str) -> Plan:
    offsets = zone_offsets(zone, 1995, 2035)
    operations = tuple(Calendar(output=part, input="t", part=part, zone=zone, offsets=offsets) for part in PARTS)
    return Plan(inputs=(Input("t", "time"),), operations=operations, features=PARTS)


def check(zone: str, times: list[datetime]) -> None:
    plan = plan_for(zone)
    matrix = plan.matrix(pl.DataFrame({"t": pl.Series(times, dtype=pl.Datetime("us", "UTC"))}))
    run = plan.compile()
    for time, found in zip(times, matrix, strict=True):
        wanted = expected(time.astimezone(ZoneInfo(zone)))
        assert dict(zip(PARTS, found.tolist(), strict=True)) == wanted, (zone, time)
        assert run({"t": (time - EPOCH) / MICROSECOND}) == found.tolist()


@pytest.mark.parametrize("zone", ZONES)
def test_around_every_change_of_the_clock(zone: str) -> None:
    times = [
        EPOCH + timedelta(microseconds=start + shift)
        for start, _ in zone_offsets(zone, 1995, 2034)
        for shift in (-3_600_000_001, -1, 0, 1, 1_799_999_999, 3_600_000_000)
    ]
    check(zone, [time for time in times if time.year >= 1995])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(1995, 1, 1), datetime(2035, 12, 30)))
def test_any_time(zone: str, time: datetime) -> None:
    check(zone, [time.replace(tzinfo=UTC)])


def test_years_1_to_9999() -> None:
    plan = plan_for("UTC")
    times = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1900, 2, 28, tzinfo=UTC),
    ]
    check("UTC", times)
    beyond = {"t": (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) / MICROSECOND + 86_400e6}
    assert np.isnan(plan.compile()(beyond)).all()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(1996, 1, 1), datetime(2034, 12, 30)))
def test_wall_clocks_are_read_as_python_does(zone: str, wall: datetime) -> None:
    instants = [wall, *around_changes(zone, wall)]
    naive = np.array([(time - datetime(1970, 1, 1)) // MICROSECOND for time in instants])
    found = wall_to_utc(naive, zone_offsets(zone, 1995, 2035))
    assert found.tolist() == [(time.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // MICROSECOND for time in instants]


def around_changes(zone: str, wall: datetime) -> list[datetime]:
    """Wall-clock times within two hours of the changes in the year of *wall*, skipped and doubled ones too."""
    epoch = datetime(1970, 1, 1)
    starts = [epoch + timedelta(microseconds=start + offset) for start, offset in zone_offsets(zone, 1996, 2034)]
    return [start + timedelta(minutes=m) for start in starts if start.year == wall.year for m in range(-120, 121, 15)]


def test_offsets_are_compact_and_checked() -> None:
    assert zone_offsets("UTC", 1970, 2070) == ((0, 0),)
    assert len(zone_offsets("America/New_York", 1970, 2070)) < 210
    with pytest.raises(InputError, match="write 'Europe/Paris'"):
        zone_offsets("Europe/Pariss", 2000, 2001)
    bad: Any
    for bad in ((1600, 2000), (2001, 2000), (2000, 2300)):
        with pytest.raises(InputError, match="years out of range"):
            zone_offsets("UTC", *bad)
