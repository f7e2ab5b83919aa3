"""From score to action: by hand, on columns and on one row, within capacity."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.kernel.record import canonical
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.policy import Decider, Policy, compile_values

KINDS = {"fee": "float", "plan": "category", "vip": "boolean", "eta": "float"}


def amount(told: int | str) -> Amount:
    return Amount(expression=told) if isinstance(told, str) else Amount(value=Decimal(told))


def table(task: str, **cells: dict[str, int | str]) -> ValueTable:
    made = {name: {outcome: amount(told) for outcome, told in row.items()} for name, row in cells.items()}
    return ValueTable(task=task, currency="USD", cells=made)


REBOOK = table("binary", rebook={"true": 90, "false": -40}, wait={"true": 0, "false": 0})
EMPTY = ValueTable(task="binary", currency="USD")


def policy(values: ValueTable = REBOOK, actions: tuple[str, ...] = ("rebook", "wait"), **changes: Any) -> Policy:
    settings = {"task": values.task, "todays_rule": {"always": "wait"}, "kinds": KINDS, **changes}
    return Policy(actions=actions, values=values, **settings)


def frame(n: int = 1, **columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"fee": [0.0] * n, "plan": ["wait"] * n, "vip": [False] * n, **columns})


def test_the_better_action_by_hand() -> None:
    # p 90 - (1-p) 40 > 0 where p > 40/130 = 0.3077
    decider = Decider(policy())
    scores = np.array([0.0, 0.30, 0.31, 1.0])
    assert decider.decide(scores, frame(4)).tolist() == ["wait", "wait", "rebook", "rebook"]
    np.testing.assert_allclose(decider.worth(scores, frame(4)), [[-40, 0], [-1, 0], [0.3, 0], [90, 0]], atol=1e-12)


@pytest.mark.parametrize("today", ["first", "second", "third"])
def test_a_tie_keeps_todays_rule(today: str) -> None:
    values = table("binary", **{name: {"true": 1, "false": -1} for name in ("first", "second", "third")})
    decider = Decider(policy(values, ("first", "second", "third"), todays_rule={"always": today}))
    assert decider.decide(np.array([0.2, 0.9]), frame(2)).tolist() == [today, today]
    assert decider.decide_row(0.2, {}) == today


def test_a_tie_of_others_is_not_todays_rule() -> None:
    values = table("binary", a={"true": 1, "false": 1}, b={"true": 1, "false": 1}, c={"true": 0, "false": 0})
    decider = Decider(policy(values, ("a", "b", "c"), todays_rule={"always": "c"}))
    assert decider.decide(np.array([0.5]), frame()).tolist() == ["a"]
    assert decider.decide_row(0.5, {}) == "a"


def test_amounts_that_depend_on_the_row() -> None:
    values = table("binary", rebook={"true": "fee * 2", "false": -10}, wait={"true": 0, "false": 0})
    decider = Decider(policy(values))
    rows = frame(3, fee=[100.0, 1.0, None])
    # 0.5*200-5=95; 0.5*2-5=-4; unknown, so today's rule
    assert decider.decide(np.full(3, 0.5), rows).tolist() == ["rebook", "wait", "wait"]
    assert np.isnan(decider.worth(np.full(3, 0.5), rows)[2]).all()
    assert [decider.decide_row(0.5, {"fee": fee}) for fee in (100.0, 1.0, math.nan)] == ["rebook", "wait", "wait"]
    keeps = Decider(policy(values, todays_rule={"always": "rebook"}))
    assert keeps.decide(np.full(3, 0.5), rows).tolist() == ["rebook", "wait", "rebook"]
    assert decider.columns == ("fee",)


def test_multiclass_by_hand() -> None:
    values = table(
        "multiclass",
        send={"low": -5, "mid": 2, "high": 10},
        call={"low": -20, "mid": 0, "high": 30},
        wait={"low": 0, "mid": 0, "high": 0},
    )
    decider = Decider(policy(values, ("send", "call", "wait")))
    scores = np.array([[1.0, 0.0, 0.0], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    # sends: -5, 2.1, 7.7; calls: -20, 1, 22; waits: 0
    assert decider.decide(scores, frame(3)).tolist() == ["wait", "send", "call"]
    assert [decider.decide_row(row, {}) for row in scores.tolist()] == ["wait", "send", "call"]


def test_regression_decides_on_the_score() -> None:
    values = ValueTable(task="regression", currency="USD", cells={"": {"over": amount(-2), "under": amount(-5)}})
    decider = Decider(policy(values, (), todays_rule={"column": "eta"}))
    assert decider.decide(np.array([1.5, 2.5]), frame(2)).tolist() == [1.5, 2.5]
    assert decider.decide_row(1.5, {"eta": 9.0}) == 1.5
    assert decider.todays_rule(frame(1, eta=[9.0])).tolist() == [9.0]
    assert decider.todays_rule_row({"eta": 9.0}) == 9.0
    assert Decider(policy(values, (), todays_rule={"always": 3})).todays_rule(frame(2)).tolist() == [3.0, 3.0]
    with pytest.raises(InputError, match="no action"):
        Decider(policy(values, (), todays_rule={"column": "plan"}))
    with pytest.raises(InputError, match="not a number"):
        Decider(policy(values, (), todays_rule={"always": "wait"}))


def test_without_values_a_half_is_the_threshold() -> None:
    decider = Decider(policy(EMPTY))
    scores = [0.0, math.nextafter(0.5, 0), 0.5, 1.0]
    expected = ["wait", "wait", "rebook", "rebook"]
    assert decider.decide(np.array(scores), frame(4)).tolist() == expected
    assert [decider.decide_row(score, {}) for score in scores] == expected


def test_without_values_the_likeliest_class_or_todays_rule() -> None:
    empty = ValueTable(task="multiclass", currency="USD", classes=("low", "high"))
    scores = np.array([[0.7, 0.3], [0.2, 0.8]])
    matched = Decider(policy(empty, ("send", "call"), todays_rule={"always": "send"}))
    assert matched.decide(scores, frame(2)).tolist() == ["send", "call"]
    assert [matched.decide_row(row, {}) for row in scores.tolist()] == ["send", "call"]
    other = Decider(policy(empty, ("send", "call", "wait")))
    assert other.decide(scores, frame(2)).tolist() == ["wait", "wait"]
    assert other.decide_row([0.7, 0.3], {}) == "wait"


@pytest.mark.parametrize(
    ("rule", "columns", "expected"),
    [
        ({"always": "rebook"}, {}, ["rebook"] * 3),
        ({"column": "plan"}, {"plan": ["rebook", "wait", None]}, ["rebook", "wait", "wait"]),
        ({"column": "vip"}, {"vip": [True, False, None]}, ["rebook", "wait", "wait"]),
        ({"expression": "fee > 10"}, {"fee": [11.0, 10.0, None]}, ["rebook", "wait", "wait"]),
        ({"expression": "choose(vip, 'rebook', plan)"}, {"vip": [True, False, None]}, ["rebook", "wait", "wait"]),
    ],
)
def test_todays_rule(rule: dict[str, str | float], columns: dict[str, list[Any]], expected: list[str]) -> None:
    decider, rows = Decider(policy(todays_rule=rule)), frame(3, **columns)
    assert decider.todays_rule(rows).tolist() == expected
    found = [decider.todays_rule_row(parsed(row)) for row in rows.to_dicts()]
    assert found == expected


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the contract parses it: numbers are floats, missing ones NaN."""
    strings = ("plan",)
    return {name: cell if name in strings else math.nan if cell is None else float(cell) for name, cell in row.items()}


