"""Symbols write the language: what they write is what Python would have reckoned, and what has no value says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import parse
from fullcycle.predictor.symbol import Row, Symbol

KINDS = {"a": "float", "b": "float", "vip": "boolean", "plan": "category", "sent": "time", "air time": "float"}
KINDS |= dict.fromkeys(("class", "true", "größe", "it's", "min", "_names"), "float")
ROW = Row(KINDS)


def test_what_is_written() -> None:
    r = ROW
    written = {
        (2 + 0.1 * r.a).text: "2 + 0.1 * a",
        ((r.a + r.b) / (1 - r.a)).text: "(a + b) / (1 - a)",
        (-(r.a - (r.b - 1))).text: "-(a - (b - 1))",
        ((r.a > 1) & ~r.vip | (r.plan == "gold")).text: "a > 1 and (not vip) or plan == 'gold'",
        ((r.a > 1) & (r.vip | (r.plan != "gold"))).text: "a > 1 and (vip or plan != 'gold')",
        (3 < r.a).text: "a > 3",  # noqa: SIM300
        (r.vip & True).text: "vip and true",
        (Decimal("0.5") * r.a + np.float64(2) * r.b).text: "0.5 * a + 2.0 * b",
        abs(r.a).text: "abs(a)",
        r.a.min(r.b + 1, 30).text: "min(a, b + 1, 30)",
        r.sent.hour().text: "hour(sent)",
        r.vip.choose(r.a + 1, 0).text: "choose(vip, a + 1, 0)",
        f"{r.a + 1} * {r.b}": "(a + 1) * b",
        r["air time"].text: "column('air time')",
        r["it's"].text: 'column("it\'s")',
        r["class"].text: "column('class')",
        r["true"].text: "column('true')",
        r["größe"].text: "column('größe')",
        r["_names"].text: "_names",
        r.min.text: "min",
    }
    assert [found for found, expected in written.items() if found != expected] == []
    for text in written:
        parse(text, KINDS, place="")
    assert list(r) == list(KINDS)


OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: -x + abs(y),
]
NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.one_of(NUMBERS, st.sampled_from("ab"))), max_size=8))
def test_the_expression_reckons_as_python_does(steps: list[tuple[Callable[[Any, Any], Any], float | str]]) -> None:
    values = {"a": 3.25, "b": -7.5}
    symbol, number = ROW.a, values["a"]
    for operation, part in steps:
        symbol = operation(ROW[part] if isinstance(part, str) else part, symbol)
        number = operation(values[part] if isinstance(part, str) else part, number)
    found = parse(symbol.text, KINDS, place="").evaluate(pl.DataFrame({"a": [3.25], "b": [-7.5]}))
    assert found[0] == number


@pytest.mark.parametrize(
    "ask",
    [
        lambda r: 1 if r.a > 3 else 0,
        lambda r: r.vip and r.a,
        lambda r: not r.vip,
        lambda r: 0 < r.a < 3,
        lambda r: min(r.a, 3),
        lambda r: r.plan in ("gold", "silver"),
        lambda r: float(r.a),
        lambda r: int(r.a),
        lambda r: round(r.a, 2),
        lambda r: math.sqrt(r.a),
        lambda r: list(r.a),
        lambda r: r.a**2,
        lambda r: 2**r.a,
        lambda r: r.a // 2,
        lambda r: r.plan[0],
        lambda r: "g" in r.plan,
    ],
)
def test_a_symbol_has_no_value(ask: Callable[[Row], object]) -> None:
    with pytest.raises(InputError, match=r"has no value while the function is traced.*write condition\.choose\(a, b\)"):
        ask(ROW)


@pytest.mark.parametrize("value", [math.nan, math.inf, None, b"x", [1], Decimal("NaN")])
def test_what_an_expression_cannot_hold(value: object) -> None:
    with pytest.raises(InputError, match=r"cannot hold this.*a finite number"):
        ROW.a + value


def test_a_column_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'plan'"):
        ROW.plam  # noqa: B018


def test_long_and_deep_expressions_are_refused() -> None:
    with pytest.raises(InputError, match="too long"):
        Symbol("a" * 4001)
    with pytest.raises(InputError, match="nested too deeply"):
        Symbol("abs(" * 400 + "a" + ")" * 400)
    with pytest.raises(InputError, match="nested too deeply"):
        Symbol("+".join("a" * 1500))
    assert Symbol("(a)").text == "a"
