"""Spoilt rows: how much worse, what the contract refuses, and whether the model is surer where it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.corruption import UNSEEN, corruptions
from fullcycle.development.robustness import robustness, silently_confident
from fullcycle.predictor.contract import ColumnRule, Contract
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Equals, Impute, Input, Plan

KINDS = {"x": "float", "count": "integer", "city": "category", "at": "time", "flag": "boolean"}


def rows(n: int = 600) -> tuple[pl.DataFrame, Any, Any]:
    random = np.random.default_rng(0)
    x, city = random.normal(size=n), random.choice(["Bonn", "Ulm"], n)
    target = (random.random(n) < 1 / (1 + np.exp(-2 * x - (city == "Ulm")))).astype(float)
    return pl.DataFrame({"x": x, "city": city}), target, np.arange(n) // 20


def model(weight: float = 2.0) -> tuple[Plan, Linear]:
    plan = Plan(
        inputs=(Input("x", "float"), Input("city", "category")),
        operations=(
            Impute(output="x filled", input="x", value=0.0),
            Equals(output="in Ulm", input="city", value="Ulm", missing=0.0),
        ),
        features=("x filled", "in Ulm"),
    )
    return plan, Linear([weight, 1.0], 0.0, "sigmoid")


def grid(contract: Contract) -> dict[tuple[str, float, str], Any]:
    frame, target, blocks = rows()
    found = robustness(*model(), contract, frame, target, blocks, task="binary", confidence=0.95)
    return {(it.corruption, it.level, it.column): it for it in found}


OPEN = Contract((ColumnRule(name="x", kind="float"), ColumnRule(name="city", kind="category")))


def test_more_is_worse_and_a_slipped_unit_is_surer_of_it() -> None:
    found = grid(OPEN)
    losses = [found["missing", share, ""].loss.point for share in (0.05, 0.2, 0.5)]
    assert losses == sorted(losses)
    assert losses[-1] > 0.1
    assert not found["missing", 0.5, ""].silent  # less is known, and the model says so
    slip = found["unit_slip", 1000.0, "x"]
    assert slip.silent
    assert slip.loss.low > 1
    (finding,) = silently_confident(tuple(found.values()))
    assert finding.passed is False
    assert finding.severity == "warn"
    assert finding.evidence["worst"] == "unit_slip 1000 x"


def test_what_the_contract_refuses_does_no_harm() -> None:
    bounded = Contract(
        (
            ColumnRule(name="x", kind="float", low=-8, high=8),
            ColumnRule(name="city", kind="category", categories=("Bonn", "Ulm")),
        )
    )
    found = grid(bounded)
    assert found["unit_slip", 1000.0, "x"].refused > 0.9
    unseen = found["unseen_category", 1.0, ""]
    assert (unseen.refused, unseen.loss, unseen.silent) == (1.0, None, False)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_corruption_keeps_rows_and_types(seed: int) -> None:
    from datetime import UTC, datetime

    frame = pl.DataFrame(
        {
            "x": [1.0, None, float("nan")],
            "count": [1, None, 3],
            "city": ["a", None, "b"],
            "at": [datetime(2024, 1, 1 + seed, tzinfo=UTC)] * 3,
            "flag": [True, None, False],
        }
    )
    names = set()
    for it in corruptions(KINDS):
        spoilt = it.spoil(frame)
        assert spoilt.schema == frame.schema
        assert spoilt.height == 3
        assert it.spoil(frame).equals(spoilt)
        names.add(it.name)
    assert names == {"missing", "noise", "unseen_category", "unit_slip", "stale"}
    unseen = next(it for it in corruptions(KINDS) if it.name == "unseen_category")
    assert unseen.spoil(frame)["city"].to_list() == [UNSEEN] * 3


def test_a_regression_has_no_certainty() -> None:
    frame, target, blocks = rows()
    plan, _ = model()
    found = robustness(plan, Linear([2.0, 1.0], 0.0), OPEN, frame, target, blocks, task="regression", confidence=0.95)
    assert all(it.certainty is None and not it.silent for it in found)
