"""Which split a question calls for, and what another costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from fullcycle.data.split import Choice, choice_findings, choose
from fullcycle.data.split.settings import Split

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "days", "task", "repeated", "chosen"),
    [
        ({}, 300, "binary", True, ("time", "time", "rows span 301 days")),
        ({}, 6, "regression", False, ("time", "time", "rows span 7 days")),
        ({"test": "1d"}, 0, "binary", True, ("time", "time", "a part is given as a duration")),
        ({"embargo": "1d"}, 0, "binary", True, ("time", "time", "a part is given as a duration")),
        ({}, 5, "binary", True, ("group", "group", "entities come again")),
        ({"group": "shop"}, 0, "binary", False, ("group", "group", "entities come again")),
        ({}, 0, "multiclass", False, ("stratified", "stratified", "classes without time")),
        ({}, 0, "regression", False, ("random", "random", "rows stand alone")),
        ({"by": "random"}, 300, "binary", True, ("random", "time", "rows span 301 days")),
    ],
)
def test_choices(settings: dict[str, Any], days: int, task: str, repeated: bool, chosen: tuple[str, ...]) -> None:
    found = choose(Split(**settings), task=task, first=NOON, last=NOON + days * DAY, zone="UTC", repeated=repeated)
    assert found == chosen


def test_what_a_random_split_of_rows_in_time_costs() -> None:
    times = pl.Series([NOON + day * DAY for day in range(100)])
    choice = Choice("random", "time", "rows span 100 days")
    note, warning = choice_findings(choice, train=times, test=times[::5], label_delay=10 * DAY)
    assert (note.check, note.subject, note.severity, note.passed) == ("split", "random", "note", None)
    assert (warning.severity, warning.passed, warning.value) == (
        "warn",
        False,
        0.59,
    )  # from day 41 on, of the middle day 50
    assert warning.evidence["label_delay_hours"] == 240


@pytest.mark.parametrize(
    "choice", [Choice("time", "time", ""), Choice("group", "group", ""), Choice("random", "group", "")]
)
def test_no_warning_where_time_is_kept_or_says_nothing(choice: Choice) -> None:
    times = pl.Series([NOON, NOON + DAY])
    assert [found.check for found in choice_findings(choice, train=times, test=times, label_delay=DAY)] == ["split"]
