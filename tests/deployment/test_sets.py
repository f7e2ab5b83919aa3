"""A calibrated classification answers, beside the score, the outcomes that may come true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from deployment.bundles import CONTRACT, KEY, PLAN, POLICY, SCOPE, bundle, route, row
from fullcycle.deployment.answer import Answer, Answerer
from fullcycle.deployment.batch.targets import write_answers
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
    for one, members in zip(ROWS.to_dicts(), frame["set"].to_list(), strict=True):
        answer = predictor.answer(one)
        assert not isinstance(answer, list)
        assert told(policy, answer.score)["set"] == members


def test_a_batch_has_what_the_service_says_and_the_control_group_has_none(tmp_path: Path) -> None:
    body = bundle(policy=msgspec.structs.replace(POLICY, conformal=FOUND))
    serving = route("r1", control=0.3)
    answerer = Answerer(Predictor.load(body), serving, scope=SCOPE, entity="flight", time="departure", key=KEY)
    rows = [row(number) for number in range(50)]
    found = answerer.frame(pl.DataFrame(rows), 7).answers
    assert 0 < found["set"].null_count() == found["score"].null_count() < 50
    for one, members in zip(rows, found["set"].to_list(), strict=True):
        answer = answerer.row(one, 7)
        assert isinstance(answer, Answer)
        assert told(answerer.predictor.policy, answer.score).get("set") == members
    found.write_ipc(tmp_path / "piece.arrow")
    write_answers([tmp_path / "piece.arrow"], str(tmp_path / "answers.csv"))
    assert "false true" in pl.read_csv(tmp_path / "answers.csv")["set"].to_list()


def test_a_batch_of_numbers_has_prediction_intervals() -> None:
    values = ValueTable(task="regression", currency="USD")
    found = msgspec.structs.replace(FOUND, quantile=2.5)
    policy = Policy(task="regression", actions=(), values=values, todays_rule={"always": 1.0}, conformal=found)
    body = bundle(policy=policy, model=Linear([0.8, -0.3, 0.05], 1.0))
    answerer = Answerer(Predictor.load(body), route("r1"), scope=SCOPE, entity="flight", time="departure", key=KEY)
    answers = answerer.frame(pl.DataFrame([row(number) for number in range(9)]), 7).answers
    assert (answers["high"] - answers["low"]).to_list() == pytest.approx([5.0] * 9)
    assert ((answers["high"] + answers["low"]) / 2).to_list() == pytest.approx(answers["score"].to_list())
