"""What is known before any model: every number of it worked out again, one row after the other, in plain Python."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest

from fullcycle.data.history import History
from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.errors import InputError, Refused
from fullcycle.kernel.verbs import Observation
from fullcycle.scoping import make, require_feasible
from fullcycle.scoping.records import Charter
from fullcycle.scoping.settings import Scoping
from parcels import DERIVED, FACTS, ZONE, changed, history, local, parcels

AS_OF, UNTIL = local(40), local(24)
RAW = parcels()
VALUE = {
    "currency": "EUR",
    "call": {"true": {"value": 90, "low": 60, "high": 120}, "false": -40},
    "wait": {"true": 0, "false": 0},
}


def asked(**over: Any) -> Scoping:
    plain = {
        "question": "Which parcels come late?",
        "task": "binary",
        "target": "late",
        "entity": "id",
        "time": "sent",
        "label_delay": "1d",
        "actions": ["call", "wait"],
        "todays_rule": {"always": "wait"},
        "action_changes_outcome": False,
        "value": VALUE,
        "volume": "70/week",
        "success": {"roc_auc": {"at_least": 0.6}},
    }
    return msgspec.convert({**plain, **over}, Scoping)


def scoped(past: History | None = None, *, until: datetime = UNTIL, **over: Any) -> Charter:
    return make(
        source=Observation("ab"),
        settings=asked(**over),
        project="parcels",
        timezone=ZONE,
        columns={},
        derived=DERIVED,
        split={},
        as_of=AS_OF,
        history=past or history(RAW),
        until=lambda: until,
    )


Row = dict[str, Any]
ROWS: list[Row] = [
    {
        "weight": float(row["weight"]),
        "city": row["city"],
        "late": float(row["delay"]) > 30,
        "delay": float(row["delay"]),
    }
    for row in RAW.to_dicts()
    if row["sent"] < "2024-03-24" and row["delay"] is not None
]
VOID = sum(row["sent"] < "2024-03-24" and row["delay"] is None for row in RAW.to_dicts())


def per_1000(worth: Callable[[Row], float]) -> float:
    return 1000 * statistics.fmean(worth(row) for row in ROWS)


def call(row: Row) -> float:
    return 90.0 if row["late"] else -40.0


def test_base_rate_and_counts() -> None:
    found = scoped().feasibility
    late = sum(row["late"] for row in ROWS)
    assert (found.rows, found.void) == (len(ROWS), VOID)
    assert found.shares == {"false": (len(ROWS) - late) / len(ROWS), "true": late / len(ROWS)}
    assert found.base.point == pytest.approx(late / len(ROWS), abs=1e-15)
    assert found.base.blocks == 23  # local days
    assert found.base.low is not None
    assert found.base.low < found.base.point < found.base.high  # type: ignore[operator]


def test_break_even() -> None:
    assert scoped().feasibility.break_even == pytest.approx(40 / (90 + 40), abs=1e-15)


@pytest.mark.parametrize(
    ("rule", "worth"),
    [
        ({"always": "wait"}, lambda row: 0.0),
        ({"always": "call"}, call),
        ({"expression": "weight > 5"}, lambda row: call(row) if row["weight"] > 5 else 0.0),
        ({"column": "advice"}, lambda row: call(row) if row["city"] == "Ulm" else 0.0),
    ],
)
def test_worth_of_choices_that_need_no_model(rule: dict[str, str], worth: Callable[[Row], float]) -> None:
    raw = RAW.with_columns(advice=pl.when(pl.col("city") == "Ulm").then(pl.lit("call")).otherwise(pl.lit("wait")))
    past = history(raw, {**FACTS, "advice": ColumnFact(type="category")})
    found = scoped(past, todays_rule=rule).feasibility.worth
    assert {name: line.unit for name, line in found.items()} == dict.fromkeys(found, "EUR/1000")
    expected = {
        "today's rule": per_1000(worth),
        "always call": per_1000(call),
        "always wait": 0.0,
        "perfect foresight": per_1000(lambda row: max(call(row), 0.0)),
    }
    assert {name: line.point for name, line in found.items()} == pytest.approx(expected, abs=1e-9)


def test_worth_of_amounts_that_depend_on_the_row() -> None:
    value = {**VALUE, "call": {"true": "10 * weight", "false": -40}}
    found = scoped(value=value).feasibility
    assert found.break_even is None
    worth = per_1000(lambda row: 10 * row["weight"] if row["late"] else -40.0)
    assert found.worth["always call"].point == pytest.approx(worth, abs=1e-6)


def test_classes_keep_their_money_whatever_order_the_table_has() -> None:
    money = {"north": {"Ulm": 1, "Kiel": 8, "Bonn": 3}, "south": {"Ulm": 7, "Kiel": 0, "Bonn": 2}}
    facts = {**FACTS, "city": ColumnFact(type="category", known="after")}
    past = history(RAW.filter(pl.col("delay").is_not_null()), facts, task="multiclass", target="city")
    found = scoped(
        past, task="multiclass", target="city", actions=["north", "south"], todays_rule={"always": "south"}, value=money
    ).feasibility
    assert found.worth["always north"].point == pytest.approx(per_1000(lambda row: money["north"][row["city"]]))
    assert found.worth["today's rule"].point == pytest.approx(per_1000(lambda row: money["south"][row["city"]]))
    best = per_1000(lambda row: max(cells[row["city"]] for cells in money.values()))
    assert found.worth["perfect foresight"].point == pytest.approx(best)
    assert found.shares["Ulm"] == statistics.fmean(row["city"] == "Ulm" for row in ROWS)
    assert found.break_even is None
    money = {action: {**cells, "Rome": 0} for action, cells in money.items()}
    with pytest.raises(
        InputError, match=r"other classes than the target: found 'Bonn, Kiel, Rome, Ulm', expected Bonn"
    ):
        scoped(
            past,
            task="multiclass",
            target="city",
            actions=["north", "south"],
            todays_rule={"always": "south"},
            value=money,
        )


def test_a_regression_has_a_mean_and_no_constants() -> None:
    past = history(RAW, task="regression", target="delay")
    value = {"currency": "EUR", "over": -1, "under": -2}
    found = scoped(
        past, task="regression", target="delay", actions=[], todays_rule={"always": 20}, value=value
    ).feasibility
    assert found.base.point == pytest.approx(statistics.fmean(row["delay"] for row in ROWS))
    assert (found.shares, found.worth, found.break_even) == ({}, {}, None)


def test_unknown_worth_is_left_out() -> None:
    charter = scoped(value={})
    assert charter.feasibility.worth == {}
    assert [finding.check for finding in charter.findings] == ["rows_with_outcome"]
    require_feasible(charter)


def test_the_record_holds_what_was_asked() -> None:
    charter = scoped()
    assert charter.volume_per_day == 10
    assert charter.label_delay == timedelta(days=1) // timedelta(microseconds=1)
    assert charter.gates[0].figure == "roc_auc"
    assert charter.values.cells["call"]["true"].high == 120
    assert charter.todays_rule == {"always": "wait"}


def test_rows_of_the_test_period_are_not_looked_at() -> None:
    raw = RAW
    for row in range(120, 150):  # from the 25th on
        raw = changed(raw, row, delay=str(row), weight="1.5", city="Rome")
    past = history(pl.concat([raw, raw.tail(3).with_columns(id=pl.lit("new"))]))
    assert scoped(past).id == scoped().id
    assert scoped(past, until=local(30)).id != scoped(until=local(30)).id


@pytest.mark.parametrize(
    ("past", "over", "words"),
    [
        (history(RAW), {"until": local(1)}, "no row has a known outcome"),
        (history(RAW, derived={"late": "delay > 1000"}), {}, "one class only: found 'false'"),
        (history(RAW, derived={"late": "delay > -1000"}), {}, "one class only: found 'true'"),
        (history(RAW), {"task": "clustering"}, "no use for 'target'"),
        (history(RAW), {"limits": {"actions_per_day": {"cal": 3}}}, "unknown action 'cal'"),
        (history(RAW), {"todays_rule": {"column": "wieght"}}, "did you mean 'weight'"),
        (history(RAW), {"todays_rule": {"column": "weight"}}, "today's rule yields no action"),
        (history(RAW), {"todays_rule": {"column": "city"}}, "yields what is no action"),
        (history(RAW), {"label_delay": "soon"}, "not a duration"),
    ],
)
def test_a_question_that_cannot_be_answered(past: History, over: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        scoped(past, **over)


def test_a_question_whose_perfect_answer_is_worth_nothing_stops() -> None:
    value = {"call": {"true": 0, "false": -40}, "wait": {"true": 0, "false": 0}}
    with pytest.raises(Refused, match=r"not feasible.*room_for_gain of perfect foresight 0, more than 0"):
        require_feasible(scoped(value=value))


def test_too_few_rows_stop() -> None:
    with pytest.raises(Refused, match=r"rows_with_outcome of history \d+, at least 100 rows"):
        require_feasible(scoped(until=local(10)))


CLUSTERING: dict[str, Any] = {
    "task": "clustering",
    "target": "",
    "actions": [],
    "todays_rule": {},
    "value": {"currency": "EUR"},
    "success": {"silhouette": {"at_least": 0.4}},
}


def test_a_question_of_clusters_has_rows_and_no_outcome() -> None:
    past = history(RAW, task="clustering", target="", derived={})
    found = scoped(past, **CLUSTERING)
    before = [row for row in RAW.to_dicts() if row["sent"] < "2024-03-24"]
    assert (found.target, found.feasibility.rows, found.feasibility.void) == ("", len(before), 0)
    assert (found.feasibility.base, found.feasibility.worth, found.values.cells) == (None, {}, {})
    assert [(it.check, it.passed) for it in found.findings] == [("rows", True)]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"value": VALUE}, "no use for 'value'"),
        ({"todays_rule": {"always": "wait"}}, "no use for 'todays_rule'"),
        ({"limits": {"actions_per_day": {"call": 3}}}, "no use for 'limits.actions_per_day'"),
        ({"success": {"log_loss": {"better_than": "constant"}}}, "unknown figure 'log_loss'"),
    ],
)
def test_a_question_of_clusters_refuses_what_needs_an_outcome(over: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        scoped(history(RAW, task="clustering", target="", derived={}), **{**CLUSTERING, **over})


def test_a_question_of_clusters_needs_a_row() -> None:
    with pytest.raises(InputError, match="there is no row"):
        scoped(history(RAW, task="clustering", target="", derived={}), until=local(1), **CLUSTERING)
