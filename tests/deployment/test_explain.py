"""Reasons for one decision over a real socket: the model's own explanation, told to whom the score is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.deployment.answer import Answer
from fullcycle.deployment.service.explain import check_explainable, explain_rows
from fullcycle.deployment.service.problem import Problem
from fullcycle.deployment.serving import load_answerer
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.contributions import explain
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.calibrated import Calibrated, Map
from fullcycle.predictor.formats.lightgbm import LightGBM, canonical_text
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.formats.perceptron import Perceptron

from .bundles import CONTRACT, PLAN, POLICY, Place, Running, bundle, place, route, row


def trees() -> LightGBM:
    import lightgbm

    rows = PLAN.matrix(Predictor.load(bundle()).contract.filter(pl.DataFrame([row(it) for it in range(300)]))[0])
    target = rows[:, 0] + 0.3 * rows[:, 1] > 0
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    return LightGBM(canonical_text(lightgbm.train(options, lightgbm.Dataset(rows, target), 8)))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place(tmp_path_factory.mktemp("reasons"), bundle(model=trees()), route("r1", control=0.3))


@pytest.fixture(scope="module")
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        yield running


def log_odds(score: float) -> float:
    return math.log(score / (1 - score))


def test_reasons_are_the_models_own_and_add_up_to_the_score(service: Running) -> None:
    rows = [row(number) for number in range(40)]
    found = service.predict(*rows, explain=True).json()["predictions"]
    predictor = Predictor.load(bundle(model=trees()))
    frame = predictor.contract.filter(pl.DataFrame(rows))[0]
    for number, one in enumerate(found):
        if one["variant"] == "control":  # who must not act on the score is not told what makes it
            assert "reasons" not in one
            continue
        reasons = one["reasons"]
        offline = explain(predictor.plan, predictor.model, frame[number])
        assert reasons["base"] == offline.expected[0]
        assert [(it["column"], it["adds"]) for it in reasons["contributions"]] == [
            (it.column, it.adds[0]) for it in offline.contributions
        ]
        assert (reasons["method"], reasons["scale"]) == ("tree_shap", "log_odds")
        total = reasons["base"] + math.fsum(it["adds"] for it in reasons["contributions"])
        assert total == pytest.approx(log_odds(one["score"]), abs=1e-9)
        assert {it["column"] for it in reasons["contributions"]} == {"distance", "carrier", "departure"}
        sizes = [abs(it["adds"]) for it in reasons["contributions"]]
        assert sizes == sorted(sizes, reverse=True)
    assert {one["variant"] for one in found} == {"control", "champion"}
    plain = service.predict(*rows).json()["predictions"]
    assert [{**one, "reasons": None} for one in found] == [{**one, "reasons": None} for one in plain]


def test_a_retried_id_is_explained_again_and_too_many_rows_are_not(service: Running) -> None:
    one = next(it for it in range(900, 920) if service.predict(row(it), dry_run=True).json()["predictions"][0]["score"])
    first = service.predict(row(one, id="again"), explain=True).json()
    assert service.predict(row(one, id="again"), explain=True).json() == first
    assert "reasons" in first["predictions"][0]
    answer = service.predict(*[row(number) for number in range(101)], explain=True)
    assert answer.status_code == 413
    assert "at most 100" in answer.json()["detail"]


def perceptron() -> ModelFormat:
    chance = np.random.default_rng(3)
    return Perceptron([(chance.normal(size=(3, 4)), np.zeros(4))], Linear(chance.normal(size=4), 0.0, "sigmoid"))


@pytest.mark.parametrize("kind", ["linear", "calibrated", "perceptron"])
def test_models_of_any_format_have_reasons(tmp_path: Any, kind: str) -> None:
    linear = Linear([0.8, -0.3, 0.05], -1.0, "sigmoid")
    models: dict[str, Any] = {
        "linear": lambda: linear,
        "calibrated": lambda: Calibrated(linear, Map(method="temperature", numbers=(2.0,))),
        "perceptron": perceptron,
    }
    model = models[kind]()
    here = place(tmp_path, bundle(model=model), route("r1"))
    answerer = load_answerer(here.path, here.serving)
    answer = answerer.row(row(7), 0)
    assert isinstance(answer, Answer)
    found = explain_rows({"a": (answer.score, row(7), "r1")}, answerer)
    assert found == explain_rows({"a": (answer.score, row(7), "r1")}, answerer)
    reasons, score = msgspec.to_builtins(found["a"]), answer.logged.score
    total = reasons["base"] + math.fsum(it["adds"] for it in reasons["contributions"])
    if kind == "perceptron":
        assert (reasons["method"], reasons["scale"], reasons["seed"]) == ("sampling", "score", 5)
        assert total == pytest.approx(score, abs=1e-9)
    elif kind == "linear":
        assert (reasons["method"], reasons["scale"]) == ("linear", "log_odds")
        assert total == pytest.approx(log_odds(score), abs=1e-9)
    else:
        assert reasons["calibrated"] is False
        assert total == pytest.approx(2.0 * log_odds(score), abs=1e-9)


def test_a_release_without_a_background_says_so(tmp_path: Any) -> None:
    old = pack(plan=PLAN, model=Linear([0.8, -0.3, 0.05], 0.0, "sigmoid"), contract=CONTRACT, policy=POLICY, facts={})
    here = place(tmp_path, old, route("r1"))
    with pytest.raises(Problem, match="deploy it again"):
        check_explainable(1, load_answerer(here.path, here.serving))
