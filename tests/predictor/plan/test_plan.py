"""The two executors agree to the bit; a plan survives JSON; what cannot run is refused at load."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.kernel.errors import ColumnMissing, InputError, TooNew, UnknownKey
from fullcycle.predictor import plan as p
from fullcycle.predictor.plan import Add, Input, Lookup, Number, Operation, Plan, frame_slots, zone_offsets
from fullcycle.predictor.plan.calendar import Part
from fullcycle.predictor.plan.logic import Relation

NUMBERS = {"f": "float", "i": "integer", "y": "boolean", "t": "time"}
STRINGS = {"c": "category", "s": "text"}
INPUTS = tuple(Input(name, kind) for name, kind in {**NUMBERS, **STRINGS}.items())  # type: ignore[arg-type]
ZONES = ("UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")

hostile = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 1.7e308, 2.0**53, 0.1]),
    st.integers(-(2**60), 2**60).map(float),
)
finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, -3.0, 0.1])
maybe_finite = st.none() | finite
words = st.text(max_size=3) | st.sampled_from(["", "UA", "AA", "é", "\x00", "0"])


rising = st.lists(finite, unique_by=lambda x: x + 0.0).map(lambda x: tuple(sorted(x)))


def exactly(n: Any, s: Any) -> list[tuple[bool, type[Operation], Any]]:
    """For each operation whose two executors agree to the bit: makes it a string, its type, a strategy of it.

    *n* and *s* are strategies of the slots of numbers and of strings that there are.
    """
    binary = [p.Add, p.Subtract, p.Multiply, p.Divide, p.Minimum, p.Maximum, p.Both, p.Either]
    unary = [p.Negate, p.Absolute, p.Invert, p.Log1p]
    made: list[tuple[bool, type[Operation], Any]] = [
        *[(False, type_, st.builds(type_, left=n, right=n)) for type_ in binary],
        *[(False, type_, st.builds(type_, input=n)) for type_ in unary],
    ]

    def add(type_: type[Operation], *, string: bool = False, **fields: Any) -> None:
        made.append((string, type_, st.builds(type_, **fields)))

    add(p.Number, value=maybe_finite)
    add(p.Clip, input=n, low=st.none() | st.floats(-9, 0), high=st.none() | st.floats(0, 9))
    add(p.Standardise, input=n, mean=finite, scale=finite.filter(bool))
    add(p.Bin, input=n, edges=rising)
    add(p.Power, input=n, exponent=st.sampled_from([-2.0, -0.5, 0.0, 0.5, 1 / 3, 2.0, 3.0]))
    add(p.Cyclic, input=n, period=st.sampled_from([1e-300, 1.0, 7.0, 1440.0]), side=st.sampled_from(["sine", "cosine"]))
    add(p.Missing, input=n | s)
    add(p.Impute, input=n, value=finite)
    add(p.Impute, string=True, input=s, value=words)
    add(p.Compare, relation=st.sampled_from(get_args(Relation)), left=n, right=n)
    add(p.Compare, relation=st.sampled_from(["eq", "ne"]), left=s, right=s)
    add(p.Choose, condition=n, then=n, otherwise=n)
    add(p.Choose, string=True, condition=n, then=s, otherwise=s)
    add(p.Text, string=True, value=st.none() | words)
    add(p.Join, string=True, left=s, right=s, separator=words)
    add(p.Equals, input=s, value=words, missing=maybe_finite)
    add(p.Hash, input=s, buckets=st.integers(1, 2**53 - 1))
    tables = st.dictionaries(words, finite, max_size=4)
    add(p.Lookup, input=s, table=tables, default=maybe_finite, missing=maybe_finite)

    def with_offsets(zone: str) -> Any:
        offsets = st.just(zone_offsets(zone, 2020, 2026))
        return st.builds(p.Calendar, input=n, part=st.sampled_from(get_args(Part)), zone=st.just(zone), offsets=offsets)

    def weighted(pairs: list[tuple[str, float]]) -> Any:
        inputs, weights = tuple(name for name, _ in pairs), tuple(weight for _, weight in pairs)
        return st.builds(p.Projection, inputs=st.just(inputs), weights=st.just(weights), offset=finite)

    def curve(knots: tuple[float, ...]) -> Any:
        values = st.tuples(*(finite for _ in knots))
        return st.builds(p.Interpolate, input=n, knots=st.just(knots), values=values)

    made += [
        (False, p.Calendar, st.sampled_from(ZONES).flatmap(with_offsets)),
        (False, p.Projection, st.lists(st.tuples(n, finite), max_size=4).flatmap(weighted)),
        (False, p.Interpolate, rising.filter(bool).flatmap(curve)),
    ]
    return made


TEXT = {"bag_of_words", "dot", "element", "embedding", "term_hash", "tf_idf", "token_ids"}  # compared in test_text.py


def test_no_operation_is_left_out_of_the_comparison() -> None:
    own = {tag for tag, type_ in p.OPERATIONS.items() if type_.__module__.startswith("fullcycle.")}
    some = st.sampled_from(["f"])
    assert own == {type_.__struct_config__.tag for _, type_, _ in exactly(some, some)} | TEXT


@st.composite
def operation(draw: st.DrawFn, output: str, numbers: list[str], strings: list[str]) -> tuple[Operation, bool]:
    """A random operation on what there is; with whether it makes a string."""
    string, _, strategy = draw(st.sampled_from(exactly(st.sampled_from(numbers), st.sampled_from(strings))))
    return msgspec.structs.replace(draw(strategy), output=output), string


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    numbers, strings, operations = list(NUMBERS), list(STRINGS), []
    for number in range(draw(st.integers(1, 12))):
        made, string = draw(operation(f"o{number}", numbers, strings))
        operations.append(made)
        (strings if string else numbers).append(made.output)
    features = draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=6)) + [
        op.output for op in operations if op.output in numbers
    ]
    return Plan(inputs=INPUTS, operations=tuple(operations), features=tuple(features))


rows = st.fixed_dictionaries(
    {
        "f": st.none() | hostile,
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "y": st.none() | st.booleans(),
        "t": st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda t: t.replace(tzinfo=UTC)),
        "c": st.none() | words,
        "s": st.none() | words,
    }
)
SCHEMA = {
    "f": pl.Float64,
    "i": pl.Int64,
    "y": pl.Boolean,
    "t": pl.Datetime("us", "UTC"),
    "c": pl.Categorical,
    "s": pl.String,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """The value model, written out independently."""

    def number(x: Any) -> float:
        x = math.nan if x is None else (x - EPOCH) // timedelta(microseconds=1) if isinstance(x, datetime) else x
        return float(x) if math.isfinite(x) else math.nan

    return {name: number(value) if name in NUMBERS else value for name, value in row.items()}


def bits(array: Any) -> list[bytes]:
    array = np.asarray(array, dtype=np.float64)
    return np.where(np.isnan(array), np.nan, array).view(np.int64).tolist()  # any NaN is missing


@settings(max_examples=120, deadline=None)
@given(plans(), st.lists(rows, min_size=1, max_size=8))
def test_row_and_columns_agree_to_the_bit(plan: Plan, table: list[dict[str, Any]]) -> None:
    plan = Plan.from_json(plan.to_json())
    matrix = plan.matrix(pl.DataFrame(table, schema=SCHEMA, orient="row"))
    assert matrix.shape == (len(table), len(plan.features))
    assert matrix.flags.c_contiguous
    run = plan.compile()
    for row, expected in zip(table, matrix, strict=True):
        assert bits(run(parsed(row))) == bits(expected)


@settings(max_examples=12, deadline=None)
@given(st.data(), rows)
def test_each_operation_agrees_to_the_bit(data: st.DataObject, row: dict[str, Any]) -> None:
    for string, _, strategy in exactly(st.sampled_from(list(NUMBERS)), st.sampled_from(list(STRINGS))):
        made = msgspec.structs.replace(data.draw(strategy), output="o")
        plan = Plan(inputs=INPUTS, operations=(made,), features=("o",))
        found = plan.columns(pl.DataFrame([row], schema=SCHEMA, orient="row"))["o"]
        single = plan.compile()(parsed(row))
        if string:
            assert [*found] == single
        else:
            assert bits(found) == bits(single)


def test_a_wide_or_long_table_goes_through_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"a": np.arange(50.0), "c": ["a", "b"] * 25})
    whole = small().matrix(frame)
    monkeypatch.setattr("fullcycle.predictor.plan.plan.CELLS", 1)
    monkeypatch.setattr("fullcycle.predictor.plan.plan.BLOCK", 7)
    assert np.array_equal(small().matrix(frame), whole)


@settings(max_examples=50, deadline=None)
@given(plans())
def test_json_round_trip(plan: Plan) -> None:
    body = plan.to_json()
    again = Plan.from_json(body)
    assert again == plan
    assert again.to_json() == body
    assert json.loads(body)["version"] == p.VERSION


def small(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "inputs": (Input("a", "float"), Input("c", "category")),
        "operations": (Lookup(output="l", input="c", table={"b": 2.0, "a": 1.0}), Add(output="x", left="a", right="l")),
        "features": ("x",),
    }
    return Plan(**{**fields, **changes})


def test_json_is_canonical() -> None:
    assert small().to_json().startswith(b'{"features":["x"],"inputs":[{"kind":"float","name":"a"}')
    other = small(operations=(Lookup(output="l", input="c", table={"a": 1.0, "b": 2.0}), small().operations[1]))
    assert other.to_json() == small().to_json()


def test_a_newer_plan_is_too_new_even_with_unknown_keys() -> None:
    fields = {**json.loads(small().to_json()), "version": 2, "more": 1}
    with pytest.raises(TooNew, match="version 2"):
        Plan.from_json(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"operations": [{"op": "lookpu", "output": "x", "input": "a"}]}, UnknownKey, "write 'lookup'"),
        ({"operations": [{"output": "x", "input": "a"}]}, UnknownKey, "operation"),
        (
            {"operations": [{"op": "negate", "output": "x", "input": "a", "k": 1}]},
            InputError,
            "operation 1 .*unknown field `k`",
        ),
        ({"operations": [{"op": "negate", "output": "x"}]}, InputError, "missing required field `input`"),
        (
            {"operations": [{"op": "standardise", "output": "x", "input": "a", "mean": 0, "scale": 0}]},
            InputError,
            "scale is zero",
        ),
        ({"more": 1}, InputError, "more"),
        ({"inputs": [{"name": "a", "kind": "flaot"}]}, InputError, "not a feature plan"),
        ({"features": ["y"]}, ColumnMissing, "'y' is missing"),
        ({"inputs": [{"name": "a", "kind": "float"}]}, ColumnMissing, "'c' is missing, which operation 'lookup'"),
        ({"inputs": [{"name": "a", "kind": "float"}, {"name": "c", "kind": "float"}]}, InputError, "expected a string"),
        ({"inputs": [{"name": n, "kind": "category"} for n in "ac"]}, InputError, "slot 'a' does not fit"),
        ({"inputs": [{"name": n, "kind": "float"} for n in "aa"]}, InputError, "made twice"),
    ],
)
def test_what_cannot_run_is_refused_at_load(change: dict[str, Any], error: type[Exception], match: str) -> None:
    body = json.dumps({**json.loads(small().to_json()), **change}).encode()
    with pytest.raises(error, match=match):
        Plan.from_json(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"version":1}', b'{"version":"1"}'])
def test_what_is_no_plan_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="not a feature plan"):
        Plan.from_json(body)


def test_slots_are_read_only_after_they_are_made() -> None:
    with pytest.raises(ColumnMissing):
        small(operations=tuple(reversed(small().operations))).check()


def test_a_string_is_no_feature() -> None:
    with pytest.raises(InputError, match="feature 'c' is a string"):
        small(features=("c",)).matrix(pl.DataFrame({"a": [1.0], "c": ["a"]}))


def test_missing_columns_are_named_on_both_ways() -> None:
    with pytest.raises(ColumnMissing, match="'c' is missing"):
        small().matrix(pl.DataFrame({"a": [1.0]}))
    with pytest.raises(ColumnMissing, match="'c' is missing"):
        small().compile()({"a": 1.0})


def test_empty_tables_and_plans() -> None:
    assert small().matrix(pl.DataFrame(schema={"a": pl.Float64, "c": pl.String})).shape == (0, 1)
    constant = Plan(inputs=(), operations=(Number(output="k", value=1.0),), features=("k",))
    assert constant.compile()({}) == [1.0]
    assert constant.matrix(pl.DataFrame({"z": [1, 2]})).tolist() == [[1.0], [1.0]]
    nothing = Plan(inputs=(), operations=(), features=())
    assert nothing.compile()({}) == []
    assert nothing.matrix(pl.DataFrame({"z": [1, 2]})).shape == (2, 0)


def test_calls_do_not_share_slots() -> None:
    run = small().compile()
    first = run({"a": 1.0, "c": "a"})
    assert run({"a": 5.0, "c": "b"}) == [7.0]
    assert first == [2.0]


def test_frame_slots_follow_the_value_model() -> None:
    plus2 = timezone(timedelta(hours=2))
    frame = pl.DataFrame(
        {
            "f": pl.Series([1.5, math.inf, None], dtype=pl.Float32),
            "u": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
            "y": [True, False, None],
            "ms": pl.Series([datetime(1970, 1, 1, 0, 0, 1), None, None], dtype=pl.Datetime("ms")),
            "z": pl.Series(
                [datetime(1970, 1, 1, 2, tzinfo=plus2), None, None], dtype=pl.Datetime("ns", "Europe/Paris")
            ),
            "d": pl.Series([datetime(1970, 1, 2).date(), None, None]),
            "e": pl.Series(["x", "y", None], dtype=pl.Enum(["x", "y"])),
            "nothing": pl.Series([None, None, None]),
        }
    )
    kinds = {
        "f": "float",
        "u": "integer",
        "y": "boolean",
        "ms": "time",
        "z": "time",
        "d": "time",
        "e": "category",
        "nothing": "time",
    }
    slots = frame_slots(frame, [Input(name, kind) for name, kind in kinds.items()])  # type: ignore[arg-type]
    firsts = [slots.numbers(name)[0] for name in ("f", "u", "y", "ms", "z", "d")]
    assert firsts == [1.5, 2.0**64, 1.0, 1e6, 0.0, 86400e6]
    assert np.isnan(slots["f"][1:]).all()  # type: ignore[index]
    assert np.isnan(slots["nothing"]).all()
    assert slots.strings("e").to_list() == ["x", "y", None]


@pytest.mark.parametrize(
    ("kind", "values"), [("float", ["x"]), ("boolean", [1]), ("category", [1]), ("time", [1.0]), ("integer", [True])]
)
def test_a_column_of_another_type_is_refused(kind: Any, values: list[Any]) -> None:
    with pytest.raises(InputError, match=f"column 'a': the column is no {kind}"):
        frame_slots(pl.DataFrame({"a": values}), [Input("a", kind)])
