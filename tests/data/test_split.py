"""Splits: local midnights, an embargo, and nothing learnt from outcomes that were not known yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.settings import Split
from fullcycle.data.split import boundaries, embargo, parts
from fullcycle.kernel.errors import InputError

NEW_YORK = "America/New_York"


def wall(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("first", "last", "validation", "test"),
    [
        ("2024-03-01T10:00", "2024-03-31T20:00", "2024-03-20", "2024-03-26"),  # the clock went forward
        ("2024-10-20T10:00", "2024-11-19T00:00", "2024-11-08", "2024-11-14"),  # and back
        ("2024-06-01T00:00", "2024-07-01T23:59", "2024-06-20", "2024-06-26"),
    ],
)
def test_parts_begin_at_local_midnights(first: str, last: str, validation: str, test: str) -> None:
    found = boundaries(wall(first), wall(last), Split(), NEW_YORK)  # 31 days, a fifth is 6
    assert (found.validation, found.test) == (wall(validation), wall(test))
    assert found.end == wall(last[:10]) + timedelta(days=1)


def test_the_end_lies_after_a_day_of_23_hours() -> None:
    found = boundaries(wall("2024-03-01T00:00"), wall("2024-03-10T23:59:59"), Split(), NEW_YORK)
    assert found.end == wall("2024-03-11") == wall("2024-03-10") + timedelta(hours=23)


def test_a_midnight_that_the_clock_jumps_over() -> None:
    found = boundaries(
        wall("2024-08-20", "America/Santiago"),
        wall("2024-09-10", "America/Santiago"),
        Split(validation="1d", test="3d"),
        "America/Santiago",
    )
    assert found.test == datetime(2024, 9, 8, 4, tzinfo=UTC)  # 01:00, the first moment of that day


@pytest.mark.parametrize(("validation", "test"), [("5d", "10d"), (5 / 31, 10 / 31 + 1e-9)])
def test_durations_and_shares(validation: float | str, test: float | str) -> None:
    found = boundaries(wall("2024-03-01"), wall("2024-03-31"), Split(validation=validation, test=test), NEW_YORK)
    assert (found.validation, found.test) == (wall("2024-03-17"), wall("2024-03-22"))


@pytest.mark.parametrize(
    ("days", "split", "words"),
    [
        (2, Split(), "too short for its split: found '2 days', expected more than 2 days"),
        (20, Split(validation="10d", test="10d"), "too short"),
        (20, Split(validation=1.5), "a share lies between 0 and 1: found 1.5"),
        (20, Split(test="soon"), "not a duration"),
    ],
)
def test_too_short_or_senseless(days: int, split: Split, words: str) -> None:
    start = wall("2024-03-01")
    with pytest.raises(InputError, match=words) as error:
        boundaries(start, start + timedelta(days=days - 1), split, NEW_YORK)
    assert error.value.place == "cycle.toml, [data.split]"


def test_a_part_without_rows_is_named() -> None:
    start = wall("2024-03-01")
    times = pl.Series([start, start + timedelta(days=29)]).cast(pl.Datetime("us", "UTC"))
    found = boundaries(start, start + timedelta(days=29), Split(), NEW_YORK)
    with pytest.raises(InputError, match="the validation part has no rows: found 'from 2024-03-19"):
        parts(pl.DataFrame({"at": times}), "at", found, timedelta())


@given(
    st.lists(st.integers(0, 60 * 24 * 60), min_size=1, max_size=200),
    st.integers(0, 72),
    st.sampled_from([NEW_YORK, "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_nothing_is_learnt_from_outcomes_that_were_not_known(minutes: list[int], hours: int, zone: str) -> None:
    start, gap = wall("2024-02-20", zone), timedelta(hours=hours)
    whole = sorted({*minutes, *range(0, 60 * 24 * 60, 60 * 6)})  # every part has rows
    rows = pl.DataFrame({"at": [start + timedelta(minutes=minute) for minute in whole]})
    found = boundaries(rows["at"][0], rows["at"][-1], Split(), zone)
    slices = parts(rows, "at", found, gap)
    times = {name: rows["at"].slice(part.offset, part.rows).to_list() for name, part in slices.items()}
    assert max(times["train"]) + gap < found.validation <= min(times["validation"])
    assert max(times["validation"]) + gap < found.test <= min(times["test"])
    assert slices["test"].offset + slices["test"].rows == len(rows)
    outside = len(rows) - sum(map(len, times.values()))
    held = [
        at
        for at in rows["at"]
        if found.validation - gap <= at < found.validation or found.test - gap <= at < found.test
    ]
    assert outside == len(held)


def test_the_embargo_is_the_label_delay_or_longer() -> None:
    day = timedelta(days=1)
    assert embargo(Split(), day) == day
    assert embargo(Split(embargo="36h"), day) == 1.5 * day
    with pytest.raises(InputError, match="shorter than the label delay: found '12h', expected at least 1 day"):
        embargo(Split(embargo="12h"), day)
