"""Our metrics against scikit-learn's, step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import calibration as sk_calibration
from sklearn import metrics as sk

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure import metrics as ours
from fullcycle.measure.metrics import METRICS, Metric, evaluate, metric

BINARY = {
    "roc_auc": sk.roc_auc_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
    "average_precision": sk.average_precision_score,
    "accuracy": lambda y, p: sk.accuracy_score(y, p > 0.5),
    "precision": lambda y, p: sk.precision_score(y, p > 0.5, zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p > 0.5, zero_division=0),
    "f1": lambda y, p: sk.f1_score(y, p > 0.5, zero_division=0),
}
REGRESSION = {"mae": sk.mean_absolute_error, "rmse": sk.root_mean_squared_error, "r2": sk.r2_score}
MULTICLASS = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1, 2]),
    "brier": lambda y, p: sk.brier_score_loss(np.eye(3)[y], p),
    "accuracy": lambda y, p: sk.accuracy_score(y, p.argmax(axis=1)),
}


def scored(seed: int, n: int = 500, decimals: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = np.clip(np.round(rng.beta(2, 3, n), decimals), 0.01, 0.99)  # rounded, so that many tie
    return (rng.random(n) < score).astype(float), score


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("seed", range(4))
def test_binary_metrics_equal_scikit_learn(name: str, seed: int) -> None:
    target, score = scored(seed, decimals=1 + seed)
    assert metric(name).function(target, score) == pytest.approx(BINARY[name](target, score), abs=1e-12)


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("seed", range(3))
def test_regression_metrics_equal_scikit_learn(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    actual = rng.normal(size=400)
    predicted = actual + rng.normal(size=400)
    assert metric(name).function(actual, predicted) == pytest.approx(REGRESSION[name](actual, predicted), abs=1e-12)


@pytest.mark.parametrize("name", MULTICLASS)
def test_multiclass_metrics_equal_scikit_learn(name: str) -> None:
    rng = np.random.default_rng(5)
    score = rng.dirichlet([1, 2, 3], 300)
    target = rng.integers(0, 3, 300)
    assert metric(name).function(target, score) == pytest.approx(MULTICLASS[name](target, score), abs=1e-12)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_curve_equals_scikit_learn(strategy: str) -> None:
    target, score = scored(9, decimals=6)
    rates, scores = sk_calibration.calibration_curve(target, score, n_bins=10, strategy=strategy)
    found = ours.calibration(target, score, bins=10, strategy=strategy)
    np.testing.assert_allclose(found.rates, rates, atol=1e-12)
    np.testing.assert_allclose(found.scores, scores, atol=1e-12)
    assert sum(found.counts) == len(target)


def test_sure_mistakes_cost_a_finite_sum() -> None:
    assert ours.log_loss([1, 0], [0.0, 1.0]) == pytest.approx(-math.log(1e-15), rel=1e-9)


def test_constant_target_of_r2_follows_scikit_learn() -> None:
    assert ours.r2([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert ours.r2([2.0, 2.0], [2.0, 3.0]) == 0.0


def test_no_positive_gives_zero_not_an_error() -> None:
    assert ours.precision([1, 0], [0.1, 0.1]) == ours.f1([0, 0], [0.1, 0.1]) == ours.recall([0, 0], [0.9, 0.1]) == 0.0


@pytest.mark.parametrize(
    ("function", "target", "score"),
    [
        (ours.roc_auc, [1, 1], [0.1, 0.2]),
        (ours.average_precision, [0, 0], [0.1, 0.2]),
        (ours.log_loss, [1, 0], [0.5, 1.5]),
        (ours.brier, [1, 2], [0.5, 0.5]),
        (ours.brier, [0, 3], [[0.5, 0.5], [0.5, 0.5]]),
        (ours.brier, [0, 1], [[0.5, 0.9], [0.5, 0.5]]),
        (ours.mae, [1.0, np.nan], [1.0, 2.0]),
        (ours.mae, [1.0], [1.0, 2.0]),
        (ours.r2, [1.0], [1.0]),
        (ours.rmse, [], []),
    ],
)
def test_what_no_metric_is_defined_on_is_refused(function, target, score) -> None:
    with pytest.raises(InputError):
        function(target, score)


def test_misspelt_metric_names_the_nearest() -> None:
    with pytest.raises(UnknownKey, match="roc_auc"):
        metric("roc_acu")


@pytest.mark.parametrize("name", [name for name in METRICS if "binary" in METRICS[name].tasks])
def test_evaluate_keeps_the_point_and_covers_it(name: str) -> None:
    target, score = scored(3, n=900)
    blocks = np.repeat(np.arange(18), 50)
    found = evaluate(name, target, score, blocks)
    assert found.point == pytest.approx(metric(name).function(target, score), abs=1e-12)
    assert found.low < found.point < found.high
    assert (found.n, found.blocks) == (900, 18)


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].tasks == ("regression",)])
def test_evaluate_regression(name: str) -> None:
    rng = np.random.default_rng(2)
    actual = rng.normal(size=300)
    found = evaluate(name, actual, actual + rng.normal(size=300) / 2, np.arange(300) // 20)
    assert found.low < found.point < found.high


def test_fast_paths_equal_plain_deletion() -> None:
    target, score = scored(4, n=600)
    blocks = np.random.default_rng(0).integers(0, 11, 600)
    for name in ("roc_auc", "log_loss", "brier", "accuracy"):
        known = metric(name)
        plain = Metric(name, lambda y, s, known=known: known.function(y, s), known.better, known.tasks)
        fast, slow = evaluate(name, target, score, blocks), evaluate(plain, target, score, blocks)
        assert (fast.point, fast.low, fast.high) == pytest.approx((slow.point, slow.low, slow.high), abs=1e-12)


def test_undefined_without_a_block_has_no_interval() -> None:
    found = evaluate("roc_auc", [1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3], [0, 0, 1, 2])
    assert (found.point, found.low, found.blocks) == (1.0, None, 3)
    assert evaluate("average_precision", [1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3], [0, 0, 1, 2]).low is None


def test_interval_of_a_share_stays_a_share() -> None:
    found = evaluate("roc_auc", [0, 1, 0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8, 0.85, 0.95], [0, 0, 1, 1, 2, 2])
    assert found.high == 1.0
