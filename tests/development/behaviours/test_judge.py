"""Behavioural tests judge a model by rows, and what they find keeps it from serving."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.development import make
from fullcycle.development.behaviours.checks import prepare
from fullcycle.development.behaviours.declared import Declared
from fullcycle.development.behaviours.judge import judge
from fullcycle.development.behaviours.read import Behaviour, Case
from fullcycle.development.settings import Development
from fullcycle.engine import SerialEngine
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding, may_go_on
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Equals, Impute, Input, Plan
from fullcycle.predictor.policy import Policy

CONTRACT = Contract(
    (
        ColumnRule(name="x", kind="float", low=-100.0, high=100.0),
        ColumnRule(name="n", kind="integer"),
        ColumnRule(name="who", kind="text"),
        ColumnRule(name="carrier", kind="category", categories=("AA", "BB")),
    )
)
PLAN = Plan(
    inputs=(Input("x", "float"), Input("carrier", "category")),
    operations=(Impute(output="x0", input="x", value=0.0), Equals(output="aa", input="carrier", value="AA")),
    features=("x0", "aa"),
)
POLICY = Policy(
    task="binary",
    actions=("rebook", "wait"),
    values=ValueTable(task="binary", currency="USD"),
    todays_rule={"always": "wait"},
    kinds=CONTRACT.kinds,
)
SENSIBLE, BIASED, BROKEN = (
    Linear([1, 0], 0.0, "sigmoid"),
    Linear([1, 2], 0.0, "sigmoid"),
    Linear([-1, 0], 0.0, "sigmoid"),
)
TEST_ROWS = pl.DataFrame(
    {
        "x": np.linspace(-99, 99.5, 100),
        "n": range(100),
        "who": ["Ann"] * 100,
        "carrier": ["AA", "BB"] * 50,
        "late": [True] * 100,
    }
)


def found(model: Any, cases: list[Case] | None = None, *, policy: Policy = POLICY, **test: Any) -> tuple[Finding, ...]:
    """What a test finds."""
    declared = Declared(name="t", **test)
    rows = cases or [Case(place=f"row {number}", row=row) for number, row in enumerate(declared.rows, 1)]
    prepared = prepare(
        Behaviour(name="t", place="t.toml:1", test=declared, cases=tuple(rows)), CONTRACT, policy, TEST_ROWS
    )
    return judge([prepared], PLAN, model, contract=CONTRACT, policy=policy)


def test_minimum_functionality_by_score_and_by_decision() -> None:
    rows = ({"x": 3.0}, {"x": -3.0})
    (one,) = found(SENSIBLE, rows=rows, at_least=0.5)
    assert (one.check, one.value, one.passed, one.severity) == ("minimum_functionality", 0.5, False, "reject")
    assert one.evidence["failure_1"] == "row 2: score 0.04743, expected at least 0.5"
    assert found(SENSIBLE, rows=rows, at_least=0.5, pass_rate=0.5)[0].passed
    cases = [
        Case(place="a.csv:2", row={"x": "3"}, text=True, decision="rebook"),
        Case(place="a.csv:3", row={"x": "-3"}, text=True, decision="rebook"),
    ]
    (one,) = found(SENSIBLE, cases)
    assert one.evidence["failure_1"] == "a.csv:3: decision wait, expected rebook"


def test_planted_bias_is_found_by_a_swap_a_pair_and_a_template() -> None:
    swap = {
        "rows": ({"x": 1.0, "carrier": "AA"}, {"carrier": "BB"}, {"x": 2.0}),
        "swap": {"carrier": ("AA", "BB")},
        "expect": "same",
    }
    (one,) = found(BIASED, **swap)
    assert (one.check, one.value, one.evidence["rows"]) == ("invariance", 0.0, 2)
    assert found(SENSIBLE, **swap)[0].passed
    assert found(BIASED, **swap, by=0.5)[0].passed
    pair = [
        Case(place="p:1", row={"carrier": "AA"}, pair="1"),
        Case(place="p:2", row={"carrier": "BB"}, pair="1", expect="same"),
    ]
    assert not found(BIASED, pair)[0].passed
    assert found(SENSIBLE, pair)[0].passed
    filled = {"rows": ({"who": "Dear {name}", "x": 1.0},), "fill": {"name": ("Ann", "Bob", "Eve")}, "expect": "same"}
    assert found(SENSIBLE, **filled)[0].evidence["rows"] == 2
    assert found(BIASED, rows=({"carrier": "{c}"},), fill={"c": ("AA", "BB")}, expect="same")[0].value == 0.0


@pytest.mark.parametrize("change", [{"x": "x + 1"}, {"x": 100.0}])
def test_a_broken_direction_is_found(change: Any) -> None:
    rows = ({"x": 1.0}, {"x": -2.0})
    assert found(SENSIBLE, rows=rows, change=change, expect="up", by=0.01)[0].passed
    (one,) = found(BROKEN, rows=rows, change=change, expect="up")
    assert (one.check, one.value, one.passed) == ("direction", 0.0, False)
    assert "becomes" in str(one.evidence["failure_1"])
    assert found(BROKEN, rows=rows, change=change, expect="down")[0].passed


def test_a_sample_of_test_rows_stands_in_for_rows() -> None:
    (one,) = found(SENSIBLE, sample=50, change={"x": "x + 4"}, expect="up")
    assert one.passed
    assert (one.evidence["rows"], one.evidence["skipped"]) == (49, 1)  # the highest would leave the contract
    assert "Ann" not in str(found(BROKEN, sample=50, change={"x": "x + 1"}, expect="up"))
    (one,) = found(SENSIBLE, sample=50, change={"x": "x + 400"}, expect="up")
    assert (one.passed, one.evidence["reason"]) == (False, "no row could be changed as the test wants")


def test_several_classes_need_to_say_which() -> None:
    values = ValueTable(task="multiclass", currency="USD", classes=("p", "q"))
    policy = Policy(
        task="multiclass", actions=("p", "q"), values=values, todays_rule={"always": "p"}, kinds=CONTRACT.kinds
    )
    model = Linear([[1.0, 0.0], [-1.0, 0.0]], [0.0, 0.0], "softmax")
    up: dict[str, Any] = {"rows": ({"x": 1.0},), "change": {"x": "x + 1"}, "expect": "up"}
    assert found(model, policy=policy, of="p", **up)[0].passed
    assert not found(model, policy=policy, of="q", **up)[0].passed
    assert found(model, policy=policy, rows=({"x": 2.0},), decision="p")[0].passed
    assert not found(model, policy=policy, rows=({"x": 1.0},), change={"x": 2.0}, expect="same")[0].passed
    for of, told in (("", "of which class"), ("r", "unknown class")):
        with pytest.raises(InputError, match=told):
            found(model, policy=policy, of=of, **up)


@pytest.mark.parametrize(
    ("cases", "test", "told"),
    [
        ([Case(place="a.csv:2", row={"y": "1"}, text=True, at_most=1.0)], {}, "a.csv:2: column 'y' is missing"),
        (
            [Case(place="a.csv:2", row={"x": "far"}, text=True, at_most=1.0)],
            {},
            "a.csv:2, column 'x': a row of a behavioural test does not keep the contract: found",
        ),
        ([Case(place="a.csv:2", row={"carrier": "CC"}, text=True, at_most=1.0)], {}, "a.csv:2, column 'carrier'"),
        ([Case(place="a.csv:2", row={}, decision="fly")], {}, "a.csv:2: unknown action 'fly'"),
        (None, {"rows": ({"x": 1.0},), "of": "p", "at_least": 1.0}, "has one score"),
        (None, {"rows": ({"x": 1.0},), "change": {"x": "y + 1"}, "expect": "up"}, "t.toml:1, change.x"),
        (None, {"rows": ({"x": 1.0},), "change": {"x": 500.0}, "expect": "up"}, "row 1, changed, column 'x'"),
        (None, {"rows": ({"x": 1.0},), "swap": {"y": ("a", "b")}, "expect": "same"}, "column 'y' is missing"),
        (None, {"rows": ({"x": 1.0},), "fill": {"c": ("AA",)}, "expect": "same"}, "no place for words"),
    ],
)
def test_a_row_that_cannot_be_is_told_with_its_place(cases: Any, test: Any, told: str) -> None:
    with pytest.raises(InputError) as refused:
        found(SENSIBLE, cases, **test)
    assert told in str(refused.value)


def test_a_row_may_leave_out_what_nothing_depends_on() -> None:
    contract = Contract((*CONTRACT.columns, ColumnRule(name="id", kind="category", nullable=False, pattern="[a-z]+")))
    test = Behaviour(name="t", place="t", test=Declared(at_most=1.0), cases=(Case(place="row 1", row={"x": 1.0}),))
    assert prepare(test, contract, POLICY, TEST_ROWS, unread={"id"}).checks
    with pytest.raises(InputError, match="column 'id'"):
        prepare(test, contract, POLICY, TEST_ROWS)
    read = msgspec.structs.replace(POLICY, todays_rule={"expression": "id == 'a'"}, kinds=contract.kinds)
    with pytest.raises(InputError, match="column 'id'"):
        prepare(test, contract, read, TEST_ROWS, unread={"id"})


def test_a_failing_test_keeps_a_developed_model_from_serving(world: Any) -> None:
    def developed(expect: Any, severity: Any) -> tuple[Finding, ...]:
        test = Declared(name="x", sample=60, change={"x": "x + 1"}, expect=expect, severity=severity)
        return make(
            charter=world.charter(),
            dataset=world.dataset(world.frame(400)),
            settings=Development(learners=("linear",), search_budget="2 trials"),
            behaviours=(Behaviour(name="x", place="cycle.toml:9", test=test, cases=()),),
            blobs=world.blobs,
            run=world.run(),
            engine=SerialEngine(),
        ).findings

    assert may_go_on(it for it in developed("up", "reject") if it.check == "direction")
    assert not may_go_on(developed("down", "reject"))
    assert may_go_on(it for it in developed("down", "warn") if it.check == "direction")


WHEN = Contract((ColumnRule(name="at", kind="time"), ColumnRule(name="x", kind="float")))
LATER = Plan(inputs=(Input("at", "time"),), operations=(Impute(output="t", input="at", value=0.0),), features=("t",))


def shifted(change: str, at: Any, expect: Any) -> Finding:
    test = Declared(name="t", rows=({"at": at, "x": 1.0},), change={"at": change}, expect=expect, by=0.0)
    behaviour = Behaviour(name="t", place="t.toml:1", test=test, cases=(Case(place="row 1", row=test.rows[0]),))
    ready = prepare(behaviour, WHEN, POLICY, TEST_ROWS)
    model = Linear([1e-15], 0.0, "sigmoid")
    return judge([ready], LATER, model, contract=WHEN, policy=POLICY)[0]


@pytest.mark.parametrize(("change", "expect"), [("+2h", "up"), ("- 1d 12h", "down"), ("+ 0.5d", "up")])
def test_a_time_is_shifted_by_a_duration(change: str, expect: str) -> None:
    assert shifted(change, "2024-03-10T01:30:00-05:00", expect).passed
    assert not shifted(change, "2024-03-10T01:30:00-05:00", "same").passed
    assert shifted(change, None, "same").passed  # what is missing stays so


def test_how_far_a_time_was_shifted() -> None:
    test = Declared(name="t", rows=({"at": "2024-03-10T01:30:00-05:00"},), change={"at": "-1d 12h"}, expect="down")
    behaviour = Behaviour(name="t", place="t.toml:1", test=test, cases=(Case(place="row 1", row=test.rows[0]),))
    (check,) = prepare(behaviour, WHEN, POLICY, TEST_ROWS).checks
    before = check.before
    assert before is not None
    assert float(str(check.row["at"])) - float(str(before["at"])) == -36 * 3600 * 1e6


@pytest.mark.parametrize(
    ("change", "what"),
    [("+2 hours", "not a duration"), ("+", "not a duration"), ("+4000000d", "does not keep the contract")],
)
def test_a_shift_that_is_none_is_refused_with_its_place(change: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        shifted(change, "2024-03-10T01:30:00Z", "up")
