"""Time: durations and sizes are read whole or refused, local days begin where the law says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.clock import SetClock, Stopwatch, SystemClock, day_start, duration, instant, parse_instant, size
from fullcycle.kernel.errors import InputError

UNITS = {"us": 1, "ms": 10**3, "s": 10**6, "m": 6 * 10**7, "h": 36 * 10**8, "d": 864 * 10**8, "w": 6048 * 10**8}


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4), st.booleans())
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]], spaced: bool) -> None:
    text = (" " if spaced else "").join(f"{number}{' ' if spaced else ''}{unit}" for number, unit in parts)
    assert duration(text) == timedelta(microseconds=sum(number * UNITS[unit] for number, unit in parts))


@pytest.mark.parametrize(
    ("text", "seconds"), [("1d", 86400), ("1.5h", 5400), ("0.5ms", 0.0005), (" 1h  30m ", 5400), ("0s", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "1", "d", "1 day", "1min", "-1d", "1d!", "1e3s", "1,5h", "P1D", "9" * 20 + "w"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        duration(text, place="cycle.toml:9")
    assert (caught.value.place, caught.value.found) == ("cycle.toml:9", text)


@pytest.mark.parametrize(
    ("text", "number"), [("50MiB", 50 * 2**20), ("1GB", 10**9), ("1.5 kB", 1500), ("0B", 0), ("1KiB", 1024)]
)
def test_sizes(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "50", "MiB", "50mb", "-1B", "1 MiB and more"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a size"):
        size(text)


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)), st.integers(-23, 23))
def test_an_instant_is_read_back_and_sorts_as_time_does(naive: datetime, offset: int) -> None:
    at = naive.replace(tzinfo=timezone(timedelta(hours=offset)))
    assert parse_instant(instant(at)) == at
    assert len(instant(at)) == 27
    assert (instant(at) < instant(datetime(2000, 1, 1, tzinfo=UTC))) == (at < datetime(2000, 1, 1, tzinfo=UTC))


def test_a_naive_time_is_no_instant() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        instant(datetime(2013, 1, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-07-01", "2013-07-01T04:00:00.000000Z"),  # summer
        ("2013-01-01", "2013-01-01T05:00:00.000000Z"),  # winter
        ("2013-01-01T12:00:00", "2013-01-01T17:00:00.000000Z"),
        ("2013-01-01T12:00:00.25Z", "2013-01-01T12:00:00.250000Z"),
        ("2013-01-01T12:00:00+02:00", "2013-01-01T10:00:00.000000Z"),
    ],
)
def test_a_naive_time_is_read_in_the_zone_of_the_project(text: str, expected: str) -> None:
    assert instant(parse_instant(text, zone="America/New_York")) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2013-13-01", "2013-02-30", "0001-01-01T00:00:00+05:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_instant(text, place="--as-of")
    assert (caught.value.place, caught.value.found) == ("--as-of", text)


@pytest.mark.parametrize(
    ("zone", "at", "start"),
    [
        # a day of 23 hours begins in winter time, one of 25 in summer time
        ("America/New_York", "2013-03-10T23:00:00-04:00", "2013-03-10T05:00:00.000000Z"),
        ("America/New_York", "2013-03-11T12:00:00-04:00", "2013-03-11T04:00:00.000000Z"),
        ("America/New_York", "2013-11-03T23:00:00-05:00", "2013-11-03T04:00:00.000000Z"),
        ("America/Sao_Paulo", "2017-10-15T12:00:00-02:00", "2017-10-15T03:00:00.000000Z"),  # has no midnight
        ("America/Havana", "2013-11-03T12:00:00-05:00", "2013-11-03T04:00:00.000000Z"),  # has two
        ("Asia/Kathmandu", "2013-05-05T00:00:00+05:45", "2013-05-04T18:15:00.000000Z"),
        ("UTC", "2013-05-05T23:59:59Z", "2013-05-05T00:00:00.000000Z"),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, at: str, start: str) -> None:
    assert instant(day_start(parse_instant(at), zone)) == start


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2030, 1, 1)))
def test_the_start_of_a_day_lies_within_it(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    start = day_start(at, "America/New_York")
    assert start <= at < start + timedelta(hours=25)
    assert day_start(start, "America/New_York") == start
    assert day_start(start - timedelta(microseconds=1), "America/New_York") < start


def test_clocks() -> None:
    clock = SetClock(datetime(2013, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert SystemClock().now().tzinfo is UTC
    with Stopwatch() as watch:
        SystemClock().now()
    assert watch.seconds >= 0
