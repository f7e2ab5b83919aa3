"""What each learner yields is developed, packed, loaded and answers, one row as many."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import Trial
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan

NEW = (
    *("catboost", "decision_tree", "elastic_net", "extra_trees", "linear_svm"),
    *("multilayer_perceptron", "random_forest", "rbf_svm", "xgboost"),
)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        *((name, "binary") for name in NEW),
        *((name, task) for name in ("rbf_svm", "multilayer_perceptron") for task in ("multiclass", "regression")),
    ],
)
def test_a_developed_model_is_packed_and_answers(world: Any, name: str, task: str) -> None:
    if name in ("catboost", "xgboost") and importlib.util.find_spec(name) is None:
        pytest.skip(f"pip install 'fullcycle[{name}]'")
    target = {"binary": "late", "multiclass": "band", "regression": "size"}[task]
    charter, dataset = world.charter(task), world.dataset(world.frame(300), target=target)
    parameters = LEARNERS[name].default() | ({"trees": 10} if "trees" in LEARNERS[name].default() else {})
    model = world.develop(charter, dataset, refit=Trial(learner=name, parameters=parameters, loss=0.0, iterations=10))
    body = pack(
        plan=Plan.from_json(world.blobs.get(model.plan)),
        model=load(model.format, world.blobs.get(model.fitted)),
        contract=dataset.contract,
        policy=model.policy,
        facts={},
    )
    predictor = Predictor.load(body)
    assert predictor.answer({"x": 0.5, "noise": None, "carrier": "AA", "at": "2024-02-01T08:00:00Z", "id": "r"}).score


@pytest.mark.slow
def test_a_search_over_named_learners_is_the_same_on_any_number_of_workers(world: Any, other_world: Any) -> None:
    from fullcycle.engine import LocalEngine, SerialEngine

    names = ("decision_tree", "linear_svm")
    found = []
    for place, engine in ((world, SerialEngine()), (other_world(), LocalEngine(2))):
        dataset = place.dataset(place.frame(300))
        found.append(
            place.develop(place.charter(), dataset, engine=engine, learners=names, search_budget="5 trials", round=2)
        )
    assert found[0].id == found[1].id
    assert {line.learner for line in found[0].leaderboard} == {*names, "constant"}