def test_todays_rule_that_is_no_action() -> None:
    decider = Decider(policy(todays_rule={"column": "plan"}))
    with pytest.raises(InputError, match="no action"):
        decider.todays_rule(frame(1, plan=["fly"]))
    with pytest.raises(InputError, match="no action"):
        decider.todays_rule_row({"plan": "fly"})
    assert decider.decide(np.array([0.9]), frame(1, plan=["fly"])).tolist() == ["rebook"]
    assert decider.decide_row(0.9, {"plan": "fly"}) == "rebook"


def test_capacity_goes_to_the_best_rows_of_each_day() -> None:
    decider = Decider(policy(limits={"rebook": 2}))
    scores = np.array([0.5, 0.9, 0.7, 0.6, 0.1, 0.8, 0.9])
    days = np.array([1, 1, 1, 1, 1, 2, 2])
    chosen = decider.decide(scores, frame(7))
    assert chosen.tolist() == ["rebook"] * 4 + ["wait"] + ["rebook"] * 2
    capped = decider.capped(chosen, scores, frame(7), days)
    assert capped.tolist() == ["wait", "rebook", "rebook", "wait", "wait", "rebook", "rebook"]


def test_capacity_by_gain_not_by_score_and_ties_by_order() -> None:
    values = table("binary", rebook={"true": "fee", "false": 0}, wait={"true": 0, "false": 0})
    decider = Decider(policy(values, limits={"rebook": 2}))
    rows, scores = frame(4, fee=[1.0, 100.0, 10.0, 10.0]), np.array([0.9, 0.1, 0.5, 0.5])
    capped = decider.capped(decider.decide(scores, rows), scores, rows, np.zeros(4))
    assert capped.tolist() == ["wait", "rebook", "rebook", "wait"]  # gains 0.9, 10, 5, 5


