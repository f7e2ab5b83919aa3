"""Bad input: the search goes on without the culprit, says why, and says so where nothing beats a constant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.settings import Evaluation, Features
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import failed
from fullcycle.scoping.records import Gate

GATES = (Gate(figure="log_loss", rule="better_than_constant"),)
QUICK = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)


def developed(world: Any, frame: pl.DataFrame, **settings: Any) -> Any:
    """The model of a frame with LightGBM's defaults, a linear model and a constant."""
    fixed = {"search": "none", "folds": 2, "evaluation": QUICK, **settings}
    return world.develop(world.charter(gates=GATES), world.dataset(frame), **fixed)


def only(frame: pl.DataFrame, **columns: Any) -> pl.DataFrame:
    """Identity, time and target, and these columns."""
    return frame.select("id", "at", "late", size="size", band="band").with_columns(**columns)


def check(model: Any, name: str) -> list[Any]:
    """Its findings of a check."""
    return [it for it in model.findings if it.check == name]


def test_one_class_is_named(world: Any) -> None:
    with pytest.raises(InputError, match="one class only"):
        developed(world, world.frame(300).with_columns(late=pl.lit(False)))


@pytest.mark.parametrize("value", [1.0, None], ids=["constant", "missing"])
def test_columns_that_never_vary_leave_the_constant_which_no_gate_passes(world: Any, value: float | None) -> None:
    frame = only(world.frame(300), x=pl.lit(value, dtype=pl.Float64), noise=pl.lit(value, dtype=pl.Float64))
    frame = frame.with_columns(at=pl.col("at").dt.truncate("1d"))
    model = developed(world, frame, features=Features(calendar=False))
    assert model.learner == "constant"
    assert {(it.subject, it.severity) for it in check(model, "trial_failed")} == {
        ("lightgbm", "warn"),
        ("linear", "warn"),
    }
    assert all("no column is left" in it.evidence["reason"] for it in check(model, "trial_failed"))
    (flat,) = check(model, "no_better_than_constant")
    assert (flat.passed, flat.severity, flat.evidence["the_constant_is_the_model"]) == (False, "reject", True)
    assert flat in failed(model.findings)


def test_noise_is_no_better_than_a_constant_and_says_so(world: Any) -> None:
    random = np.random.default_rng(0)
    frame = only(world.frame(400), noise=pl.Series(random.normal(size=400)), late=pl.Series(random.random(400) < 0.5))
    model = developed(world, frame)
    (flat,) = check(model, "no_better_than_constant")
    assert flat.passed is False
    assert failed(model.findings)


@pytest.mark.parametrize("n", [20, 40])
def test_twenty_rows_are_developed_and_not_released(world: Any, n: int) -> None:
    frame = world.frame(n).with_columns(late=pl.Series(np.random.default_rng(n).random(n) < 0.5))
    model = developed(world, frame)
    assert failed(model.findings)


def test_infinite_and_huge_numbers(world: Any) -> None:
    frame = world.frame(300).with_columns(
        noise=pl.when(pl.int_range(300) % 7 == 0).then(float("inf")).when(pl.int_range(300) % 5 == 0).then(-1e300)
    )
    model = developed(world, frame)
    assert {line.learner for line in model.leaderboard} == {"lightgbm", "linear", "constant"}
    assert not check(model, "trial_failed")


def test_dates_of_1700(world: Any) -> None:
    at = [datetime(1700, 1, 1, tzinfo=UTC) + timedelta(days=it) for it in range(300)]
    frame = world.frame(300).with_columns(at=pl.Series(at, dtype=pl.Datetime("us", "UTC")))
    model = developed(world, frame)
    assert len(model.leaderboard) == 3


def test_a_category_with_a_value_for_each_row(world: Any) -> None:
    frame = world.frame(1_000).with_columns(carrier=pl.format("c{}", pl.int_range(1_000)))
    model = developed(world, frame)
    assert len(model.leaderboard) == 3
    assert model.learner != "constant"


def test_more_columns_than_rows(world: Any) -> None:
    random = np.random.default_rng(0)
    wide = {f"n{it}": pl.Series(random.normal(size=200)) for it in range(400)}
    model = developed(world, world.frame(200).with_columns(**wide), learners=("linear", "lightgbm"))
    assert len(model.leaderboard) == 3
