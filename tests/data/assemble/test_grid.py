"""Regular times in a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fullcycle.data.assemble.grid import grid
from fullcycle.kernel.errors import InputError

ZONE = "America/New_York"


def local(first: str, last: str, every: str, start: str = "") -> list[str]:
    found = grid(datetime.fromisoformat(first), datetime.fromisoformat(last), every, zone=ZONE, start=start)
    assert all(at.tzinfo is UTC for at in found)
    return [f"{at.astimezone(ZoneInfo(ZONE)):%m-%d %H:%M}" for at in found]


def test_weeks_stay_at_midnight_where_the_clock_changes():
    found = local("2013-03-05T15:00Z", "2013-03-20T12:00Z", "7d")
    assert found == ["03-05 00:00", "03-12 00:00", "03-19 00:00"]


def test_hours_are_steps_in_time():
    found = local("2013-03-10T05:30Z", "2013-03-10T12:00Z", "2h")
    assert found == ["03-10 00:00", "03-10 03:00", "03-10 05:00", "03-10 07:00"]


def test_months_begin_on_the_first():
    assert local("2013-01-20T15:00Z", "2013-03-31T12:00Z", "month") == ["02-01 00:00", "03-01 00:00"]
    assert local("2013-01-20T15:00Z", "2014-01-01T05:00Z", "month", "2013-11-15") == ["12-01 00:00", "01-01 00:00"]


def test_a_start_is_read_in_the_zone():
    assert local("2013-01-01T15:00Z", "2013-06-20T12:00Z", "7d", "2013-06-10") == ["06-10 00:00", "06-17 00:00"]
    assert local("2013-01-01T15:00Z", "2013-06-10T18:00Z", "6h", "2013-06-10T07:30") == ["06-10 07:30", "06-10 13:30"]


def test_nothing_after_the_end():
    assert local("2013-01-01T15:00Z", "2013-01-01T16:00Z", "7d", "2014-01-01") == []


@pytest.mark.parametrize("every", ["0d", "soon", "1us"])
def test_a_distance_that_cannot_be_is_refused(every):
    with pytest.raises(InputError, match=r"\[data.examples\] every"):
        local("2013-01-01T15:00Z", "2014-01-01T00:00Z", every)
