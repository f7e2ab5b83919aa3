"""A project's own function of value: traced to the very table that cycle.toml would hold, or told what it does wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import fullcycle as fc
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.measure.value import ValueTable
from fullcycle.project import load_code
from fullcycle.scoping.charter import value_table
from fullcycle.scoping.settings import Scoping
from fullcycle.scoping.value import VALUES, traced, value

KINDS = {"weight": "float", "city": "category", "sent": "time", "heavy": "boolean"}
CLASSES = ("Ulm", "Bonn", "Kiel")
Function = Callable[[Any, Any, Any], object]


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    before = {name: VALUES.remove(name) for name in VALUES}
    yield
    for name in VALUES:
        VALUES.remove(name)
    for name, function in before.items():
        VALUES.add(name, function)


def asked(**over: Any) -> Scoping:
    plain = {
        "question": "Which parcels come late?",
        "task": "binary",
        "target": "late",
        "entity": "id",
        "time": "sent",
        "label_delay": "1d",
        "actions": ["call", "wait"],
        "action_changes_outcome": False,
        "value": {"currency": "EUR"},
    }
    return msgspec.convert({**plain, **over}, Scoping)


def table_of(function: Function, **over: Any) -> ValueTable:
    value(function)
    found = traced(asked(**over), kinds=lambda: KINDS, classes=lambda: CLASSES, zone="UTC")
    assert found is not None
    return found


def test_it_is_public() -> None:
    assert fc.value is value
    assert "value" in fc.__all__


def test_nothing_is_asked_for_where_there_is_no_function() -> None:
    def never() -> Any:
        raise AssertionError

    assert traced(asked(), kinds=never, classes=never, zone="UTC") is None


def test_the_table_is_the_one_that_toml_would_hold() -> None:
    def money(action: str, outcome: bool, row: Any) -> object:
        if action == "wait":
            return 0
        return {"value": 90, "low": 60, "high": 120, "source": "finance"} if outcome else -0.1 * row.weight

    told = {
        "currency": "EUR",
        "call": {"true": {"value": 90, "low": 60, "high": 120, "source": "finance"}, "false": "-0.1 * weight"},
        "wait": {"true": 0, "false": 0},
    }
    assert table_of(money) == value_table(asked(value=told))


def test_classes_are_told_by_name() -> None:
    def money(action: str, outcome: str, row: Any) -> object:
        return len(outcome) if action == "call" else f"{row.weight} * 2"

    told = {
        "currency": "EUR",
        "call": {"Ulm": 3, "Bonn": 4, "Kiel": 4},
        "wait": dict.fromkeys(CLASSES, "weight * 2"),
    }
    found = table_of(money, task="multiclass")
    assert found == value_table(asked(task="multiclass", value=told))
    assert found.classes == ("Bonn", "Kiel", "Ulm")


def test_a_regression_is_told_the_side() -> None:
    def money(action: None, outcome: str, row: Any) -> object:
        assert action is None
        return {"over": -1, "under": -row.weight}[outcome]

    told = {"currency": "EUR", "over": -1, "under": "-weight"}
    assert table_of(money, task="regression", actions=[]) == value_table(
        asked(task="regression", actions=[], value=told)
    )


@pytest.mark.parametrize(
    ("given", "exact"),
    [
        (3 * 8.35, "25.05"),
        (90, "90"),
        (90.0, "90"),
        (Decimal("0.10"), "0.1"),
        (np.float64(0.25), "0.25"),
        (np.int64(4), "4"),
        (-0.0000004, "0"),
    ],
)
def test_numbers_are_money_to_the_millionth(given: object, exact: str) -> None:
    found = table_of(lambda action, outcome, row: given).cells["call"]["true"]
    assert (found.value, found.low, found.high) == (Decimal(exact),) * 3


def test_python_branches_on_action_and_outcome_and_symbols_choose() -> None:
    def money(action: str, outcome: bool, row: Any) -> object:
        if action == "wait":
            return 0
        return (row.heavy | (row.weight > 5)).choose(20 if outcome else -3, 0.5 * row.weight)

    cells = table_of(money).cells["call"]
    assert cells["true"].expression == "choose(heavy or weight > 5, 20, 0.5 * weight)"
    assert cells["false"].expression == "choose(heavy or weight > 5, -3, 0.5 * weight)"


def branches(action: Any, outcome: Any, row: Any) -> object:
    return 5 if row.weight > 3 else 0


def divides(action: Any, outcome: Any, row: Any) -> object:
    nought = 0
    return 1 / nought


def misspells(action: Any, outcome: Any, row: Any) -> object:
    return 2 * row.wieght


def line_of(function: Function, offset: int) -> str:
    return rf"test_value\.py:{function.__code__.co_firstlineno + offset}, {function.__name__}\('call', True\): "


@pytest.mark.parametrize(
    ("function", "offset", "words"),
    [
        (branches, 1, r"a column has no value while .*: found 'weight > 3'.*condition\.choose\(a, b\)"),
        (divides, 2, r"it raises ZeroDivisionError: division by zero"),
        (misspells, 1, r"column 'wieght' is missing.*did you mean 'weight'"),
    ],
)
def test_a_mistake_names_its_line_and_the_call(function: Function, offset: int, words: str) -> None:
    with pytest.raises(InputError, match=line_of(function, offset) + words):
        table_of(function)


def test_another_number_of_arguments_is_a_mistake() -> None:
    with pytest.raises(InputError, match=r"test_value\.py:\d+, .*raises TypeError.*positional argument"):
        table_of(lambda action: 0)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, r"no amount: expected a number.*end each branch of it with 'return'"),
        (float("nan"), r"no amount: found nan, expected a finite number"),
        (Decimal("NaN"), r"no amount: found Decimal\('NaN'\), expected a finite number"),
        (float("inf"), r"no amount: found inf"),
        (10**400, r"no amount: found 1000.*below nine trillions"),
        (9.5e12, r"too large"),
        (True, r"no amount: found True, expected a number"),
        ([1, 2], r"no amount: found \[1, 2\]"),
        ("90 EUR", r"not an expression: found '90 EUR'"),
        ("'text'", r"an amount is no number: found \"'text'\", expected a number"),
        ({"low": 1}, r"range is not complete.*`value`"),
        ({"value": 5, "low": 6}, r"outside its own range: found 5.*between 6 and 5"),
    ],
)
def test_what_is_no_amount(given: object, words: str) -> None:
    with pytest.raises(InputError, match=rf"^test_value\.py:\d+, <lambda>\('call', True\).*{words}"):
        table_of(lambda action, outcome, row: given)


def test_text_that_names_no_column_is_told_so() -> None:
    with pytest.raises(ColumnMissing, match=r"test_value\.py:\d+, .*column 'ninety' is missing"):
        table_of(lambda action, outcome, row: "ninety")


def test_a_category_is_no_amount() -> None:
    with pytest.raises(InputError, match="an amount is no number: found 'city'"):
        table_of(lambda action, outcome, row: row.city)


def test_amounts_stand_in_one_place() -> None:
    told = {"currency": "EUR", "call": {"true": 1, "false": 0}, "wait": {"true": 0, "false": 0}}
    with pytest.raises(InputError, match=r"cycle\.toml, .*test_value\.py:\d+: amounts stand in .*one of the two.*curr"):
        table_of(lambda action, outcome, row: 0, value=told)


def test_clusters_are_worth_nothing_until_they_have_actions() -> None:
    with pytest.raises(InputError, match="a clustering has no use for 'target'"):
        table_of(lambda action, outcome, row: 0, task="clustering")


def test_two_functions_are_one_too_many() -> None:
    value(branches)
    with pytest.raises(InputError, match=r"two functions say.*found 'branches and divides', expected one @value"):
        value(divides)


def test_something_else_than_a_function() -> None:
    with pytest.raises(InputError, match=r"found 'int', expected def"):
        value(3)  # type: ignore[type-var]


def cycle(folder: Path, text: str) -> Path:
    path = folder / "cycle.py"
    path.write_text("import fullcycle as fc\n\n\n" + text)
    return path


def test_a_file_that_is_run_anew_takes_the_place_of_what_it_said(tmp_path: Path) -> None:
    load_code(cycle(tmp_path, "@fc.value\ndef money(action, outcome, row):\n    return 1\n"))
    load_code(cycle(tmp_path, "@fc.value\ndef better(action, outcome, row):\n    return 2\n"))
    assert list(VALUES) == ["better"]


def test_two_in_one_file_name_the_line(tmp_path: Path) -> None:
    twice = "@fc.value\ndef money(action, outcome, row):\n    return 1\n\n\n" * 2
    with pytest.raises(InputError, match=r"cycle\.py:9: .*two functions say what decisions are worth"):
        load_code(cycle(tmp_path, twice))


def test_a_wrong_action_in_toml_is_still_complained_of() -> None:
    with pytest.raises(UnknownKey, match="write 'call'"):
        table_of(lambda action, outcome, row: 0, value={"cal": {"true": 1, "false": 0}})
