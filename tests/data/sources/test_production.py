"""Decisions that were served, as rows to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fullcycle.data.sources.production import read_traffic
from fullcycle.data.sources.reading import Reading, whole
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import entity_hash, moment
from traffic.rows import HOUR, SCOPE, decision, outcome_of

LATE = moment(99 * HOUR)


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    return Traffic(tmp_path, SCOPE)


def write(traffic: Traffic, name: str, *rows: Any) -> None:
    assert SegmentWriter(traffic.folder, mode="process").write_sealed(name, rows)


def rows(traffic: Traffic, as_of: Any = LATE, **how: Any) -> Reading:
    return read_traffic(traffic, as_of, entity="tail", time="departure", **how)


def test_decisions_come_with_their_outcomes(traffic: Traffic) -> None:
    served = decision("N1", HOUR, row='{"carrier":"UA","distance":100}')
    control = decision(
        "N2", 2 * HOUR, row='{"carrier":"AA","distance":2.5}', variant="control", action="none", propensity=0.1
    )
    shadow = decision("N3", 3 * HOUR, variant="shadow")
    known = outcome_of(served, row='{"arr_delay":41.0,"feedback":"seen"}', received=3 * HOUR)
    write(traffic, "a", served, control, shadow, known)
    frame = whole(rows(traffic))
    assert frame.to_dicts() == [
        {
            "tail": entity_hash(b"key", "N1"),
            "departure": moment(HOUR),
            "arr_delay": 41.0,
            "carrier": "UA",
            "distance": 100.0,
            "variant": "champion",
            "action": "rebook",
            "propensity": 1.0,
            "available_at": moment(3 * HOUR),
        },
        {
            "tail": entity_hash(b"key", "N2"),
            "departure": moment(2 * HOUR),
            "arr_delay": None,
            "carrier": "AA",
            "distance": 2.5,
            "variant": "control",
            "action": "none",
            "propensity": 0.1,
            "available_at": None,
        },
    ]


def test_only_what_was_known_then(traffic: Traffic) -> None:
    one = decision("N1", HOUR, row="{}")
    corrected = outcome_of(one, status="corrected", row='{"arr_delay":7.0}', received=7 * HOUR)
    void = outcome_of(one, status="void", reason="diverted", row="", received=9 * HOUR)
    write(traffic, "a", one, outcome_of(one, received=5 * HOUR), corrected, void)
    seen = []
    for hour in (4, 6, 8, 10):
        frame = whole(rows(traffic, moment(hour * HOUR)))
        seen.append((frame["arr_delay"][0] if "arr_delay" in frame.columns else None, frame["available_at"][0]))
    assert seen == [(None, None), (41.0, moment(5 * HOUR)), (7.0, moment(7 * HOUR)), (None, None)]


def test_an_outcome_in_its_short_form_fills_the_target(traffic: Traffic) -> None:
    one, other = decision("N1", HOUR, row="{}"), decision("N2", 2 * HOUR, row="{}")
    write(traffic, "a", one, other, outcome_of(one, row="", actual=2.0))
    assert whole(rows(traffic, target="delay"))["delay"].to_list() == [2.0, None]
    named = rows(traffic, target="delay", classes=("none", "short", "long"))
    assert whole(named)["delay"].to_list() == ["long", None]
    assert "delay" not in rows(traffic).columns


def test_compaction_changes_nothing(traffic: Traffic) -> None:
    answers = [decision(f"N{number}", (number + 1) * HOUR) for number in range(5)]
    write(traffic, "a", *answers, *(outcome_of(answer) for answer in answers[:3]))
    before = rows(traffic)
    compact(traffic.folder)
    after = rows(traffic)
    assert after.fingerprint == before.fingerprint
    assert whole(after).equals(whole(before))
    write(traffic, "b", outcome_of(answers[3]))
    assert rows(traffic).fingerprint != before.fingerprint


def test_another_timeline_is_not_seen(tmp_path: Path) -> None:
    replayed = Traffic(tmp_path, Scope(project=SCOPE.project, timeline="replay"))
    write(replayed, "a", decision("N1", HOUR, timeline="replay"))
    write(Traffic(tmp_path, SCOPE), "a", decision("N2", HOUR))
    assert whole(rows(Traffic(tmp_path, SCOPE)))["tail"].to_list() == [entity_hash(b"key", "N2")]


def test_the_time_is_that_of_the_decision_and_nested_rows_are_laid_flat(traffic: Traffic) -> None:
    row = '{"departure":"1970-01-01T01:00:00Z","from":{"city":"Bonn"},"tags":["a"]}'
    write(traffic, "a", decision("N1", HOUR, row=row))
    frame = whole(rows(traffic))
    assert frame.columns == [
        "tail",
        "departure",
        "from.city",
        "tags",
        "variant",
        "action",
        "propensity",
        "available_at",
    ]
    assert frame.schema["departure"] == pl.Datetime("us", "UTC")


def test_a_request_with_a_column_of_ours(traffic: Traffic) -> None:
    write(traffic, "a", decision("N1", HOUR, row='{"action":"buy"}'))
    with pytest.raises(InputError, match="a column that the log names itself: found 'action'"):
        rows(traffic)


def test_nothing_was_served(traffic: Traffic) -> None:
    with pytest.raises(InputError, match="nothing was served yet"):
        rows(traffic)
