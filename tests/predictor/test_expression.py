"""The language over columns: what it means, on tables and on rows, and what it says when it is misused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import parse
from fullcycle.predictor.plan import Plan

N = math.nan
KINDS = {
    "a": "float",
    "b": "integer",
    "y": "boolean",
    "c": "category",
    "s": "text",
    "t": "time",
    "dep time": "float",
    "value": "float",
}
TIME = datetime(2024, 7, 1, 2, 30, tzinfo=UTC)
ROW = {"a": 4.0, "b": 3, "y": True, "c": "UA", "s": None, "t": TIME, "dep time": 7.0, "value": -1.0}
SCHEMA = {
    "a": pl.Float64,
    "b": pl.Int64,
    "y": pl.Boolean,
    "c": pl.String,
    "s": pl.String,
    "t": pl.Datetime("us", "UTC"),
    "dep time": pl.Float64,
    "value": pl.Float64,
}
PARSED = {**ROW, "b": 3.0, "y": 1.0, "t": TIME.timestamp() * 1e6}
FRAME = pl.DataFrame([ROW], schema=SCHEMA)

MEANINGS: list[tuple[str, Any, str]] = [
    ("1", 1.0, "float"),
    ("a", 4.0, "float"),
    ("b", 3.0, "float"),
    ("y", 1.0, "boolean"),
    ("c", "UA", "category"),
    ("s", None, "category"),
    ("'x'", "x", "category"),
    ("t", PARSED["t"], "float"),
    ("true", 1.0, "boolean"),
    ("False", 0.0, "boolean"),
    ("a + b * 2", 10.0, "float"),
    ("(a + b) * 2", 14.0, "float"),
    ("  a -\n b", 1.0, "float"),
    ("a - b - 1", 0.0, "float"),
    ("a / b", 4 / 3, "float"),
    ("a / (b - 3)", N, "float"),
    ("-a + +b", -1.0, "float"),
    ("a > b", 1.0, "boolean"),
    ("a <= b", 0.0, "boolean"),
    ("3 <= b < a", 1.0, "boolean"),
    ("3 < b < a", 0.0, "boolean"),
    ("c == 'UA'", 1.0, "boolean"),
    ("'AA' == c", 0.0, "boolean"),
    ("c != 'UA'", 0.0, "boolean"),
    ("s == 'x'", N, "boolean"),
    ("not y", 0.0, "boolean"),
    ("y == true", 1.0, "boolean"),
    ("y and s == 'x'", N, "boolean"),
    ("not y and s == 'x'", 0.0, "boolean"),
    ("y or s == 'x'", 1.0, "boolean"),
    ("y + (a > 1) + 1", 3.0, "float"),
    ("abs(-a)", 4.0, "float"),
    ("min(a, b, 9)", 3.0, "float"),
    ("max(a, b, 9)", 9.0, "float"),
    ("log1p(a)", math.log1p(4), "float"),
    ("missing(s)", 1.0, "boolean"),
    ("missing(a / 0)", 1.0, "boolean"),
    ("choose(a > b, 'more', 'less')", "more", "category"),
    ("choose(y, 1, a)", 1.0, "float"),
    ("choose(y, a > 1, false)", 1.0, "boolean"),
    ("choose(s == 'x', 1, 2)", N, "float"),
    ("choose(s == 'x', c, 'z')", None, "category"),
    ("hour(t)", 22.0, "float"),
    ("weekday(t)", 6.0, "float"),
    ("month(t)", 6.0, "float"),
    ("days(t)", 19904.0, "float"),
    ("t < t", 0.0, "boolean"),
    ("column('dep time') + value", 6.0, "float"),
    ("(a + 1) * (a + 1)", 25.0, "float"),
]


def same(a: Any, b: Any) -> bool:
    return a == b or (isinstance(a, float) and isinstance(b, float) and a != a and b != b)


@pytest.mark.parametrize(("text", "result", "kind"), MEANINGS, ids=[text for text, _, _ in MEANINGS])
def test_meaning(text: str, result: Any, kind: str) -> None:
    expression = parse(text, KINDS, place="here", zone="America/New_York")
    assert expression.kind == kind
    assert expression.text == text
    assert same(expression.evaluate(FRAME).tolist()[0], result)
    assert same(expression.row()(PARSED), result)
    assert Plan.from_json(expression.plan.to_json()) == expression.plan


REFUSALS: list[tuple[str, str]] = [
    ("", "the expression is empty"),
    ("a = 1", "cycle.toml:7, character .*: not an expression: .*write == to compare"),
    ("a > 1 && y", "character 8: .*write 'and'"),
    ("if(y, 1, 2)", "write choose"),
    ("(a + 1", "close every parenthesis"),
    ("!y", "write 'not'"),
    ("a) + (b", "not an expression"),
    ("a\x00", "not an expression"),
    ("c < 'UA'", "character 5: strings have no order here"),
    ("c < 5", "character 5: 5 does not fit here: found 'a number', expected a string"),
    ("c == 5", "in quotes"),
    ("a == 'x'", "found 'a string', expected a number"),
    ("  a + c", "character 7: c does not fit here: found 'a string', expected a number"),
    (
        "'é' == c and a",
        "character 14: a does not fit here: found 'a number', expected true or false. .*compare it, as in x > 0",
    ),
    ("t + 1", "found 'a time', expected a number.*use hour"),
    ("t > a", "expected a time"),
    ("hour(a)", "expected a time"),
    ("choose(y, 1, 'x')", "make both of one kind"),
    ("choose(a, 1, 2)", "compare it"),
    ("abs(a, b)", "wrong number of arguments: found 2, expected 1"),
    ("min(a)", "found 1, expected 2 or more"),
    ("ab(a)", "unknown function 'ab'.*write abs"),
    ("eval('1')", "unknown function 'eval'"),
    ("min(a, key=b)", "is not in the language"),
    ("a if y else b", "write choose"),
    ("a ** 2", "multiply"),
    ("a & b", "write 'and'"),
    ("c in ('UA', 'AA')", "x == 'a' or"),
    ("s is None", "missing"),
    ("a.real", "is not in the language"),
    ("a[0]", "is not in the language"),
    ("lambda: 1", "is not in the language"),
    ("[x for x in c]", "is not in the language"),
    ("f'{a}'", "is not in the language"),
    ("None", "is not in the language"),
    ("1j", "is not in the language"),
    ("a; b", "not an expression"),
    ("(a := 1)", "write == to compare"),
    ("1e999", "too large"),
    ("1" + "0" * 400, "too large"),
    ("column(a)", "needs a name in quotes"),
    ("not " * 900 + "y", "nested too deeply|not an expression"),
    ("-" * 3000 + "a", "nested too deeply|not an expression"),
    ("a + " * 2000 + "a", "too long"),
]


@pytest.mark.parametrize(("text", "match"), REFUSALS, ids=[text[:20] for text, _ in REFUSALS])
def test_misuse_says_where_and_how_to_mend_it(text: str, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        parse(text, KINDS, place="cycle.toml:7")
    assert str(caught.value).startswith("cycle.toml:7")


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(ColumnMissing, match=r"did you mean 'distance'\?") as caught:
        parse("1 + distanse > 3", {"distance": "float", "carrier": "category"}, place="cycle.toml:9")
    assert str(caught.value).startswith("cycle.toml:9, character 5: column 'distanse' is missing")


def test_columns_in_order_of_appearance_and_shared_parts_once() -> None:
    expression = parse("b + a > 1 or (b + a) / 2 > 3", KINDS, place="", output="late")
    assert expression.columns == ("b", "a")
    assert sum(operation.tag == "add" for operation in expression.plan.operations) == 1
    assert expression.plan.features == ("late",)


def test_a_result_does_not_take_the_name_of_a_column() -> None:
    expression = parse("value + 1", KINDS, place="")
    assert expression.plan.features == ("value_",)


def test_names_are_read_as_python_reads_them() -> None:
    assert parse("µ + 1", {"µ": "float"}, place="").row()({"µ": 1.0}) == 2.0  # U+00B5, which Python reads as U+03BC


def test_categories_of_many_rows() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 3.0], "c": ["x", "y", None]})
    found = parse("choose(a > 2, c, 'low')", {"a": "float", "c": "category"}, place="").evaluate(frame)
    assert found.dtype == object
    assert found.tolist() == ["low", None, None]


names = st.sampled_from(["a", "b", "y"])
texts = st.recursive(
    names | st.integers(0, 9).map(str) | st.sampled_from(["0.1", "1e300"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "<", "<=", "==", "!="]), parts).map(
            lambda x: f"({x[0]} {x[1]} {x[2]})"
        ),
        st.tuples(st.sampled_from(["abs", "-", "log1p"]), parts).map(lambda x: f"{x[0]}({x[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), parts, parts).map(lambda x: f"{x[0]}({x[1]}, {x[2]})"),
        st.tuples(parts, parts).map(lambda x: f"choose(not missing({x[0]}) and {x[0]} > 1, {x[0]}, {x[1]})"),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    texts,
    st.lists(
        st.tuples(st.none() | st.floats(), st.none() | st.integers(-9, 9), st.none() | st.booleans()),
        min_size=1,
        max_size=5,
    ),
)
def test_rows_and_tables_agree(text: str, table: list[tuple[Any, ...]]) -> None:
    expression = parse(text, KINDS, place="")
    frame = pl.DataFrame(table, schema={name: SCHEMA[name] for name in "aby"}, orient="row")
    run = expression.row()
    for row, found in zip(table, expression.evaluate(frame), strict=True):
        values = [float(x) if x is not None and math.isfinite(x) else N for x in row]
        np.testing.assert_array_equal(run(dict(zip("aby", values, strict=True))), found)
