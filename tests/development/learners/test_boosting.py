"""Boosted trees grow as many as their parameters say at most, and the final fit as many as it is told."""

from __future__ import annotations

import numpy as np
import pytest

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.learners.boosting import NUMBER
from fullcycle.development.search.speed import STEEPEST

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 3))
Y = (X[:, 0] + X[:, 1] ** 2 + RANDOM.normal(size=400) > 1).astype(np.float64)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_a_number_of_trees_is_kept_to(name: str) -> None:
    if name != "lightgbm":
        pytest.importorskip(name)
    learner = LEARNERS[name]
    parameters = {**learner.default(), NUMBER: 5}
    watched = Training(X[:300], Y[:300], "binary", 2, parameters, seed=0, validation=(X[300:], Y[300:]))
    assert 1 <= learner.fit(watched).iterations <= 5
    assert learner.fit(watched._replace(parameters=learner.default())).iterations > 5
    final = Training(X, Y, "binary", 2, parameters, seed=0, iterations=7)
    assert learner.fit(final).iterations == 7
    plain = learner.fit(final._replace(parameters=learner.default()))
    assert plain.model.to_bytes() == learner.fit(final).model.to_bytes()


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_the_search_may_ask_for_a_steep_learning_rate(name: str) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    LEARNERS[name].suggest(trial)
    assert trial.distributions["learning_rate"].high == STEEPEST  # type: ignore[attr-defined]
