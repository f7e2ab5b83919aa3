"""Every registered learner keeps the same promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.measure.metrics import log_loss, rmse
from fullcycle.predictor.formats import load


def rows(task: str, *, seed: int = 0, n: int = 400) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 4))
    z = 2 * X[:, 0] - X[:, 1] + 0.5 * random.normal(size=n)
    if task == "regression":
        return X, z
    return X, (z > 0).astype(float) if task == "binary" else np.digitize(z, [-1, 1]).astype(float)


def fit(name: str, task: str, **changes: Any) -> Any:
    X, y = rows(task)
    learner = LEARNERS[name]
    given: dict[str, Any] = {
        "validation": rows(task, seed=1),
        "parameters": learner.default(),
        "iterations": 0,
        "seed": 0,
        "task": task,
        "classes": {"binary": 2, "multiclass": 3, "regression": 0}[task],
    }
    return learner.fit(Training(changes.pop("X", X), changes.pop("y", y), **{**given, **changes}))


ALL = [(name, task) for name in LEARNERS for task in LEARNERS[name].tasks]


def test_all_learners_are_here() -> None:
    assert len(ALL) == 9


@pytest.mark.parametrize(("name", "task"), ALL)
def test_a_learner_learns_the_same_twice_and_its_bytes_load(name: str, task: str) -> None:
    first, second = fit(name, task), fit(name, task)
    body = first.model.to_bytes()
    assert body == second.model.to_bytes()
    assert first.iterations == second.iterations
    X, y = rows(task, seed=2)
    scores = load(first.model.name, body).scores(X)
    assert scores.tolist() == first.model.scores(X).tolist()
    flat = fit("constant", task).model.scores(X)
    loss = rmse if task == "regression" else log_loss
    assert loss(y, scores) == loss(y, flat) if name == "constant" else loss(y, scores) < 0.8 * loss(y, flat)


@pytest.mark.parametrize("name", [name for name in LEARNERS if LEARNERS[name].default()])
def test_what_the_search_suggests_can_be_fitted_and_kept(name: str) -> None:
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(3):
        parameters = LEARNERS[name].suggest(study.ask())
        assert parameters.keys() == LEARNERS[name].default().keys()
        fit(name, "binary", parameters=parameters)


def test_parameters_that_went_through_json_fit_the_same() -> None:
    whole = {"strength": 1}  # 1.0, as canonical JSON writes it
    assert fit("linear", "binary", parameters=whole).model.to_bytes() == fit("linear", "binary").model.to_bytes()


def test_trees_stop_early_and_take_as_many_when_told() -> None:
    found = fit("lightgbm", "binary")
    assert 0 < found.iterations < 500
    told = fit("lightgbm", "binary", validation=None, iterations=found.iterations)
    assert told.model.to_bytes() == found.model.to_bytes()


@pytest.mark.parametrize("name", ["linear", "lightgbm", "constant"])
def test_a_class_without_a_training_row_is_unlikely_not_impossible(name: str) -> None:
    X, y = rows("multiclass")
    y = np.where(y == 1, 0, y)
    scores = fit(name, "multiclass", X=X, y=y, validation=None).model.scores(X)
    assert scores.shape == (len(X), 3)
    assert (scores[:, 1] < 0.01).all()
    assert np.isfinite(scores).all()
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(X)))
