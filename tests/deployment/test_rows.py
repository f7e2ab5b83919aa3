"""The text of a row: canonical, and the same from one row and from a table."""

from __future__ import annotations

import json

import polars as pl
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.deployment.rows import RowText, canonical_text
from fullcycle.predictor.contract import ColumnRule, Contract

RULES = (
    ColumnRule(name="x", kind="float"),
    ColumnRule(name="n", kind="integer"),
    ColumnRule(name="b", kind="boolean"),
    ColumnRule(name="é", kind="text"),
    ColumnRule(name="at", kind="time"),
)
ROWS = st.fixed_dictionaries(
    {
        "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "n": st.none() | st.integers(-(2**63), 2**63 - 1),
        "b": st.none() | st.booleans(),
        "é": st.none() | st.text(st.characters(exclude_categories=("Cs",))),
        "at": st.none() | st.datetimes(),
    }
)
SCHEMA = {"x": pl.Float64, "n": pl.Int64, "b": pl.Boolean, "é": pl.String, "at": pl.Datetime("us")}
CELLS = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.integers(-9, 9)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=5))
def test_one_row_and_a_table_give_the_same_text(rows: list[dict[str, object]]) -> None:
    contract = Contract(RULES)
    check, text = contract.compile(), RowText(RULES)
    good, _ = contract.filter(pl.DataFrame(rows, schema=SCHEMA))
    parsed = [check(row) for row in rows]
    one_by_one = [text.one(values) for values, failures in parsed if not failures]
    assert text.many(good) == one_by_one
    for line in one_by_one:
        assert rfc8785.dumps(json.loads(line, parse_int=float)).decode() == line


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=4), CELLS, max_size=4))
def test_the_quick_way_writes_what_rfc_8785_asks_for(row: dict[str, float | str | None]) -> None:
    plain = {
        name: int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else cell
        for name, cell in sorted(row.items())
    }
    try:
        wanted = rfc8785.dumps(plain).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return  # a lone surrogate has no UTF-8
    assert canonical_text(plain) == wanted


def test_the_entity_is_left_out() -> None:
    assert RowText(RULES, leave_out=("é",)).one({"x": 1.5, "n": 1.0, "b": 1.0, "é": "N1", "at": 0.0}) == (
        '{"at":"1970-01-01T00:00:00.000000Z","b":true,"n":1,"x":1.5}'
    )
