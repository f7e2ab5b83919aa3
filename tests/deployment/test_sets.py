"""A calibrated classification answers, beside the score, the outcomes that may come true."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from deployment.bundles import CONTRACT, PLAN, POLICY
from fullcycle.deployment.service.predict import Prediction, with_conformal
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.policy import Policy

FOUND = Conformal(quantile=0.7, confidence=0.9, exchangeable="rows", n=100, blocks=5)
ROWS = pl.DataFrame(
    {"distance": [200.0, 9000.0], "carrier": ["AA", "UA"], "departure": ["2026-01-01T08:00:00", "2026-01-01T20:00:00"]}
)


def several() -> Policy:
    """A policy of three classes."""
    values = ValueTable(task="multiclass", currency="USD", classes=("a", "b", "c"))
    return Policy(
        task="multiclass", actions=("a", "b", "c"), values=values, todays_rule={"always": "a"}, conformal=FOUND
    )


def told(policy: Policy, score: Any) -> dict[str, Any]:
    """The answer as it leaves."""
    predictions = with_conformal([Prediction("r", "wait", score, "champion")], policy)
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(predictions[0]))
    return found


def test_a_set_stands_beside_the_score() -> None:
    binary = msgspec.structs.replace(POLICY, conformal=FOUND)
    assert told(binary, 0.6)["set"] == ["false", "true"]
    assert told(binary, 0.9)["set"] == ["true"]
    assert told(several(), [0.1, 0.3, 0.6])["set"] == ["b", "c"]


def test_the_control_group_and_a_model_without_calibration_are_told_none() -> None:
    assert "set" not in told(msgspec.structs.replace(POLICY, conformal=FOUND), None)
    assert "set" not in told(POLICY, 0.6)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_table_of_predictions_has_the_same_sets(task: str) -> None:
    policy = msgspec.structs.replace(POLICY, conformal=FOUND) if task == "binary" else several()
    random = np.random.default_rng(0)
    model = Linear([0.5, 0.4, -0.01], -0.3, "sigmoid")
    if task == "multiclass":
        model = Linear(random.normal(size=(3, 3)), np.zeros(3), "softmax")
    predictor = Predictor.load(pack(plan=PLAN, model=model, contract=CONTRACT, policy=policy, facts={}))
    frame = predictor.predict(ROWS)
    for row, members in zip(ROWS.to_dicts(), frame["set"].to_list(), strict=True):
        answer = predictor.answer(row)
        assert not isinstance(answer, list)
        assert told(policy, answer.score)["set"] == members
