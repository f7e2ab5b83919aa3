"""The feature plan as it is fitted: what serves is what was trained on, and no answer leaks into a feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.data.records import Column
from fullcycle.development.features import expressions, fit_plan, learnable, left_out, out_of_fold, smoothed
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure.metrics import roc_auc
from fullcycle.predictor.plan import Plan


def column(name: str, kind: str, *, known: str = "before", feature: bool = True) -> Column:
    return Column(name=name, kind=kind, known=known, feature=feature)


def fitted(frame: pl.DataFrame, target: Any, recipe: str, columns: tuple[Column, ...], **settings: Any) -> Any:
    return fit_plan(
        frame,
        np.asarray(target, dtype=np.float64),
        recipe=recipe,
        columns=columns,
        settings=Features(**settings),
        zone="Europe/Paris",
        task="binary",
    )


@pytest.mark.parametrize("recipe", ["linear", "trees"])
def test_the_plan_gives_the_matrix_it_was_fitted_with(world: Any, recipe: str) -> None:
    frame = world.frame(400)
    columns = learnable(world.dataset(frame).columns, world.charter())
    plan, matrix = fitted(frame, frame["late"].cast(pl.Float64).to_numpy(), recipe, columns)
    again = Plan.from_json(plan.to_json())
    assert np.array_equal(again.matrix(frame), matrix, equal_nan=True)
    assert matrix.flags.c_contiguous
    assert not any("id" in name.split() or "late" in name.split() for name in plan.features)
    assert any(name.startswith("at weekday") for name in plan.features)  # though data calls the time no feature
    if recipe == "linear":
        assert np.isfinite(matrix).all()


def test_a_random_category_of_few_rows_tells_nothing() -> None:
    random = np.random.default_rng(1)
    target = random.integers(0, 2, 2000).astype(float)
    frame = pl.DataFrame({"tail": [f"N{row % 1000}" for row in range(2000)]})
    plan, matrix = fitted(
        frame.with_columns(noise=random.normal(size=2000)),
        target,
        "trees",
        (column("tail", "category"), column("noise", "float")),
        target_encode=1,
        rare=1,
    )
    place = plan.features.index("tail by target")
    assert roc_auc(target, matrix[:, place]) == pytest.approx(0.5, abs=0.03)
    in_sample = plan.matrix(frame.with_columns(noise=0.0))[:, place]
    assert roc_auc(target, in_sample) > 0.8  # what a map of its own rows would have leaked


def test_few_rows_a_category_leak_nothing_either() -> None:
    random = np.random.default_rng(2)
    target = random.integers(0, 2, 3000).astype(float)
    codes = random.integers(0, 300, 3000)
    kept = np.ones(300, np.bool_)
    assert roc_auc(target, out_of_fold(codes, target, kept, 0.5)) == pytest.approx(0.5, abs=0.04)
    assert roc_auc(target, smoothed(codes, target, 300, 0.5)[codes]) > 0.6


def test_out_of_fold_values_are_those_of_the_other_blocks() -> None:
    codes = np.array([0, 0, 0, 0, 0, 1, 1, 1, -1, 0])
    target = np.array([1.0, 0, 1, 1, 0, 1, 0, 1, 1, 0])
    kept = np.array([True, False])
    found = out_of_fold(codes, target, kept, 0.6)
    others = (codes == 0) & (np.arange(10) >= 2)
    assert found[0] == pytest.approx((target[others].sum() + 20 * 0.6) / (others.sum() + 20))
    assert found[5:8].tolist() == [0.6, 0.6, 0.6]
    assert np.isnan(found[8])


def test_a_large_category_is_encoded_by_target_and_share() -> None:
    names = [f"c{row % 30:02}" for row in range(900)]
    target = [float(row % 30 < 10) for row in range(900)]
    plan, matrix = fitted(pl.DataFrame({"dest": names}), target, "trees", (column("dest", "category"),))
    assert plan.features == ("dest by target",)  # all are equally frequent, which tells nothing
    run = plan.compile()
    assert run({"dest": "c00"})[0] == pytest.approx((30 + 20 / 3) / 50)
    assert run({"dest": "unseen"}) == [pytest.approx(1 / 3)]
    assert np.isnan(run({"dest": None})[0])
    assert roc_auc(target, matrix[:, 0]) == 1.0


def test_linear_one_hot_knows_frequent_categories_and_missing() -> None:
    names = ["a"] * 40 + ["b"] * 40 + ["rare"] * 5 + [None] * 15
    plan, _ = fitted(pl.DataFrame({"c": names}), [0.0, 1.0] * 50, "linear", (column("c", "category"),))
    assert plan.features == ("c is missing", "c is a", "c is b")
    run = plan.compile()
    assert [run({"c": it}) for it in ("a", "rare", "new", None)] == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_linear_numbers_are_bounded_by_what_was_seen() -> None:
    values = [1.0, 2.0, 3.0, None] * 10
    plan, matrix = fitted(pl.DataFrame({"x": values}), [0.0, 1.0] * 20, "linear", (column("x", "float"),))
    assert plan.features == ("x is missing", "x scaled")
    assert matrix[:, 1].mean() == pytest.approx(0)
    assert matrix[:, 1].std() == pytest.approx(1)
    run = plan.compile()
    assert run({"x": 1e308}) == run({"x": 3.0})
    assert run({"x": float("nan")})[1] == run({"x": 2.0})[1]


def test_the_calendar_is_read_in_the_zone_of_the_project() -> None:
    from datetime import UTC, datetime, timedelta

    times = [datetime(2024, 7, 1, 22, 30, tzinfo=UTC) + timedelta(hours=row) for row in range(50)]
    frame = pl.DataFrame({"at": pl.Series(times, dtype=pl.Datetime("us", "UTC"))})
    plan, matrix = fitted(frame, [0.0, 1.0] * 25, "trees", (column("at", "time"),))
    assert plan.features == ("at minute_of_day", "at weekday")
    assert matrix[0].tolist() == [30.0, 1.0]  # half past midnight on Tuesday in Paris
    plan, matrix = fitted(frame, [0.0, 1.0] * 25, "linear", (column("at", "time"),))
    assert "at weekday is 1" in plan.features
    assert (matrix[:, [name.startswith("at hour") for name in plan.features]].sum(axis=1) == 1).all()
    assert plan.compile()({"at": float("nan")}) == [0.0] * len(plan.features)
    with pytest.raises(InputError, match="no column is left"):
        fitted(frame, [0.0, 1.0] * 25, "trees", (column("at", "time"),), calendar=False)


def test_derived_columns_are_computed_by_the_plan_in_whatever_order_they_stand() -> None:
    frame = pl.DataFrame({"km": [1.0, 2.0, 3.0, 4.0] * 5, "h": [1.0, 1.0, 2.0, 0.0] * 5})
    columns = (
        *(column(it, "float") for it in ("km", "h")),
        *(column(it, "float") for it in ("copy", "a_fast", "speed")),
    )
    derived = {"a_fast": "speed * 2", "copy": "km", "speed": "km / h"}  # sorted, as a record keeps them
    computed = frame.with_columns(copy=pl.lit(None), a_fast=pl.lit(None), speed=pl.lit(None))
    plan, matrix = fit_plan(
        computed,
        np.array([0.0, 1.0] * 10),
        recipe="trees",
        columns=columns,
        settings=Features(),
        zone="UTC",
        task="binary",
        expressions=expressions(columns, derived),
    )
    assert {it.name for it in plan.inputs} == {"km", "h"}
    assert plan.features == ("km", "h", "a_fast", "speed")  # a copy tells nothing more
    assert matrix[2].tolist() == [3.0, 2.0, 3.0, 1.5]
    assert plan.compile()({"km": 3.0, "h": 2.0}) == [3.0, 2.0, 3.0, 1.5]


def test_a_constant_or_empty_column_is_no_feature() -> None:
    frame = pl.DataFrame(
        {"same": [1.0] * 40, "none": pl.Series([None] * 40, dtype=pl.String), "x": np.arange(40.0), "e": [None] * 40},
        schema_overrides={"e": pl.Float64},
    )
    columns = (column("same", "float"), column("none", "category"), column("x", "float"), column("e", "float"))
    for recipe in ("linear", "trees"):
        plan, _ = fitted(frame, [0.0, 1.0] * 20, recipe, columns)
        assert {it.name for it in plan.inputs} == {"x"}


def test_text_of_which_nothing_is_made_is_named() -> None:
    columns = (column("note", "text"), column("x", "float"), column("key", "text", feature=False))
    frame = pl.DataFrame({"note": ["aa", "bb"] * 9, "x": np.arange(18.0), "key": ["k"] * 18})
    for settings in ({"text": "none"}, {"rare": 20}):
        plan, _ = fitted(frame, [0, 1] * 9, "trees", columns, **settings)
        assert plan.features == ("x",)
        assert [note.subject for note in left_out(columns, plan)] == ["note"]


def test_several_classes_have_a_map_each() -> None:
    names = [f"c{row % 30:02}" for row in range(900)]
    target = np.array([float(row % 30 // 10) for row in range(900)])
    plan, matrix = fit_plan(
        pl.DataFrame({"dest": names}),
        target,
        recipe="trees",
        columns=(column("dest", "category"),),
        settings=Features(),
        zone="UTC",
        task="multiclass",
    )
    assert plan.features == ("dest by class 0", "dest by class 1", "dest by class 2")
    assert matrix.sum(axis=1) == pytest.approx(np.ones(900))


def test_an_unknown_recipe_is_named() -> None:
    with pytest.raises(UnknownKey, match="trees"):
        fitted(pl.DataFrame({"x": [1.0]}), [0.0], "tree", (column("x", "float"),))
