"""Splits: local midnights, an embargo, and nothing learnt from outcomes that were not known yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.split import Division, boundaries, divide, embargo, part_of, parts_of
from fullcycle.data.split.settings import Split
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


def divided(rows: pl.DataFrame, gap: timedelta, zone: str) -> Division:
    return divide(
        Split(),
        "time",
        entity="id",
        time="at",
        target="late",
        first=rows["at"].min(),  # type: ignore[arg-type]
        last=rows["at"].max(),  # type: ignore[arg-type]
        label_delay=gap,
        zone=zone,
    )


def test_a_part_without_rows_is_named() -> None:
    start = wall("2024-03-01")
    rows = pl.DataFrame({"at": [start, start + timedelta(days=29)]})
    with pytest.raises(InputError, match="the validation part has no rows: found 'from 2024-03-19"):
        parts_of(divided(rows, timedelta(), NEW_YORK), [rows], "at")


def test_an_embargo_that_leaves_nothing_to_learn_from() -> None:
    start = wall("2024-03-01")
    rows = pl.DataFrame({"at": [start + timedelta(days=day) for day in range(10)]})
    with pytest.raises(InputError, match="the train part has no rows"):
        parts_of(divided(rows, timedelta(days=40), NEW_YORK), [rows], "at")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 60 * 24 * 60), min_size=1, max_size=200),
    st.integers(0, 72),
    st.sampled_from([NEW_YORK, "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.randoms(use_true_random=False),
)
def test_nothing_is_learnt_from_outcomes_that_were_not_known(
    minutes: list[int], hours: int, zone: str, chance: Random
) -> None:
    start, gap = wall("2024-02-20", zone), timedelta(hours=hours)
    whole = sorted({*minutes, *range(0, 60 * 24 * 60, 60 * 6)})  # every part has rows
    chance.shuffle(whole)
    rows = pl.DataFrame({"at": [start + timedelta(minutes=minute) for minute in whole]})
    division = divided(rows, gap, zone)
    counts = parts_of(division, [rows[:7], rows[7:]], "at")
    parted = rows.with_columns(part=part_of(division, rows))
    times = {name: parted.filter(part=name)["at"].to_list() for name in counts}
    validation, test = counts["validation"].start, counts["test"].start
    assert max(times["train"]) + gap < validation <= min(times["validation"])
    assert max(times["validation"]) + gap < test <= min(times["test"])
    assert {name: len(found) for name, found in times.items()} == {name: part.rows for name, part in counts.items()}
    held = [at for at in rows["at"] if validation - gap <= at < validation or test - gap <= at < test]
    assert sorted(parted.filter(pl.col("part").is_null())["at"]) == sorted(held)


def test_the_embargo_is_the_label_delay_or_longer() -> None:
    day = timedelta(days=1)
    assert embargo(Split(), day) == day
    assert embargo(Split(embargo="36h"), day) == 1.5 * day
    with pytest.raises(InputError, match="shorter than the label delay: found '12h', expected at least 1 day"):
        embargo(Split(embargo="12h"), day)
