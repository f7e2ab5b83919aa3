"""One contract, three forms: they accept and reject the same rows."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import jsonschema
import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract import TIME_PATTERN, ColumnRule, Contract, Failure
from fullcycle.predictor.plan import Input, Plan

ZONE = "America/New_York"
KINDS = ("float", "integer", "boolean", "category", "text", "time")
HUGE = [2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30, 10**400, 2.0**63, 1e300]


def checker() -> jsonschema.FormatChecker:
    """What JSON Schema calls a date-time, from the standard library alone."""
    found = jsonschema.FormatChecker(formats=())

    @found.checks("date-time", raises=(ValueError, OverflowError))
    def is_time(text: object) -> bool:
        if isinstance(text, str):
            moment = datetime.fromisoformat(text)
            (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            return not text.endswith("\n")
        return True

    return found


@st.composite
def rules(draw: st.DrawFn, name: str) -> ColumnRule:
    kind = draw(st.sampled_from(KINDS))
    low = high = categories = None
    if kind in ("float", "integer") and draw(st.booleans()):
        low, high = (
            draw(st.none() | st.floats(-100, 0)),
            draw(st.none() | st.floats(1, 100) | st.sampled_from([1e30, 2.0**53])),
        )
    if kind == "category" and draw(st.booleans()):
        categories = tuple(draw(st.lists(st.sampled_from(["", "UA", "AA", "é"]), min_size=1, unique=True)))
    required, nullable = draw(st.booleans()), draw(st.booleans())
    return ColumnRule(
        name=name, kind=kind, required=required, nullable=nullable, low=low, high=high, categories=categories
    )


contracts = (
    st.integers(1, 4).flatmap(lambda n: st.tuples(*[rules(f"c{i}") for i in range(n)])).map(lambda r: Contract(r, ZONE))
)

shapes = st.from_regex(TIME_PATTERN, fullmatch=True)
near_times = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30)).map(datetime.isoformat) | st.sampled_from(
    [
        "2024-02-30",
        "2024-03-10T02:30:00",
        "2024-11-03 01:30",
        "20240101",
        "2024-01-01T10:00:00+05:30",
        "2024-01-01T24:00",
        "2024-01-01\n",
        "2024-W01-1",
        "2024-01-01T10:00:00.123456789Z",
        "2024-01-01T10:00:60Z",
        "2024-01-01T10Z",
        "٢٠٢٤-01-01",
    ]
)
numbers = (
    st.integers(-200, 200) | st.floats(-200, 200, allow_subnormal=False) | st.sampled_from([*HUGE, -0.0, 5.0, 0.5])
)
words = st.sampled_from(["", "UA", "AA", "é", "other", "5", "true"]) | st.text(max_size=4)
json_values = st.none() | st.booleans() | numbers | words | near_times | shapes | st.just([]) | st.just({"a": 1})


@settings(max_examples=400, deadline=None)
@given(contracts, st.data())
def test_row_check_and_json_schema_agree(contract: Contract, data: st.DataObject) -> None:
    names = [rule.name for rule in contract.columns]
    row = data.draw(st.dictionaries(st.sampled_from([*names, "extra"]), json_values))
    validator = jsonschema.Draft202012Validator(contract.json_schema(), format_checker=checker())
    values, failures = contract.compile()(row)
    bad = {error.path[0] if error.path else error.message.split("'")[1] for error in validator.iter_errors(row)}
    assert {failure.column for failure in failures} == bad
    assert set(values) == set(names) - bad


COLUMNS: dict[str, tuple[Any, Any]] = {
    "float": (st.floats(width=64) | st.sampled_from([-0.0, 5.0, 1e300, 2.0**63]), pl.Float64),
    "single": (st.floats(-200, 200, width=32), pl.Float32),
    "integer": (st.integers(-200, 200) | st.integers(-(2**63), 2**63 - 1), pl.Int64),
    "unsigned": (st.integers(0, 200) | st.integers(0, 2**64 - 1), pl.UInt64),
    "boolean": (st.booleans(), pl.Boolean),
    "text": (words, pl.String),
    "category": (words, pl.Categorical),
    "iso": (near_times | shapes, pl.String),
    "aware": (
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda t: t.replace(tzinfo=UTC)),
        pl.Datetime("us", "UTC"),
    ),
    "naive": (
        st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1))
        | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),
        pl.Datetime("us"),
    ),
    "gap": (
        st.datetimes(datetime(2024, 3, 10, 1), datetime(2024, 3, 10, 4))
        | st.datetimes(datetime(2024, 11, 3), datetime(2024, 11, 3, 3)),
        pl.Datetime("us"),
    ),
    "nothing": (st.none(), pl.Null),
}


@settings(max_examples=250, deadline=None)
@given(contracts, st.data())
def test_row_check_and_table_filter_agree(contract: Contract, data: st.DataObject) -> None:
    height = data.draw(st.integers(0, 5))
    columns: dict[str, pl.Series] = {"n": pl.Series(range(height), dtype=pl.Int64)}
    for rule in contract.columns:
        fitting = {
            "float": ["float", "single", "integer", "unsigned"],
            "integer": ["integer", "unsigned", "float"],
            "time": ["aware", "naive", "gap", "iso"],
            "boolean": ["boolean"],
        }.get(rule.kind, ["text", "category"])
        sort = data.draw(st.sampled_from([*fitting * 3, *COLUMNS, "absent"]))
        if sort != "absent":
            strategy, type_ = COLUMNS[sort]
            columns[rule.name] = pl.Series(
                data.draw(st.lists(st.none() | strategy, min_size=height, max_size=height)), dtype=type_
            )
    frame = pl.DataFrame(columns)
    good, bad = contract.filter(frame)
    check = contract.compile()
    results = [check(row) for row in frame.rows(named=True)]
    assert good["n"].to_list() == [n for n, (_, failures) in enumerate(results) if not failures]
    assert bad["n"].to_list() == [n for n, (_, failures) in enumerate(results) if failures]
    assert bad.drop("reasons").equals(frame.filter(pl.col("n").is_in(bad["n"].implode())))
    for n, reasons in zip(bad["n"], bad["reasons"], strict=True):
        assert [(r["column"], r["expected"]) for r in reasons] == [(f.column, f.expected) for f in results[n][1]]
    plan_agrees(contract, good, [values for values, failures in results if not failures])


@pytest.mark.parametrize("kind", ["boolean", "category", "text", "time"])
@pytest.mark.parametrize("nullable", [True, False])
def test_a_nan_is_missing_whatever_the_kind(kind: Any, nullable: bool) -> None:
    contract = Contract((ColumnRule(name="a", kind=kind, nullable=nullable),))
    frame = pl.DataFrame({"a": [float("nan")]})
    assert contract.filter(frame)[0].height == (1 if nullable else 0)
    assert bool(contract.compile()({"a": float("nan")})[1]) is not nullable


def plan_agrees(contract: Contract, good: pl.DataFrame, values: list[dict[str, Any]]) -> None:
    """A table that was filtered holds the very values that the row check parsed."""
    inputs = tuple(Input(rule.name, rule.kind) for rule in contract.columns)
    slots = Plan(inputs=inputs, operations=(), features=()).columns(good)
    for rule in contract.columns:
        found = slots[rule.name].to_list() if isinstance(slots[rule.name], pl.Series) else slots[rule.name].tolist()
        wanted = [row[rule.name] for row in values]
        assert len(found) == len(wanted)
        assert all(a == b or (a != a and b != b) for a, b in zip(found, wanted, strict=True)), (found, wanted)


@settings(max_examples=150, deadline=None)
@given(contracts)
def test_golden_rows_keep_the_contract(contract: Contract) -> None:
    rows = contract.golden_rows(25)
    assert rows == contract.golden_rows(25)
    assert rows[0] == contract.example()
    assert json.loads(json.dumps(rows)) == rows
    validator = jsonschema.Draft202012Validator(contract.json_schema(), format_checker=checker())
    check = contract.compile()
    for row in rows:
        assert check(row)[1] == []
        validator.validate(row)
    for rule in contract.columns:
        found = [row.get(rule.name, "absent") for row in rows]
        assert (None in found) == (rule.nullable and (rule.required or None in found))
        assert ("absent" in found) == (not rule.required)
        assert set(map(str, rule.categories or ())) <= {*map(str, found)} or len(rule.categories or ()) > 2
        assert not rule.low or rule.kind == "integer" or rule.low in found


def test_the_schema_is_a_valid_one() -> None:
    contract = Contract(tuple(ColumnRule(name=kind, kind=kind) for kind in KINDS))  # type: ignore[arg-type]
    schema = contract.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["required"] == list(KINDS)
    assert contract.kinds["time"] == "time"


def one(kind: Any, value: Any, **rule: Any) -> Any:
    values, failures = Contract((ColumnRule(name="x", kind=kind, **rule),), ZONE).compile()({"x": value})
    return failures[0] if failures else values["x"]


def micros(*parts: int, offset: int = 0) -> float:
    moment = datetime(*parts, tzinfo=timezone(timedelta(hours=offset)))  # type: ignore[misc]
    return float((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("kind", "value", "parsed"),
    [
        ("float", 3, 3.0),
        ("float", 2**53 + 1, 2.0**53),
        ("integer", 5.0, 5.0),
        ("boolean", True, 1.0),
        ("category", "UA", "UA"),
        ("text", "", ""),
        ("time", "2024-01-02T03:04:05Z", micros(2024, 1, 2, 3, 4, 5)),
        ("time", "2024-01-02T03:04:05.5+02:00", micros(2024, 1, 2, 3, 4, 5, 500000, offset=2)),
        ("time", "2024-01-02", micros(2024, 1, 2, offset=-5)),
        ("time", "2024-07-02 10:00", micros(2024, 7, 2, 10, offset=-4)),
        ("time", "2024-11-03T01:30:00", micros(2024, 11, 3, 1, 30, offset=-4)),
        ("time", "2024-03-10T02:30:00", micros(2024, 3, 10, 2, 30, offset=-5)),
        ("time", datetime(2024, 7, 2, 10), micros(2024, 7, 2, 10, offset=-4)),
        ("time", datetime(2024, 7, 2, 10, tzinfo=UTC), micros(2024, 7, 2, 10)),
    ],
)
def test_parsed_values(kind: str, value: Any, parsed: Any) -> None:
    found = one(kind, value)
    assert found == parsed
    assert type(found) is type(parsed)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("float", True, "True"),
        ("float", "5", "'5'"),
        ("float", math.inf, "inf"),
        ("float", 10**400, "a huge number"),
        ("integer", 5.5, "5.5"),
        ("integer", True, "True"),
        ("integer", 2**63, "9223372036854775808"),
        ("boolean", 1, "1"),
        ("category", 5, "5"),
        ("text", "x" * 200, None),
        ("time", 5, "5"),
        ("time", "yesterday", "'yesterday'"),
        ("time", date(2024, 1, 1), "datetime.date(2024, 1, 1)"),
        ("time", "0001-01-01T00:00:00+05:00", "'0001-01-01T00:00:00+05:00'"),
    ],
)
def test_failures(kind: str, value: Any, found: str | None) -> None:
    failure = one(kind, value)
    if found is None:
        assert failure == value
    else:
        assert isinstance(failure, Failure)
        assert failure.found == found


def test_missing_null_and_extra_keys() -> None:
    contract = Contract(
        (
            ColumnRule(name="a", kind="float"),
            ColumnRule(name="b", kind="text", required=False),
            ColumnRule(name="c", kind="time", nullable=False),
        )
    )
    values, failures = contract.compile()({"c": None, "zzz": 1})
    assert values == {"b": None}
    assert failures == [
        Failure("a", "nothing", "a number"),
        Failure("c", "null", "a time such as 2026-03-01T09:30:00Z"),
    ]
    values, failures = contract.compile()({"a": math.nan, "c": "2024-01-01"})
    assert not failures
    assert math.isnan(values["a"])  # type: ignore[arg-type]


def test_filter_explains_and_converts() -> None:
    contract = Contract(
        (
            ColumnRule(name="d", kind="float", low=0.0, high=10.0),
            ColumnRule(name="c", kind="category", categories=("UA", "AA"), nullable=False),
            ColumnRule(name="t", kind="time"),
            ColumnRule(name="late", kind="boolean", required=False),
        ),
        ZONE,
    )
    frame = pl.DataFrame(
        {"d": [1.0, -5.0, 3.0], "c": ["UA", "ZZ", None], "t": ["2024-07-01T12:00", "x", None], "more": [1, 2, 3]}
    )
    good, bad = contract.filter(frame)
    assert good["t"].to_list() == [datetime(2024, 7, 1, 16, tzinfo=UTC)]
    assert good["late"].dtype == pl.Boolean
    assert good["more"].to_list() == [1]
    assert [[reason["column"] for reason in reasons] for reasons in bad["reasons"]] == [["d", "c", "t"], ["c"]]
    assert bad["reasons"][1][0] == {"column": "c", "found": "null", "expected": "one of 'UA', 'AA'"}
    assert bad["d"].to_list() == [-5.0, 3.0]


def test_a_table_without_a_required_column_is_all_bad() -> None:
    good, bad = Contract((ColumnRule(name="d", kind="float"),)).filter(pl.DataFrame({"x": [1, 2]}))
    assert good.height == 0
    assert bad["reasons"][0][0]["found"] == "nothing"


def test_nested_columns_are_refused_not_shown() -> None:
    _, bad = Contract((ColumnRule(name="d", kind="float"),)).filter(pl.DataFrame({"d": [[1.0], [2.0]]}))
    assert bad["reasons"][0][0]["found"] == "List(Float64)"


def test_no_rules_accept_everything() -> None:
    good, bad = Contract(()).filter(pl.DataFrame({"x": [1, 2]}))
    assert (good.height, bad.height, bad.columns) == (2, 0, ["x", "reasons"])
    assert Contract(()).compile()({"x": 1}) == ({}, [])


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "float", "low": 2.0, "high": 1.0},
        {"kind": "float", "low": math.nan},
        {"kind": "integer", "low": 1.2, "high": 1.8},
        {"kind": "text", "low": 1.0},
        {"kind": "text", "categories": ("a",)},
        {"kind": "category", "categories": ()},
        {"kind": "colour"},
    ],
)
def test_rules_that_make_no_sense_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="column 'x'"):
        ColumnRule(name="x", **rule)


def test_contracts_that_make_no_sense_are_refused() -> None:
    rule = ColumnRule(name="x", kind="float")
    with pytest.raises(InputError, match="two rules"):
        Contract((rule, rule))
    with pytest.raises(InputError, match="Europe/Paris"):
        Contract((rule,), "Europe/Pariss")


def test_a_contract_survives_json() -> None:
    contract = Contract(
        (ColumnRule(name="x", kind="category", categories=("a",)), ColumnRule(name="y", kind="integer", low=0.0)), ZONE
    )
    assert msgspec.json.decode(msgspec.json.encode(contract), type=Contract) == contract


def test_a_number_too_long_to_print_is_refused_too() -> None:
    assert one("integer", 10**5000).found == "a huge number"
