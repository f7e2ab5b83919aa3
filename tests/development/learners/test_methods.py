"""What single learners promise beyond the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fullcycle.development.learners import LEARNERS, Training
from fullcycle.testing.learners import made


def fit(name: str, training: Training, **parameters: Any) -> Any:
    learner = LEARNERS[name]
    return learner.fit(training._replace(parameters={**learner.default(), **parameters})).model


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_lasso_leaves_out_what_tells_nothing_and_the_ridge_keeps_it(task: str) -> None:
    strength = 0.1 if task == "regression" else 0.05
    lasso = np.atleast_2d(fit("elastic_net", made(task), strength=strength, l1_ratio=1.0).weights)
    ridge = np.atleast_2d(fit("elastic_net", made(task), strength=strength, l1_ratio=0.0).weights)
    assert (lasso[:, 2:] == 0).all()
    assert (np.abs(lasso[:, 0]) > 0).any()
    assert (ridge != 0).all()


def test_l2_alone_is_the_ridge() -> None:
    rows = made("binary", n=200)
    ours = fit("elastic_net", rows, strength=1 / 200, l1_ratio=0.0)
    np.testing.assert_allclose(ours.weights, fit("linear", rows, strength=1.0).weights, atol=0.02)


@pytest.mark.parametrize("name", ["linear_svm", "rbf_svm"])
def test_probabilities_of_a_machine_are_calibrated(name: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(4000, 3))
    y = (random.random(4000) < 1 / (1 + np.exp(-1.5 * X[:, 0]))).astype(float)
    scores = fit(name, Training(X[:2000], y[:2000], "binary", 2, {}, 0)).scores(X[2000:])
    for low, high in ((0.1, 0.3), (0.3, 0.7), (0.7, 0.9)):
        inside = (scores >= low) & (scores < high)
        assert abs(y[2000:][inside].mean() - scores[inside].mean()) < 0.06


def test_landmarks_are_training_rows_and_a_plane_keeps_none() -> None:
    rows = made("binary")
    kept = fit("rbf_svm", rows, landmarks=30).landmarks
    assert len(kept) == 30
    assert {tuple(row) for row in kept.tolist()} <= {tuple(row) for row in rows.X.tolist()}
    assert fit("linear_svm", rows).name == "linear"


@pytest.mark.parametrize("name", ["rbf_svm", "multilayer_perceptron", "decision_tree"])
def test_what_no_plane_can_tell_apart_is_learnt(name: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(float)
    scores = fit(name, Training(X[:400], y[:400], "binary", 2, {}, 0)).scores(X[400:])
    assert ((scores > 0.5) == y[400:]).mean() > 0.85


def test_dropout_changes_what_is_learnt_and_nothing_that_is_answered() -> None:
    rows = made("binary")
    without, with_ = (fit("multilayer_perceptron", rows, dropout=share) for share in (0.0, 0.5))
    assert without.to_bytes() != with_.to_bytes()
    assert with_.scores(rows.X).tolist() == with_.scores(rows.X).tolist()


def test_another_seed_is_another_model_where_there_is_chance() -> None:
    for name in ("random_forest", "extra_trees", "rbf_svm", "multilayer_perceptron"):
        few: dict[str, Any] = {"trees": 3} if "trees" in LEARNERS[name].default() else {}
        one, other = (fit(name, made("binary")._replace(seed=seed), **few).to_bytes() for seed in (0, 1))
        assert one != other


def test_a_leaf_is_never_certain() -> None:
    scores = fit("decision_tree", made("binary")).scores(made("binary").X)
    assert ((scores > 0) & (scores < 1)).all()