def test_those_left_over_take_the_best_action_without_a_limit() -> None:
    values = table(
        "binary",
        fly={"true": 100, "false": 0},
        bus={"true": 60, "false": 0},
        mail={"true": 10, "false": 0},
        wait={"true": 0, "false": 0},
    )
    actions = ("fly", "bus", "mail", "wait")
    decider = Decider(policy(values, actions, limits={"fly": 1, "bus": 1}))
    scores = np.array([0.5, 0.9, 0.7])
    chosen = decider.decide(scores, frame(3))
    assert decider.capped(chosen, scores, frame(3), np.zeros(3)).tolist() == ["mail", "fly", "mail"]
    none = Decider(policy(values, actions, limits={"fly": 0}))
    assert none.capped(chosen, scores, frame(3), np.zeros(3)).tolist() == ["bus"] * 3
    assert Decider(policy(values, actions)).capped(chosen, scores, frame(3), np.zeros(3)).tolist() == ["fly"] * 3


def test_rows_of_unknown_gain_come_last() -> None:
    values = table("binary", rebook={"true": "fee", "false": 0}, wait={"true": 0, "false": 0})
    decider = Decider(policy(values, todays_rule={"always": "rebook"}, limits={"rebook": 1}))
    rows, scores = frame(2, fee=[None, 5.0]), np.array([0.9, 0.1])
    chosen = decider.decide(scores, rows)
    assert chosen.tolist() == ["rebook", "rebook"]
    assert decider.capped(chosen, scores, rows, np.zeros(2)).tolist() == ["wait", "rebook"]


def test_capacity_without_values_goes_by_score() -> None:
    decider = Decider(policy(EMPTY, limits={"rebook": 1}))
    scores = np.array([0.6, 0.9])
    assert decider.capped(np.array(["rebook"] * 2), scores, frame(2), np.zeros(2)).tolist() == ["wait", "rebook"]
    with pytest.raises(UnknownKey, match="rebok"):
        decider.capped(np.array(["rebok"] * 2), scores, frame(2), np.zeros(2))


@given(st.data())
def test_no_day_passes_its_limit_and_none_gains_by_exchange(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    scores = np.array(data.draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))) / 10
    days = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    limit = data.draw(st.integers(0, 4))
    decider = Decider(policy(limits={"rebook": limit}))
    chosen = decider.decide(scores, frame(n))
    capped = decider.capped(chosen, scores, frame(n), days)
    for day in set(days.tolist()):
        wanted, given = ((days == day) & (actions == "rebook") for actions in (chosen, capped))
        assert given.sum() == min(limit, wanted.sum())
        if given.any() and (wanted & ~given).any():
            assert scores[given].min() >= scores[wanted & ~given].max()


