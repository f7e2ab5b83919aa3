"""Outcomes: what is taken, what is turned away and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.traffic.schema import entity_hash, micros

from .bundles import KEY

READER = OutcomeReader(
    "dev",
    "live",
    entity="flight",
    time="departure",
    labels={"arr_delay": "float", "cancelled": "boolean"},
    zone="America/New_York",
    key=KEY,
)


def test_an_id_or_entity_and_time_name_the_decision() -> None:
    rows = [
        {"id": "a1", "arr_delay": 41.5, "at": "2013-07-01T18:00:00Z"},
        {"flight": "N1", "departure": "2013-07-01T08:00:00", "arr_delay": None, "cancelled": True},
    ]
    good, bad = READER.read(rows, received=99)
    assert bad == []
    assert (good[0].id, good[0].entity, good[0].time, good[0].row) == ("a1", "", None, '{"arr_delay":41.5}')
    assert good[0].at == micros(datetime(2013, 7, 1, 18, tzinfo=UTC))
    assert (good[1].id, good[1].entity) == ("", entity_hash(KEY, "N1"))
    assert good[1].time == micros(datetime(2013, 7, 1, 12, tzinfo=UTC))  # naive, so New York's
    assert (good[1].row, good[1].at, good[1].received) == ('{"cancelled":true}', 99, 99)


def test_the_short_form_and_void() -> None:
    rows = [
        {"id": "a", "actual": True},
        {"id": "b", "actual": None, "void": "cancelled"},
        {"id": "c", "void": "diverted", "acted_on": False},
    ]
    good, bad = READER.read(rows, received=9)
    assert bad == []
    assert [(one.status, one.reason, one.actual) for one in good] == [
        ("known", "", 1.0),
        ("void", "cancelled", None),
        ("void", "diverted", None),
    ]
    assert good[2].row == '{"acted_on":false}'


def test_feedback_alone_says_nothing_of_what_happened() -> None:
    good, bad = READER.read(
        [
            {"id": "a", "feedback": "I waited for an hour", "acted_on": True},
            {"id": "b", "arr_delay": 3.0, "acted_on": False},
            {"id": "c", "acted_on": "yes"},
            {"id": "d", "feedback": "x" * 10_001},
            {"id": "e", "feedback": "gone", "actual": None},
        ],
        received=9,
    )
    assert [(one.status, one.row, one.actual) for one in good] == [
        ("feedback", '{"acted_on":true,"feedback":"I waited for an hour"}', None),
        ("known", '{"acted_on":false,"arr_delay":3}', None),
    ]
    assert [(one.row, one.failure.column, one.failure.expected) for one in bad] == [
        (2, "acted_on", "true or false"),
        (3, "feedback", "a text of 1 to 10000 characters"),
        (4, "actual", 'a value, or the reason in "void"'),
    ]


def test_a_time_column_called_at_is_the_decision_s_not_the_outcome_s() -> None:
    reader = OutcomeReader("dev", "live", entity="e", time="at", labels={"y": "float"}, key=KEY)
    good, bad = reader.read([{"e": "a", "at": "2024-05-01T00:00:00Z", "y": 1.0}, {"id": "b", "y": 2.0}], received=9)
    assert bad == []
    assert [(one.time, one.at) for one in good] == [(micros(datetime(2024, 5, 1, tzinfo=UTC)), 9), (None, 9)]


def test_classes_are_named() -> None:
    reader = OutcomeReader("dev", "live", entity="e", time="t", labels={}, key=KEY, classes=("cat", "dog"))
    good, bad = reader.read([{"id": "a", "actual": "dog"}, {"id": "b", "actual": "dgo"}], received=9)
    assert good[0].actual == 1.0
    assert bad[0].failure.expected == "one of cat, dog"


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ({"id": "a", "arr_dealy": 1.0}, "arr_dealy", "'arr_delay'?"),
        ({"id": "a", "actual": None}, "actual", 'a value, or the reason in "void"'),
        ({"id": "a"}, "actual", 'a value, or the reason in "void"'),
        ({"id": "a", "arr_delay": None}, "actual", 'a value, or the reason in "void"'),
        ({"id": "a", "arr_delay": "late"}, "arr_delay", "a number"),
        ({"id": "a", "actual": "yes"}, "actual", "true, false or a number"),
        ({"id": "a", "actual": 1, "void": "x"}, "void", "nothing, since the row has an actual"),
        ({"id": "a", "void": ""}, "void", "the reason, as a string"),
        ({"id": 5, "actual": 1}, "id", "a string of 1 to 200 characters"),
        ({"actual": 1}, "id", "an id, or entity and time: flight and departure"),
        ({"flight": "N1", "actual": 1}, "id", "an id, or entity and time: flight and departure"),
        ({"flight": "N1", "departure": "soon", "actual": 1}, "departure", "a time such as 2026-03-01T09:30:00Z"),
        ({"id": "a", "actual": 1, "at": "soon"}, "at", "a time such as 2026-03-01T09:30:00Z"),
        ({"flight": True, "actual": 1}, "flight", "a string or a whole number"),
        (5, "", "an object"),
    ],
)
def test_what_is_wrong_is_turned_away_with_its_reason(row: Any, column: str, expected: str) -> None:
    good, bad = READER.read([row], received=9)
    assert good == []
    assert (bad[0].row, bad[0].failure.column, bad[0].failure.expected) == (0, column, expected)


def test_a_table_gives_the_same_rows() -> None:
    frame = pl.DataFrame(
        {
            "flight": ["N1", "N2", "N3"],
            "departure": [datetime(2013, 7, 1, 12, tzinfo=UTC)] * 3,
            "arr_delay": [5.0, None, None],
            "void": [None, "cancelled", None],
            "carrier": ["UA"] * 3,
        }
    )
    good, bad = READER.read_frame(frame, received=9)
    assert [(one.status, one.row) for one in good] == [("known", '{"arr_delay":5}'), ("void", "")]
    assert [one.row for one in bad] == [2]
