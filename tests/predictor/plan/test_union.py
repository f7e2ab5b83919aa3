"""The union of plans makes the same features as each plan, to the bit, on columns and on one row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import fit_plan
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Add, Input, Missing, Plan
from fullcycle.predictor.plan.union import union


def fitted(recipe: str, frame: pl.DataFrame, target: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Plan:
    """The plan of a recipe."""
    kinds = {"x": "float", "carrier": "category", "tail": "category", "at": "time"}
    columns = tuple(Column(name=name, kind=kind, known="before", feature=True) for name, kind in kinds.items())
    return fit_plan(
        frame, target, recipe=recipe, columns=columns, settings=Features(rare=2), zone="UTC", task="binary"
    )[0]


def table(n: int = 400) -> pl.DataFrame:
    """Numbers, categories few and many, times; some missing."""
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "x": pl.Series(np.where(random.random(n) < 0.1, np.nan, random.normal(size=n))).fill_nan(None),
            "carrier": pl.Series([("AA", "BB", None)[it] for it in random.integers(0, 3, n)], dtype=pl.String),
            "tail": [f"t{it}" for it in random.integers(0, 60, n)],
            "at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=int(it)) for it in range(n)],
        }
    )


def test_each_members_columns_are_those_of_its_own_plan() -> None:
    frame = table()
    target = (np.arange(len(frame)) % 3 == 0).astype(float)
    plans = [fitted(recipe, frame, target) for recipe in ("trees", "linear")]
    joined = union(plans)
    matrix = joined.plan.matrix(frame)
    for plan, columns in zip(plans, joined.columns, strict=True):
        np.testing.assert_array_equal(matrix[:, columns], plan.matrix(frame))
    rows = [
        {**row, "x": np.nan if row["x"] is None else row["x"], "at": row["at"].timestamp() * 1e6}
        for row in frame.head(20).to_dicts()
    ]
    run = joined.plan.compile()
    np.testing.assert_array_equal(np.array([run(row) for row in rows]), matrix[:20])
    assert Plan.from_json(joined.plan.to_json()) == joined.plan


def test_equal_plans_cost_nothing_twice() -> None:
    frame = table()
    plan = fitted("trees", frame, (np.arange(len(frame)) % 3 == 0).astype(float))
    joined = union([plan, plan, plan])
    assert joined.plan == plan
    assert joined.columns == (tuple(range(len(plan.features))),) * 3


def test_equal_operations_are_made_once_though_their_slots_have_other_names() -> None:
    inputs = (Input("a", "float"), Input("b", "float"))
    first = Plan(
        inputs=inputs,
        operations=(Add(output="c", left="a", right="b"), Missing(output="d", input="c")),
        features=("d",),
    )
    second = Plan(
        inputs=inputs,
        operations=(
            Missing(output="c", input="b"),
            Add(output="e", left="a", right="b"),
            Missing(output="f", input="e"),
        ),
        features=("c", "f"),
    )
    joined = union([first, second])
    assert [it.output for it in joined.plan.operations] == ["c", "d", "c_"]
    assert joined.plan.features == ("d", "c_")
    assert joined.columns == ((0,), (1, 0))


def test_a_column_read_as_two_kinds_is_refused() -> None:
    plans = [Plan(inputs=(Input("a", kind),), operations=(), features=("a",)) for kind in ("float", "integer")]
    with pytest.raises(InputError, match="'a' differently"):
        union(plans)
