"""Reading the question: each part of ``[scoping]`` into its part of the Charter, or a complaint that says what to write."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.scoping.charter import (
    check_limits,
    check_supported,
    gates,
    todays_rule,
    value_table,
    volume_per_day,
)
from fullcycle.scoping.records import Gate
from fullcycle.scoping.settings import Limits, Scoping

CALL = {"call": {"true": 90, "false": -40}, "wait": {"true": 0, "false": 0}}


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
        "value": {"currency": "EUR", **CALL},
    }
    return msgspec.convert({**plain, **over}, Scoping)


def test_a_table_for_two_outcomes() -> None:
    call = {"true": {"value": 90, "low": 60, "high": 120, "source": "finance"}, "false": "-0.1 * weight"}
    table = value_table(asked(value={"currency": "EUR", "call": call, "wait": CALL["wait"]}))
    assert (table.task, table.currency, table.actions) == ("binary", "EUR", ("call", "wait"))
    amount = table.cells["call"]["true"]
    assert (amount.value, amount.low, amount.high, amount.source) == (90, 60, 120, "finance")
    assert table.cells["call"]["false"].expression == "-0.1 * weight"


@pytest.mark.parametrize(
    ("number", "exact"), [(0.1, "0.1"), (-40, "-40"), (2.5e-6, "0.0000025"), (1e12, "1000000000000")]
)
def test_money_is_exact(number: float, exact: str) -> None:
    value = {"call": {"true": number, "false": 0}, "wait": {"true": 0, "false": 0}}
    if number == 2.5e-6:
        with pytest.raises(InputError, match="six decimals at most"):
            value_table(asked(value=value))
    else:
        assert value_table(asked(value=value)).cells["call"]["true"].value == Decimal(exact)


def test_a_table_for_classes_is_in_the_order_of_their_codes() -> None:
    cells = {city: {"ulm": 1, "bonn": 2, "kiel": 3} for city in ("north", "south")}
    table = value_table(asked(task="multiclass", actions=["north", "south"], value=cells))
    assert table.classes == ("bonn", "kiel", "ulm")


def test_money_per_unit_for_a_regression() -> None:
    value = {"currency": "EUR", "over": -1, "under": {"value": -2.5, "low": -3, "high": -2, "source": "store"}}
    table = value_table(asked(task="regression", actions=[], value=value))
    assert table.cells[""]["over"].value == -1
    assert table.cells[""]["under"].low == -3


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_without_a_table_worth_is_unknown(task: str) -> None:
    assert value_table(asked(task=task, value={})).cells == {}


@pytest.mark.parametrize(
    ("task", "value", "words"),
    [
        ("binary", {"cal": CALL["call"], "wait": CALL["wait"]}, r"unknown action 'cal'\. To mend it: write 'call'"),
        ("binary", {"call": CALL["call"]}, "lacks the action 'wait'"),
        ("binary", {"call": {"true": 90}, "wait": CALL["wait"]}, "call does not cover the outcomes: found 'true', expected false, true"),
        ("binary", {"call": {"true": 90, "flase": 1}, "wait": CALL["wait"]}, "does not cover the outcomes"),
        ("binary", {"call": 90, "wait": CALL["wait"]}, r"call needs an amount for each outcome: found 90.*write call = "),
        ("binary", {"currency": 5, **CALL}, "currency is a name: found 5"),
        ("binary", {"call": {"true": {"value": 9, "low": 10}, "false": 0}, "wait": CALL["wait"]}, "outside its own range"),
        ("binary", {"call": {"true": float("inf"), "false": 0}, "wait": CALL["wait"]}, "not finite"),
        ("binary", {"call": {"true": float("nan"), "false": 0}, "wait": CALL["wait"]}, "not finite"),
        ("multiclass", {"call": {"a": 1, "b": 2}, "wait": {"a": 1}}, "wait does not cover the outcomes: found 'a'"),
        ("regression", {"over": -1}, "needs 'over' and 'under'"),
        ("regression", {"over": -1, "under": -2, "between": 0}, "found 'over, under, between'"),
        ("regression", {"over": -1, "under": {"vlaue": 2}}, "under is one amount per unit"),
    ],
)  # fmt: skip
def test_what_a_table_may_not_say(task: str, value: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        value_table(asked(task=task, value=value))


def test_gates() -> None:
    success = {"roc_auc": {"at_least": 0.6}, "log_loss": {"better_than": "constant"}, "rmse": {"at_most": 0}}
    assert gates(asked(success=success)) == (
        Gate(figure="roc_auc", rule="at_least", limit=0.6),
        Gate(figure="log_loss", rule="better_than_constant"),
        Gate(figure="rmse", rule="at_most", limit=0),
    )


@pytest.mark.parametrize(("gate", "found"), [({}, "none"), ({"at_least": 1, "at_most": 2}, "at_least, at_most")])
def test_a_gate_has_one_rule(gate: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError, match=f"roc_auc needs exactly one rule: found '{found}'"):
        gates(asked(success={"roc_auc": gate}))


@pytest.mark.parametrize("rule", [{"always": "call"}, {"column": "rule"}, {"expression": "weight > 5"}])
def test_todays_rule(rule: dict[str, str]) -> None:
    assert todays_rule(asked(todays_rule=rule)) == rule


def test_todays_rule_of_a_regression_is_a_number() -> None:
    assert todays_rule(asked(task="regression", actions=[], todays_rule={"always": 12})) == {"always": 12}


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"todays_rule": {}}, r"needs 'todays_rule'.*write todays_rule = \{ always = 'wait' \}"),
        ({"todays_rule": {}, "task": "regression", "actions": []}, r"write todays_rule = \{ always = 0 \}"),
        ({"todays_rule": {"always": "wait", "column": "x"}}, "more than one form: found 'always, column'"),
        ({"todays_rule": {"always": "sleep"}}, "names no declared action: found 'sleep', expected call or wait"),
    ],
)
def test_what_todays_rule_may_not_say(over: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        todays_rule(asked(**over))


@pytest.mark.parametrize(
    ("text", "per_day"), [(None, None), ("900/day", 900), ("7/week", 1), ("365.25/year", 1), ("30.4375/month", 1)]
)
def test_volume(text: str | None, per_day: float | None) -> None:
    assert volume_per_day(text) == per_day


@pytest.mark.parametrize("volume", ["900", "many/day", "900/hour", "-3/day"])
def test_a_volume_that_is_none(volume: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        asked(volume=volume)


def test_limits_are_readable() -> None:
    limits = Limits(training="10m", latency_p99="20ms", memory="1GiB", bundle="50MiB")
    assert check_limits(limits) is limits


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(training="soon"), r"\[scoping.limits\] training: not a duration"),
        (Limits(latency_p99="20"), r"latency_p99: not a duration"),
        (Limits(memory="1 gigabyte"), r"memory: not a size"),
        (Limits(bundle="50"), r"bundle: not a size"),
    ],
)
def test_limits_that_are_not(limits: Limits, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_limits(limits)


@pytest.mark.parametrize(
    ("over", "words"),
    [({"action_changes_outcome": True}, "leave the outcome as it is"), ({"task": "clustering"}, "no use for 'target'")],
)
def test_what_this_version_cannot_do_is_said(over: dict[str, Any], words: str) -> None:
    check_supported(asked())
    with pytest.raises(InputError, match=words):
        check_supported(asked(**over))


def test_an_unknown_action_is_an_unknown_key() -> None:
    with pytest.raises(UnknownKey) as error:
        value_table(asked(value={**CALL, "cll": CALL["call"]}))
    assert error.value.near == "call"


def test_a_misspelt_figure_is_named_before_anything_is_trained() -> None:
    with pytest.raises(UnknownKey, match=r"unknown figure 'roc_acu'.*'roc_auc'"):
        gates(asked(success={"roc_acu": {"at_least": 0.6}}))
