"""Money: to the cent against a spreadsheet in Decimal, for every task, in any order."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure.value import PERFECT, Amount, Values, ValueTable, dollars, from_micros, to_micros, total


def amount(number: str, low: str | None = None, high: str | None = None) -> Amount:
    ends = [None if end is None else Decimal(end) for end in (low, high)]
    return Amount(value=Decimal(number), low=ends[0], high=ends[1])


REBOOK = ValueTable(
    task="binary",
    currency="USD",
    cells={
        "rebook": {"true": amount("90.10", "60", "120"), "false": amount("-40.05")},
        "wait": {"true": amount("0"), "false": amount("0")},
    },
)
TRIAGE = ValueTable(
    task="multiclass",
    currency="EUR",
    cells={
        "ward": {"well": amount("-200.25"), "ill": amount("500"), "grave": amount("-1000.10")},
        "home": {"well": amount("0"), "ill": amount("-300.33"), "grave": amount("-9000")},
    },
)
STOCK = ValueTable(task="regression", currency="USD", cells={"": {"over": amount("-0.35"), "under": amount("-1.20")}})
FARE = ValueTable(
    task="binary",
    currency="USD",
    cells={
        "offer": {"true": Amount(expression="fare * 0.1"), "false": amount("-2")},
        "none": {"true": amount("0"), "false": amount("0")},
    },
)
COMPILED = {"fare * 0.1": (lambda row: row["fare"] * 0.1, lambda frame: frame["fare"] * 0.1)}


def test_binary_to_the_cent() -> None:
    values = Values(REBOOK)
    outcomes = np.array([1, 0, np.nan, 1, 0, 0])
    actions = ["rebook", "rebook", "rebook", "wait", "wait", "rebook"]
    sheet = Decimal("90.10") - Decimal("40.05") - Decimal("40.05")
    assert dollars(values.chosen(actions, outcomes)) == sheet == Decimal("10.00")
    assert dollars(values.micros("rebook", outcomes)) == 2 * Decimal("90.10") - 3 * Decimal("40.05")
    assert dollars(values.micros("rebook", outcomes, bound="low")) == 2 * Decimal(60) - 3 * Decimal("40.05")
    assert dollars(values.micros("rebook", outcomes, bound="high")) == 2 * Decimal(120) - 3 * Decimal("40.05")
    assert values.worth(outcomes) == {
        "rebook": to_micros(Decimal("60.05")),
        "wait": 0,
        PERFECT: to_micros(2 * Decimal("90.10")),
    }


@pytest.mark.parametrize("outcome", [True, "true", 1, 1.0, np.float64(1), np.bool_(True)])
def test_true_may_be_written_in_several_ways(outcome) -> None:
    assert Values(REBOOK).value("rebook", outcome, {}) == Decimal("90.10")


def test_void_is_worth_nothing() -> None:
    values = Values(REBOOK)
    assert values.value("rebook", None, {}) == 0
    assert values.value("rebook", float("nan"), {}) == 0
    assert values.micros("rebook", [np.nan]).tolist() == [0]


def test_multiclass_to_the_cent() -> None:
    values = Values(TRIAGE)
    outcomes = np.array([0, 1, 2, np.nan, 1])
    sheet = Decimal("-200.25") + 2 * Decimal(500) - Decimal("1000.10")
    assert dollars(values.micros("ward", outcomes)) == sheet
    assert dollars(values.chosen(np.array(["home", "ward", "home", "ward", "home"]), outcomes)) == (
        Decimal(500) - Decimal(9000) - Decimal("300.33")
    )
    assert values.value("home", "ill", {}) == Decimal("-300.33")
    assert values.worth(outcomes)[PERFECT] == to_micros(0 + 2 * Decimal(500) - Decimal("1000.10"))


def test_class_codes_follow_the_classes_given() -> None:
    turned = Values(TRIAGE, classes=("grave", "ill", "well"))
    assert dollars(turned.micros("home", [0.0])) == -9000
    with pytest.raises(InputError, match="classes"):
        Values(TRIAGE, classes=("grave", "ill"))


def test_regression_to_the_cent() -> None:
    values = Values(STOCK)
    decisions, outcomes = np.array([10.0, 8.0, 5.0, 7.0]), np.array([8.0, 11.0, 5.0, np.nan])
    sheet = 2 * Decimal("-0.35") + 3 * Decimal("-1.20")
    assert dollars(values.chosen(decisions, outcomes)) == sheet
    assert values.micros("", outcomes, decisions=decisions).tolist() == [-700_000, -3_600_000, 0, 0]
    assert values.value(10.0, 8.0, {}) == Decimal("-0.70")
    assert values.worth(outcomes) == {PERFECT: 0}


def test_expressions_are_read_per_row_and_only_where_they_count() -> None:
    values = Values(FARE, COMPILED)
    frame = {"fare": np.array([100.0, 55.55, np.nan])}
    outcomes = np.array([1.0, 1.0, 0.0])
    assert values.micros("offer", outcomes, frame).tolist() == [10_000_000, 5_555_000, -2_000_000]
    assert values.value("offer", True, {"fare": 55.55}) == Decimal("5.555")
    assert values.expected([0.5], {"fare": np.array([100.0])})["offer"].tolist() == [4.0]
    with pytest.raises(InputError, match="not a number of money"):
        values.micros("offer", [1.0, 1.0, 1.0], frame)
    with pytest.raises(InputError, match="not compiled"):
        Values(FARE)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, np.nan]), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_one_row_and_columns_agree_to_the_micro(rows) -> None:
    values = Values(FARE, COMPILED)
    outcomes, fares = (np.array(column) for column in zip(*rows, strict=True))
    micros = values.micros("offer", outcomes, {"fare": fares})
    assert [values.value("offer", o, {"fare": float(f)}) for o, f in rows] == [from_micros(int(m)) for m in micros]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)), min_size=1, max_size=30))
def test_one_row_and_columns_agree_for_regression(rows) -> None:
    values = Values(STOCK)
    decisions, outcomes = (np.array(column) for column in zip(*rows, strict=True))
    micros = values.chosen(decisions, outcomes)
    assert [values.value(d, o, {}) for d, o in rows] == [from_micros(int(m)) for m in micros]


@settings(deadline=None)
@given(st.permutations(list(range(24))))
def test_money_does_not_depend_on_order(order: list[int]) -> None:
    rng = np.random.default_rng(0)
    frame = {"fare": rng.lognormal(5, 2, 24)}
    outcomes = rng.choice([0.0, 1.0, np.nan], 24)
    values = Values(FARE, COMPILED)
    turned = values.worth(outcomes[order], {"fare": frame["fare"][order]})
    assert turned == values.worth(outcomes, frame)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_totals_are_exact_beyond_int64(rows: list[int]) -> None:
    assert total(np.array(rows, dtype=np.int64)) == sum(rows)


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15))
def test_micros_and_money_are_one(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_decisions_cross_at_the_break_even() -> None:
    values = Values(REBOOK)
    even = values.break_even()
    assert even == pytest.approx(40.05 / 130.15, abs=1e-15)
    assert values.decide([even - 1e-6, even + 1e-6]).tolist() == ["wait", "rebook"]


def test_ties_leave_the_choice_declared_last_in_place() -> None:
    cell = {"true": amount("5"), "false": amount("5")}
    assert (
        Values(ValueTable(task="binary", currency="USD", cells={"new": cell, "today": cell})).decide([0.3])[0]
        == "today"
    )


def test_no_break_even_where_one_action_is_always_better() -> None:
    better = {"true": amount("5"), "false": amount("5")}
    worse = {"true": amount("1"), "false": amount("4")}
    assert Values(ValueTable(task="binary", currency="USD", cells={"a": better, "b": worse})).break_even() is None
    assert Values(ValueTable(task="binary", currency="USD", cells={"a": better, "b": better})).break_even() is None
    assert Values(FARE, COMPILED).break_even() is None
    assert Values(TRIAGE).break_even() is None


def test_multiclass_expectation_and_decision() -> None:
    values = Values(TRIAGE)
    scores = np.array([[0.98, 0.02, 0.0], [0.1, 0.8, 0.1]])
    expected = values.expected(scores)
    assert expected["ward"][0] == pytest.approx(0.98 * -200.25 + 0.02 * 500)
    assert values.decide(scores).tolist() == ["home", "ward"]


def test_an_empty_table_leaves_worth_unknown() -> None:
    values = Values(ValueTable(task="binary", currency="USD"))
    assert not values.known
    assert values.worth([1.0, 0.0]) == "unknown"
    assert values.expected([0.5]) == {}
    assert values.break_even() is None
    for call in (
        lambda: values.decide([0.5]),
        lambda: values.value("a", True, {}),
        lambda: values.chosen(["a"], [1.0]),
    ):
        with pytest.raises(InputError):
            call()


def test_order_of_actions_and_classes_outlives_sorted_keys() -> None:
    for table in (REBOOK, TRIAGE, STOCK, FARE):
        stored = msgspec.json.encode(table, order="sorted")
        assert msgspec.json.decode(stored, type=ValueTable) == table
    assert msgspec.json.decode(msgspec.json.encode(TRIAGE, order="sorted"), type=ValueTable).classes == (
        "well",
        "ill",
        "grave",
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: Amount(),
        lambda: Amount(value=Decimal(1), expression="fare"),
        lambda: Amount(expression="fare", low=Decimal(1)),
        lambda: amount("5", low="6"),
        lambda: amount("5", high="4"),
        lambda: amount("NaN"),
        lambda: amount("0.0000001"),
        lambda: amount("1e13"),
        lambda: amount("1e999999999"),
        lambda: amount("1e-999999999"),
        lambda: ValueTable(task="ranking", currency="USD"),
        lambda: ValueTable(task="binary", currency="USD", cells={"a": {"true": amount("1")}}),
        lambda: ValueTable(task="binary", currency="USD", cells={PERFECT: {"true": amount("1"), "false": amount("1")}}),
        lambda: ValueTable(task="regression", currency="USD", cells={"a": {"over": amount("1"), "under": amount("1")}}),
        lambda: msgspec.structs.replace(REBOOK, actions=("rebook",)),
        lambda: Values(REBOOK).micros("rebook", [2.0]),
        lambda: Values(REBOOK).chosen(["rebook"], [1.0, 0.0]),
        lambda: Values(REBOOK).expected([1.5]),
        lambda: Values(REBOOK).expected([np.nan]),
        lambda: Values(REBOOK).value("rebook", 2, {}),
        lambda: Values(TRIAGE).expected([0.5]),
        lambda: Values(TRIAGE).micros("ward", [3.0]),
        lambda: Values(STOCK).micros("", [1.0]),
        lambda: Values(STOCK).chosen([np.nan], [1.0]),
        lambda: Values(STOCK).decide([1.0]),
    ],
)
def test_what_has_no_value_is_refused(call) -> None:
    with pytest.raises(InputError):
        call()


def test_misspelt_action_names_the_nearest() -> None:
    with pytest.raises(UnknownKey, match="rebook"):
        Values(REBOOK).chosen(["rebok"], [1.0])
