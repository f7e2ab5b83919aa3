"""Rules that change values: rows, tables and JSON Schema accept the same and yield the same, however odd the row."""

from __future__ import annotations

import math
import re
from typing import Any

import jsonschema
import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract import ColumnRule, Contract

PATTERNS = ("[A-Z]{2}[0-9]{1,3}", "a|b|", "[^,]*", "é+", "(-[0-9]+)*", "[\\n\\]x-]{0,4}", "[😀-😂]")
WORDS = ("UA", "AA", "é", "", "New York", "ß", "İ")
ALIASES = ("ua", "United", " UA ", "É", "new  york", "SS", "i")
STEPS = ("strip", "lower", "accents")


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Any:
    """ECMA-262 reads ``$`` as the end of the text; Python's ``re``, which the library uses, also before a last newline."""
    if isinstance(instance, str) and not re.search(pattern[:-1] + r"\Z", instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


@st.composite
def rules(draw: st.DrawFn, name: str) -> ColumnRule | None:
    kind = draw(st.sampled_from(["float", "integer", "category", "category", "text"]))
    facts: dict[str, Any] = {
        "nullable": draw(st.booleans()),
        "required": draw(st.booleans()),
        "outside": draw(st.sampled_from(["turn away", "missing"])),
    }
    if kind in ("float", "integer"):
        facts |= {"low": draw(st.none() | st.floats(-100, 0)), "high": draw(st.none() | st.floats(1, 100))}
    else:
        if kind == "category" and draw(st.booleans()):
            facts["categories"] = tuple(draw(st.lists(st.sampled_from(WORDS), min_size=1, unique=True)))
        elif draw(st.booleans()):
            facts["pattern"] = draw(st.sampled_from(PATTERNS))
        facts["normalise"] = tuple(draw(st.lists(st.sampled_from(STEPS), unique=True, max_size=3)))
        stays = facts.get("categories") or WORDS
        facts["aliases"] = draw(st.dictionaries(st.sampled_from(ALIASES), st.sampled_from(stays), max_size=2))
    try:
        return ColumnRule(name=name, kind=kind, **facts)
    except InputError:  # an alias that contradicts the pattern, or two spellings that become one
        return None


def contracts() -> st.SearchStrategy[Contract]:
    columns = st.integers(1, 3).flatmap(lambda n: st.tuples(*[rules(f"c{place}") for place in range(n)]))
    return columns.map(lambda found: Contract(tuple(rule for rule in found if rule is not None)))


blanks = st.sampled_from(["", " ", "\u00a0", "\t", "\u200b", "\u3000", "\n", "\x1c"])
known = st.sampled_from(
    [*WORDS, *ALIASES, "U\u0301A", "e\u0301", "E\u0301", "ÜÄ", "UA12", "UA٣", "-1-22", "aa", "K", "ΑΣ", "x" * 1001]
)
words = st.builds("{}{}{}".format, blanks, known, blanks) | st.text(max_size=5)
numbers = (
    st.integers(-200, 200)
    | st.floats(-200, 200, allow_subnormal=False)
    | st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, 10**30, 10**400, 1e300, 0.5, -0.0, 5.0])
)
cells = st.none() | st.booleans() | numbers | words | st.just([])


def spelled(contract: Contract) -> set[str]:
    """Columns of which a schema cannot say which spellings are meant."""
    return {rule.name for rule in contract.columns if rule.normalise and not rule.lenient}


@settings(max_examples=400, deadline=None)
@given(contracts(), st.data())
def test_rows_and_json_schema_agree(contract: Contract, data: st.DataObject) -> None:
    names = [rule.name for rule in contract.columns]
    row = data.draw(st.dictionaries(st.sampled_from([*names, "extra"]), cells))
    schema = contract.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    values, failures = contract.compile()(row)
    bad = {error.path[0] if error.path else error.message.split("'")[1] for error in Validator(schema).iter_errors(row)}
    failed = {failure.column for failure in failures}
    assert bad <= failed
    assert failed - bad <= spelled(contract)
    assert set(values) == set(names) - failed


TYPES: dict[str, tuple[Any, Any]] = {
    "float": (st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1e300, 5.0]), pl.Float64),
    "single": (st.floats(width=32), pl.Float32),
    "integer": (st.integers(-200, 200) | st.integers(-(2**63), 2**63 - 1), pl.Int64),
    "unsigned": (st.integers(0, 200) | st.integers(0, 2**64 - 1), pl.UInt64),
    "text": (words, pl.String),
    "category": (words, pl.Categorical),
    "boolean": (st.booleans(), pl.Boolean),
}


