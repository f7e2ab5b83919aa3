"""Each operation against its definition, on columns and on one row."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import (
    OPERATIONS,
    Absolute,
    Add,
    Bin,
    Both,
    Calendar,
    Choose,
    Clip,
    Compare,
    Cyclic,
    Divide,
    Either,
    Equals,
    Hash,
    Impute,
    Input,
    Interpolate,
    Invert,
    Join,
    Log1p,
    Lookup,
    Maximum,
    Minimum,
    Missing,
    Multiply,
    Negate,
    Number,
    Operation,
    Plan,
    Power,
    Projection,
    Standardise,
    Subtract,
    Text,
    register,
)

N = math.nan
HOUR = 3_600_000_000.0


def blake(word: str, buckets: int) -> float:
    return float(int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") % buckets)


# operation on inputs a, b, c -> rows of inputs with the expected output
CASES: list[tuple[Operation, list[tuple[Any, ...]]]] = [
    (Number(output="o", value=None), [(N,)]),
    (Number(output="o", value=2.5), [(2.5,)]),
    (Text(output="o", value="x"), [("x",)]),
    (Text(output="o", value=None), [(None,)]),
    (Add(output="o", left="a", right="b"), [(1.0, 2.0, 3.0), (N, 1.0, N), (1e308, 1e308, math.inf)]),
    (Subtract(output="o", left="a", right="b"), [(1.0, 2.0, -1.0), (1.0, N, N)]),
    (Multiply(output="o", left="a", right="b"), [(3.0, 2.0, 6.0), (0.0, N, N), (1e200, -1e200, -math.inf)]),
    (
        Divide(output="o", left="a", right="b"),
        [(1.0, 3.0, 1 / 3), (1.0, 0.0, N), (1.0, -0.0, N), (0.0, 0.0, N), (1.0, N, N)],
    ),
    (Negate(output="o", input="a"), [(1.0, -1.0), (N, N)]),
    (Absolute(output="o", input="a"), [(-1.5, 1.5), (-0.0, 0.0), (N, N)]),
    (
        Minimum(output="o", left="a", right="b"),
        [(1.0, 2.0, 1.0), (2.0, 1.0, 1.0), (N, 1.0, N), (1.0, N, N), (0.0, -0.0, 0.0)],
    ),
    (
        Maximum(output="o", left="a", right="b"),
        [(1.0, 2.0, 2.0), (2.0, 1.0, 2.0), (N, 1.0, N), (1.0, N, N), (-0.0, 0.0, -0.0)],
    ),
    (Clip(output="o", input="a", low=0.0, high=1.0), [(-3.0, 0.0), (0.5, 0.5), (9.0, 1.0), (N, N)]),
    (Clip(output="o", input="a", low=0.0), [(-3.0, 0.0), (9e300, 9e300)]),
    (Standardise(output="o", input="a", mean=1.0, scale=3.0), [(2.0, 1 / 3), (N, N)]),
    (
        Bin(output="o", input="a", edges=(0.0, 1.0)),
        [(-1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 2.0), (5.0, 2.0), (N, N)],
    ),
    (Bin(output="o", input="a", edges=()), [(3.0, 0.0), (N, N)]),
    (Log1p(output="o", input="a"), [(0.0, 0.0), (1.0, math.log(2)), (-1.0, N), (-5.0, N), (N, N)]),
    (Power(output="o", input="a", exponent=2.0), [(3.0, 9.0), (1e300, N), (N, N)]),
    (Power(output="o", input="a", exponent=-1.0), [(4.0, 0.25), (0.0, N)]),
    (Power(output="o", input="a", exponent=0.0), [(4.0, 1.0), (N, N)]),
    (Power(output="o", input="a", exponent=0.5), [(4.0, 2.0), (-4.0, N)]),
    (Projection(output="o", inputs=("a", "b"), weights=(2.0, -1.0), offset=0.5), [(1.0, 4.0, -1.5), (N, 1.0, N)]),
    (
        Interpolate(output="o", input="a", knots=(-1e308, 0.0, 10.0, 1.5e308), values=(-3.0, 0.0, 1.0, 2.0)),
        [(-1.7e308, -3.0), (-1e308, -3.0), (0.0, 0.0), (5.0, 0.5), (10.0, 1.0), (1.7e308, 2.0), (N, N)],
    ),
    (Interpolate(output="o", input="a", knots=(0.0, 5e-324), values=(1.0, 2.0)), [(0.0, 1.0), (1.0, 2.0)]),
    (Interpolate(output="o", input="a", knots=(3.0,), values=(7.0,)), [(-1.0, 7.0), (3.0, 7.0), (N, N)]),
    (
        Cyclic(output="o", input="a", period=24.0, side="sine"),
        [(0.0, 0.0), (6.0, 1.0), (18.0, -1.0), (1e300, N), (N, N)],
    ),
    (Cyclic(output="o", input="a", period=7.0, side="cosine"), [(0.0, 1.0), (7.0, 1.0), (N, N)]),
    (Missing(output="o", input="a"), [(N, 1.0), (0.0, 0.0)]),
    (Missing(output="o", input="a"), [(None, 1.0), ("", 0.0)]),
    (Impute(output="o", input="a", value=7.0), [(N, 7.0), (1.0, 1.0)]),
    (Impute(output="o", input="a", value="?"), [(None, "?"), ("", "")]),
    (
        Compare(output="o", relation="lt", left="a", right="b"),
        [(1.0, 2.0, 1.0), (2.0, 2.0, 0.0), (N, 1.0, N), (1.0, N, N)],
    ),
    (Compare(output="o", relation="le", left="a", right="b"), [(2.0, 2.0, 1.0), (3.0, 2.0, 0.0), (N, N, N)]),
    (Compare(output="o", relation="gt", left="a", right="b"), [(2.0, 2.0, 0.0), (3.0, 2.0, 1.0), (N, 1.0, N)]),
    (Compare(output="o", relation="ge", left="a", right="b"), [(2.0, 2.0, 1.0), (1.0, 2.0, 0.0), (1.0, N, N)]),
    (
        Compare(output="o", relation="eq", left="a", right="b"),
        [(2.0, 2.0, 1.0), (0.0, -0.0, 1.0), (1.0, 2.0, 0.0), (N, N, N)],
    ),
    (Compare(output="o", relation="ne", left="a", right="b"), [(2.0, 2.0, 0.0), (1.0, 2.0, 1.0), (N, 1.0, N)]),
    (
        Compare(output="o", relation="eq", left="a", right="b"),
        [("x", "x", 1.0), ("x", "y", 0.0), (None, None, N), ("x", None, N)],
    ),
    (Compare(output="o", relation="ne", left="a", right="b"), [("x", "x", 0.0), ("x", "y", 1.0), (None, "x", N)]),
    (
        Choose(output="o", condition="a", then="b", otherwise="c"),
        [(1.0, 2.0, 3.0, 2.0), (0.0, 2.0, 3.0, 3.0), (N, 2.0, 3.0, N)],
    ),
    (
        Choose(output="o", condition="a", then="b", otherwise="c"),
        [(1.0, "x", "y", "x"), (0.0, "x", None, None), (N, "x", "y", None)],
    ),
    (Equals(output="o", input="a", value="x"), [("x", 1.0), ("y", 0.0), (None, 0.0)]),
    (Equals(output="o", input="a", value="x", missing=None), [("x", 1.0), (None, N)]),
    (
        Lookup(output="o", input="a", table={"x": 5.0, "": 2.0}, default=-1.0, missing=9.0),
        [("x", 5.0), ("", 2.0), ("z", -1.0), (None, 9.0)],
    ),
    (Lookup(output="o", input="a", table={}), [("x", N), (None, N)]),
    (Hash(output="o", input="a", buckets=97), [("x", blake("x", 97)), ("é", blake("é", 97)), (None, N)]),
    (
        Join(output="o", left="a", right="b", separator="-"),
        [("x", "y", "x-y"), ("", "", "-"), (None, "y", None), ("x", None, None)],
    ),
    (Invert(output="o", input="a"), [(1.0, 0.0), (0.0, 1.0), (5.0, 0.0), (N, N)]),
    (
        Calendar(output="o", input="a", part="hour"),
        [(0.0, 0.0), (HOUR * 23.5, 23.0), (-1.0, 23.0), (N, N), (1e300, N), (-math.inf, N)],
    ),
    (Calendar(output="o", input="a", part="days", offsets=((0, 2 * int(HOUR)),)), [(HOUR * 22, 1.0), (HOUR * 21, 0.0)]),
]
KLEENE_AND = {(0, 0): 0, (0, 1): 0, (1, 1): 1, (0, N): 0, (1, N): N, (N, N): N}
KLEENE_OR = {(0, 0): 0, (0, 1): 1, (1, 1): 1, (0, N): N, (1, N): 1, (N, N): N}
for operation, truth in ((Both, KLEENE_AND), (Either, KLEENE_OR)):
    rows = [(float(a), float(b), float(o)) for (a, b), o in truth.items()]
    CASES.append((operation(output="o", left="a", right="b"), rows + [(b, a, o) for a, b, o in rows]))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return type(a) is type(b) and a == b


def plan_of(operation: Operation, rows: list[tuple[Any, ...]]) -> tuple[Plan, pl.DataFrame]:
    names = operation.reads()
    strings = [any(isinstance(row[i], str | None) for row in rows) for i in range(len(names))]
    inputs = tuple(Input(name, "text" if text else "float") for name, text in zip(names, strings, strict=True))
    schema = {name: pl.String if text else pl.Float64 for name, text in zip(names, strings, strict=True)}
    frame = pl.DataFrame([row[:-1] for row in rows], schema=schema, orient="row") if names else pl.DataFrame({"z": [0]})
    return Plan(inputs=inputs, operations=(operation,), features=("o",)), frame


@pytest.mark.parametrize(("operation", "rows"), CASES, ids=lambda case: case.tag if isinstance(case, Operation) else "")
def test_definition(operation: Operation, rows: list[tuple[Any, ...]]) -> None:
    rows = [row for row in rows if not any(isinstance(x, float) and math.isinf(x) for x in row[:-1])]
    plan, frame = plan_of(operation, rows)
    column = plan.columns(frame)["o"]
    values = column.to_list() if isinstance(column, pl.Series) else column.tolist()
    run = plan.compile()
    for row, value in zip(rows, values, strict=True):
        assert same(value, row[-1]), (row, value)
        single = run(dict(zip(operation.reads(), row, strict=False)))[0]
        assert same(single, row[-1]), (row, single)


TEXT = {"bag_of_words", "dot", "element", "embedding", "term_hash", "tf_idf", "token_ids"}  # see test_text.py


def test_every_operation_has_a_case() -> None:
    own = {tag for tag, type_ in OPERATIONS.items() if type_.__module__.startswith("fullcycle.")}
    assert own == {operation.tag for operation, _ in CASES} | TEXT
    assert len(own) == 37


@pytest.mark.parametrize(
    "make",
    [
        lambda: Number(output="o", value=math.inf),
        lambda: Clip(output="o", input="a", low=2.0, high=1.0),
        lambda: Standardise(output="o", input="a", mean=0.0, scale=0.0),
        lambda: Bin(output="o", input="a", edges=(1.0, 1.0)),
        lambda: Bin(output="o", input="a", edges=(math.nan,)),
        lambda: Interpolate(output="o", input="a", knots=(), values=()),
        lambda: Interpolate(output="o", input="a", knots=(1.0, 1.0), values=(0.0, 1.0)),
        lambda: Interpolate(output="o", input="a", knots=(1.0, 2.0), values=(0.0,)),
        lambda: Cyclic(output="o", input="a", period=0.0, side="sine"),
        lambda: Cyclic(output="o", input="a", period=1.0, side="tangent"),  # type: ignore[arg-type]
        lambda: Hash(output="o", input="a", buckets=0),
        lambda: Hash(output="o", input="a", buckets=2**53),
        lambda: Projection(output="o", inputs=("a",), weights=()),
        lambda: Calendar(output="o", input="a", part="hour", offsets=((5, 0), (5, 1))),
        lambda: Calendar(output="o", input="a", part="century"),  # type: ignore[arg-type]
        lambda: Lookup(output="o", input="a", table={"x": math.nan}),
    ],
)
def test_bad_parameters_are_refused(make: Any) -> None:
    with pytest.raises(InputError):
        make()


def test_negative_zero_is_stored_as_zero() -> None:
    assert math.copysign(1, Impute(output="o", input="a", value=-0.0).value) == 1.0  # type: ignore[arg-type]


def test_a_tag_is_taken_once() -> None:
    class Add(Operation, frozen=True, kw_only=True, tag="add"):
        pass

    with pytest.raises(InputError, match="two operations have the tag 'add'"):
        register(Add)
    assert OPERATIONS["add"].__module__.endswith("arithmetic")


def test_a_third_party_adds_an_operation() -> None:
    class Double(Operation, frozen=True, kw_only=True, tag="test_double"):
        input: str

        def reads(self) -> tuple[str, ...]:
            return (self.input,)

        def columns(self, slots: Any) -> Any:
            return slots.numbers(self.input) * 2

        def row(self, places: Any) -> Any:
            i = places[self.input]
            return lambda s: s[i] * 2

    register(Double)
    try:
        plan = Plan(inputs=(Input("a", "float"),), operations=(Double(output="o", input="a"),), features=("o",))
        assert Plan.from_json(plan.to_json()) == plan
        assert plan.matrix(pl.DataFrame({"a": [4.0]})).tolist() == [plan.compile()({"a": 4.0})]
    finally:
        del OPERATIONS["test_double"]


def test_block_operations_agree_with_numpy() -> None:
    x = np.random.default_rng(0).lognormal(3, 4, 1000)
    frame = pl.DataFrame({"a": x, "b": x[::-1]})
    inputs = (Input("a", "float"), Input("b", "float"))
    operations = (
        Log1p(output="log", input="a"),
        Power(output="root", input="a", exponent=1 / 3),
        Projection(output="p", inputs=("log", "root"), weights=(0.3, -0.7), offset=1.0),
    )
    plan = Plan(inputs=inputs, operations=operations, features=("log", "root", "p"))
    expected = np.column_stack([np.log1p(x), np.power(x, 1 / 3)])
    expected = np.column_stack([expected, expected @ [0.3, -0.7] + 1.0])
    np.testing.assert_allclose(plan.matrix(frame), expected, rtol=1e-6, atol=1e-9)
