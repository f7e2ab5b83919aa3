"""Windows are whole local days, follow each other, and wait for their outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.monitoring.windows import window_ending, window_length

ZONE = "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
DAY = timedelta(days=1)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK).astimezone(UTC)  # type: ignore[arg-type, misc]


def test_a_window_ends_when_its_outcomes_have_matured() -> None:
    """Not a microsecond earlier."""
    origin = local(2013, 7, 1, 9)
    due = local(2013, 7, 8) + DAY
    assert window_ending(due - timedelta(microseconds=1), origin, 7 * DAY, DAY, ZONE) is None
    assert window_ending(due, origin, 7 * DAY, DAY, ZONE) == (local(2013, 7, 1), local(2013, 7, 8))


def test_a_change_of_the_clock_makes_no_short_day() -> None:
    """A week in which the clock went forward ends at midnight, an hour earlier in UTC."""
    found = window_ending(local(2013, 3, 20), local(2013, 3, 5), 7 * DAY, timedelta(), ZONE)
    assert found == (local(2013, 3, 12), local(2013, 3, 19))
    before = window_ending(local(2013, 3, 12), local(2013, 3, 5), 7 * DAY, timedelta(), ZONE)
    assert before is not None
    assert before[1] - before[0] == 7 * DAY - timedelta(hours=1)


def test_months_are_calendar_months_and_the_first_may_be_a_part() -> None:
    """Serving that began on the tenth is reviewed from the tenth."""
    origin = local(2013, 6, 10, 12)
    assert window_ending(local(2013, 7, 1), origin, "month", DAY, ZONE) is None
    assert window_ending(local(2013, 7, 2), origin, "month", DAY, ZONE) == (local(2013, 6, 10), local(2013, 7, 1))
    assert window_ending(local(2014, 1, 15), origin, "month", DAY, ZONE) == (local(2013, 12, 1), local(2014, 1, 1))
    assert window_ending(local(2013, 6, 20), origin, "month", DAY, ZONE) is None


@given(
    st.datetimes(datetime(2012, 1, 1), datetime(2014, 12, 31)),
    st.timedeltas(timedelta(), timedelta(days=400)),
    st.one_of(st.integers(1, 40).map(lambda n: timedelta(days=n)), st.just("month")),
    st.sampled_from([timedelta(), timedelta(hours=5), timedelta(days=3)]),
    st.sampled_from([ZONE, "UTC", "Australia/Lord_Howe", "America/Sao_Paulo"]),
)
def test_the_next_window_begins_where_this_one_ends(origin, gone, length, delay, zone) -> None:  # type: ignore[no-untyped-def]
    """No day is in two windows or in none, and the window found is the last complete one."""
    origin = origin.replace(tzinfo=UTC)
    found = window_ending(origin + gone, origin, length, delay, zone)
    if found is None:
        return
    start, end = found
    assert start < end
    assert end + delay <= origin + gone
    following = window_ending(end + 75 * DAY, origin, length, delay, zone)
    assert following is not None
    assert following[0] >= end
    again = window_ending(end + delay, origin, length, delay, zone)
    assert again == found


def test_lengths_are_whole_days() -> None:
    """Half a day would cut a block of rows in two."""
    assert window_length("month") == "month"
    assert window_length("1w") == 7 * DAY
    with pytest.raises(InputError, match="whole days"):
        window_length("36h", place="cycle.toml, [monitoring] window")