@settings(max_examples=300, deadline=None)
@given(contracts(), st.data())
def test_rows_and_tables_agree_and_yield_the_same_values(contract: Contract, data: st.DataObject) -> None:
    height = data.draw(st.integers(0, 5))
    columns: dict[str, pl.Series] = {"n": pl.Series(range(height), dtype=pl.Int64)}
    for rule in contract.columns:
        numeric = rule.kind in ("float", "integer")
        fitting = ["float", "single", "integer", "unsigned"] if numeric else ["text", "category"]
        strategy, type_ = TYPES[data.draw(st.sampled_from([*fitting * 3, *TYPES]))]
        drawn = data.draw(st.lists(st.none() | strategy, min_size=height, max_size=height))
        columns[rule.name] = pl.Series(drawn, dtype=type_)
    frame = pl.DataFrame(columns)
    good, bad = contract.filter(frame)
    check = contract.compile()
    results = [check(row) for row in frame.rows(named=True)]
    assert good["n"].to_list() == [n for n, (_, failures) in enumerate(results) if not failures]
    for n, reasons in zip(bad["n"], bad["reasons"], strict=True):
        assert [(one["column"], one["expected"]) for one in reasons] == [
            (one.column, one.expected) for one in results[n][1]
        ]
    for rule in contract.columns:
        wanted = [values[rule.name] for values, failures in results if not failures]
        found = good[rule.name].cast(
            pl.String if isinstance(good[rule.name].dtype, pl.Categorical) else good[rule.name].dtype
        )
        for one, other in zip(found.to_list(), wanted, strict=True):
            told = float(one) if isinstance(one, int) else one  # a request's whole numbers are floats
            both_missing = (told is None or told != told) and (other is None or other != other)
            assert told == other or both_missing, (one, other)
    again, none = contract.filter(good)
    assert again.equals(good)
    assert none.is_empty()


@settings(max_examples=150, deadline=None)
@given(contracts())
def test_golden_rows_keep_such_contracts(contract: Contract) -> None:
    check, validator = contract.compile(), Validator(contract.json_schema())
    for row in contract.golden_rows(20):
        assert check(row)[1] == []
        validator.validate(row)


@settings(max_examples=100, deadline=None)
@given(contracts())
def test_such_contracts_survive_json(contract: Contract) -> None:
    assert msgspec.json.decode(msgspec.json.encode(contract), type=Contract) == contract


def test_contracts_written_before_these_rules_are_read() -> None:
    old = (
        b'{"columns":[{"name":"x","kind":"category","required":true,"nullable":true,"low":null,"high":null,'
        b'"categories":["a"]}],"zone":"UTC"}'
    )
    rule = msgspec.json.decode(old, type=Contract).columns[0]
    assert (rule.pattern, rule.normalise, rule.aliases, rule.outside) == ("", (), {}, "turn away")


def test_a_value_outside_becomes_missing_but_not_where_one_is_needed() -> None:
    lenient = Contract((ColumnRule(name="a", kind="float", low=0.0, high=9.0, outside="missing"),))
    assert math.isnan(lenient.compile()({"a": -1})[0]["a"])  # type: ignore[arg-type]
    assert lenient.filter(pl.DataFrame({"a": [-1.0, 5.0]}))[0]["a"].to_list() == [None, 5.0]
    assert lenient.json_schema()["properties"]["a"] == {
        "type": ["number", "null"],
        "description": "a number, at least 0, at most 9; anything else counts as missing",
    }
    strict = Contract((ColumnRule(name="a", kind="float", low=0.0, high=9.0, outside="missing", nullable=False),))
    assert strict.compile()({"a": -1})[1][0].found == "-1"
    assert strict.filter(pl.DataFrame({"a": [-1.0, 5.0]}))[0]["a"].to_list() == [5.0]


def test_spellings_become_the_one_that_stays() -> None:
    rule = ColumnRule(
        name="carrier", kind="category", categories=("UA", "AA"), normalise=("strip", "lower"), aliases={"United": "UA"}
    )
    check = Contract((rule,)).compile()
    found = [check({"carrier": word})[0].get("carrier") for word in ("UA", " ua\u00a0", "UNITED", "aa", "zz")]
    assert found == ["UA", "UA", "UA", "AA", None]
    assert "enum" not in Contract((rule,)).json_schema()["properties"]["carrier"]


def test_a_table_that_keeps_its_contract_is_handed_back_as_it_is() -> None:
    frame = pl.DataFrame({"a": [1.0, None], "b": ["x", "y"]})
    contract = Contract(
        (ColumnRule(name="a", kind="float", low=0.0), ColumnRule(name="b", kind="category", categories=("x", "y")))
    )
    good, bad = contract.filter(frame)
    assert good.equals(frame)
    assert bad.is_empty()
    assert contract.broken(frame.lazy()) == {"a": 0, "b": 0}
    assert contract.broken(pl.LazyFrame({"a": [-1.0, math.inf, math.nan], "b": ["z", None, "x"]})) == {"a": 2, "b": 1}
    assert contract.broken(pl.LazyFrame({"a": [1.0, 2.0]})) == {"a": 0, "b": 2}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"kind": "float", "pattern": "a"}, "only categories and texts"),
        ({"kind": "category", "pattern": "a.b"}, r"character 2.*write \[\^"),
        ({"kind": "category", "categories": ("UA", "ua"), "normalise": ("lower",)}, "one when made plain"),
        ({"kind": "category", "categories": ("UA",), "aliases": {"x": "AA"}}, "stands for no category"),
        ({"kind": "category", "aliases": {"x": "y", "y": "z"}}, "one when made plain"),
        ({"kind": "category", "categories": ("UA",), "pattern": "[a-z]+"}, "does not match the pattern"),
        ({"kind": "text", "pattern": "[A-Z]+", "normalise": ("lower",)}, "once it is made plain"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(facts: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        ColumnRule(name="x", **facts)