AMOUNTS = st.one_of(st.integers(-(10**6), 10**6), st.sampled_from(["fee", "fee * 0.1 + 1", "choose(vip, fee, 3)"]))


@given(st.data())
def test_one_row_and_many_decide_alike(data: st.DataObject) -> None:
    task = data.draw(st.sampled_from(["binary", "multiclass"]))
    outcomes = ("true", "false") if task == "binary" else ("x", "y", "z")
    cells = {name: {outcome: data.draw(AMOUNTS) for outcome in outcomes} for name in ("a", "b", "c")}
    rule = data.draw(st.sampled_from([{"always": "b"}, {"column": "plan"}]))
    values = data.draw(st.sampled_from([table(task, **cells), ValueTable(task=task, currency="USD")]))
    decider = Decider(policy(values, ("a", "b", "c"), todays_rule=rule))
    n = data.draw(st.integers(1, 6))
    cell = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 1e6, 1e12, 1e300, 0.1]))
    rows = frame(
        n,
        fee=data.draw(st.lists(cell, min_size=n, max_size=n)),
        plan=data.draw(st.lists(st.sampled_from(["a", "c", None]), min_size=n, max_size=n)),
        vip=data.draw(st.lists(st.sampled_from([True, False, None]), min_size=n, max_size=n)),
    ).cast({"fee": pl.Float64, "plan": pl.String, "vip": pl.Boolean})
    share = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 1.0])
    if task == "binary":
        scores = np.array(data.draw(st.lists(share, min_size=n, max_size=n)))
    else:
        scores = np.array([data.draw(st.permutations([0.25, 0.25, 0.5])) for _ in range(n)])
    many = decider.decide(scores, rows).tolist()
    assert many == [
        decider.decide_row(score, parsed(row)) for score, row in zip(scores.tolist(), rows.to_dicts(), strict=True)
    ]


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"task": "ranking"}, UnknownKey, "task"),
        ({"task": "multiclass"}, InputError, "another task"),
        ({"actions": ("rebook",)}, InputError, "other actions"),
        ({"actions": ()}, InputError, "actions"),
        ({"actions": ("wait", "wait")}, InputError, "actions"),
        ({"todays_rule": {}}, InputError, "one rule"),
        ({"todays_rule": {"always": "wait", "column": "plan"}}, InputError, "one rule"),
        ({"todays_rule": {"allways": "wait"}}, UnknownKey, "always"),
        ({"todays_rule": {"column": 3}}, InputError, "not a text"),
        ({"limits": {"rebok": 1}}, UnknownKey, "rebook"),
        ({"limits": {"rebook": -1}}, InputError, "below"),
        ({"limits": {"rebook": 1, "wait": 1}}, InputError, "every action"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        policy(**changes)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"always": "wiat"}, UnknownKey),
        ({"column": "plna"}, ColumnMissing),
        ({"column": "fee"}, InputError),
        ({"expression": "fee >"}, InputError),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: dict[str, str | float], error: type[Exception]) -> None:
    with pytest.raises(error, match="todays_rule"):
        Decider(policy(todays_rule=rule))


def test_amounts_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"value\.rebook\.true"):
        compile_values(table("binary", rebook={"true": "plan", "false": 0}), KINDS)
    with pytest.raises(ColumnMissing, match="fee"):
        compile_values(table("binary", rebook={"true": "fe", "false": 0}), KINDS)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
def test_scores_that_are_no_probabilities_are_refused(score: float) -> None:
    for values in (REBOOK, EMPTY):
        decider = Decider(policy(values))
        with pytest.raises(InputError, match="probability"):
            decider.decide(np.array([score]), frame())
        with pytest.raises(InputError, match="probability"):
            decider.decide_row(score, {})


def test_it_comes_back_from_json() -> None:
    values = table("binary", rebook={"true": "fee", "false": -40}, wait={"true": 0, "false": 0})
    kept = policy(values, limits={"rebook": 7}, todays_rule={"expression": "fee > 1"}, zone="Europe/Berlin")
    assert msgspec.json.decode(canonical(kept), type=Policy) == kept
