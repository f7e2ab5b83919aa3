"""Our metrics against scikit-learn's, step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import calibration as sk_calibration
from sklearn import metrics as sk

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.measure import metrics as ours
from fullcycle.measure.metrics import METRICS, Metric, effect_of_design, evaluate, metric

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
REGRESSION = {
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "mape": sk.mean_absolute_percentage_error,
    "pinball": sk.mean_pinball_loss,
}
WEIGHTED = {
    "roc_auc": sk.roc_auc_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
    "average_precision": sk.average_precision_score,
    "accuracy": lambda y, p, **w: sk.accuracy_score(y, p > 0.5, **w),
    "precision": lambda y, p, **w: sk.precision_score(y, p > 0.5, zero_division=0, **w),
    "recall": lambda y, p, **w: sk.recall_score(y, p > 0.5, zero_division=0, **w),
    "f1": lambda y, p, **w: sk.f1_score(y, p > 0.5, zero_division=0, **w),
}
MULTICLASS = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1, 2]),
    "brier": lambda y, p: sk.brier_score_loss(np.eye(3)[y], p),
    "accuracy": lambda y, p: sk.accuracy_score(y, p.argmax(axis=1)),
    "precision": lambda y, p: sk.precision_score(y, p.argmax(axis=1), average="macro", zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p.argmax(axis=1), average="macro", zero_division=0),
    "f1": lambda y, p: sk.f1_score(y, p.argmax(axis=1), average="macro", zero_division=0),
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


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("seed", range(3))
def test_weighted_binary_metrics_equal_scikit_learn(name: str, seed: int) -> None:
    target, score = scored(seed, decimals=1 + seed)
    weight = np.random.default_rng(seed).gamma(1.0, size=len(target)) * (np.arange(len(target)) % 7 > 0)
    expected = WEIGHTED[name](target, score, sample_weight=weight)
    assert metric(name).function(target, score, weight) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", REGRESSION)
def test_weighted_regression_metrics_equal_scikit_learn(name: str) -> None:
    rng = np.random.default_rng(1)
    actual, weight = rng.normal(size=400), rng.gamma(1.0, size=400)
    predicted = actual + rng.normal(size=400)
    expected = REGRESSION[name](actual, predicted, sample_weight=weight)
    assert metric(name).function(actual, predicted, weight) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_of_any_level_equals_scikit_learn(level: float) -> None:
    rng = np.random.default_rng(2)
    actual, predicted = rng.normal(size=300), rng.normal(size=300)
    expected = sk.mean_pinball_loss(actual, predicted, alpha=level)
    assert ours.pinball(actual, predicted, level=level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_cluster_metrics_equal_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cluster = np.r_[rng.integers(0, 4, 300), 4]  # the last is alone in its cluster
    points = rng.normal(size=(301, 3)) + cluster[:, None]
    assert ours.silhouette(points, cluster) == pytest.approx(sk.silhouette_score(points, cluster), abs=1e-12)
    assert ours.davies_bouldin(points, cluster) == pytest.approx(sk.davies_bouldin_score(points, cluster), abs=1e-12)
    other = np.where(rng.random(301) < 0.3, rng.integers(0, 6, 301), cluster)
    assert ours.adjusted_rand(cluster, other) == pytest.approx(sk.adjusted_rand_score(cluster, other), abs=1e-12)
    with pytest.raises(InputError, match="cannot be compared"):
        ours.silhouette(points, np.zeros(301))


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2]])
def test_clusterings_of_one_cluster_or_of_rows_alone_agree_with_themselves(clusters: list[int]) -> None:
    assert ours.adjusted_rand(clusters, clusters) == sk.adjusted_rand_score(clusters, clusters) == 1
    assert ours.adjusted_rand(clusters, [0, 0, 1]) == pytest.approx(sk.adjusted_rand_score(clusters, [0, 0, 1]))


def test_the_line_of_calibration_is_the_logistic_regression_of_the_log_odds() -> None:
    from sklearn.linear_model import LogisticRegression

    target, score = scored(6, n=4000, decimals=6)
    odds = np.log(score / (1 - score))
    fitted = LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky").fit(odds[:, None], target)
    assert ours.calibration_slope(target, score) == pytest.approx(fitted.coef_[0, 0], abs=1e-6)
    assert evaluate("calibration_slope", target, score, np.arange(4000) // 40).low < 1
    bold = 1 / (1 + np.exp(-2 * odds - 0.4))
    assert ours.calibration_slope(target, bold) == pytest.approx(fitted.coef_[0, 0] / 2, abs=1e-6)
    assert ours.calibration_intercept(target, 1 / (1 + np.exp(-odds - 1))) == pytest.approx(-1, abs=0.15)
    with pytest.raises(InputError, match="no line"):
        ours.calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])


def test_confusion_equals_scikit_learn() -> None:
    target, score = scored(8)
    assert ours.confusion(target, score).tolist() == sk.confusion_matrix(target, score > 0.5).tolist()


@pytest.mark.parametrize("name", ["calibration_slope", "calibration_intercept"])
def test_one_step_of_newton_is_near_plain_deletion(name: str) -> None:
    target, score = scored(10, n=3000, decimals=6)
    blocks, known = np.arange(3000) // 100, metric(name)
    plain = Metric(name, lambda y, s, w=None: known.function(y, s), "near", known.tasks, least=-math.inf)
    fast, slow = evaluate(known, target, score, blocks), evaluate(plain, target, score, blocks)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), rel=0.02)


def test_the_design_effect_counts_copies() -> None:
    target, score = scored(11, n=600)
    copies = np.repeat(np.arange(600), 5)
    for name in ("roc_auc", "log_loss", "f1", "calibration_error", "average_precision"):
        found = effect_of_design(name, target[copies], score[copies], copies)
        assert found == pytest.approx(5, rel=0.02 if name != "average_precision" else 0.6), name
        assert effect_of_design(name, target, score, np.arange(600)) == pytest.approx(1, rel=0.5)
    assert effect_of_design("roc_auc", target, score, np.zeros(600)) is None


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
    for name in ("roc_auc", "log_loss", "brier", "accuracy", "precision", "recall", "f1", "calibration_error"):
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


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_fast_paths_of_regression_equal_plain_deletion(name: str) -> None:
    rng = np.random.default_rng(7)
    actual = 1e6 + rng.normal(size=400)
    predicted, blocks, known = actual + rng.normal(size=400), rng.integers(0, 9, 400), metric(name)
    plain = Metric(name, lambda y, s, w=None: known.function(y, s), known.better, known.tasks, least=-math.inf)
    fast, slow = evaluate(known, actual, predicted, blocks), evaluate(plain, actual, predicted, blocks)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), rel=1e-9)


def several(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, scores and blocks: rows alone, days that share an effect, or days whose effects follow each other.

    Scores know of the truth what does not depend on the day, so that Brier's score and accuracy vary from day to day.
    """
    rng = np.random.default_rng(seed)
    days, each = 120, 20
    effect = np.zeros(days)
    if kind == "days":
        effect = rng.normal(size=days)
    if kind == "autocorrelated":
        shock = rng.normal(size=days + 1)
        effect = (shock[1:] + 0.5 * shock[:-1]) / 1.25**0.5
    at = np.repeat(np.arange(days), each)
    known = rng.normal(size=days * each)
    target = (known + effect[at] + rng.logistic(size=days * each) > 0).astype(float)
    blocks = {"alone": np.arange(days * each), "days": at, "autocorrelated": at // 4}[kind]
    return target, 1 / (1 + np.exp(-known)), blocks


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alone", "days", "autocorrelated"])
@pytest.mark.parametrize("name", ["roc_auc", "brier", "log_loss", "precision", "f1", "calibration_slope"])
def test_intervals_cover_whatever_rows_share(kind: str, name: str) -> None:
    """93 to 97% at 95%, give or take two standard errors of 600 runs (1.8 points)."""
    runs = [several(seed, kind) for seed in range(600)]
    truth = float(np.mean([metric(name).function(target, score) for target, score, _ in runs]))
    found = [evaluate(name, *run) for run in runs]
    assert 0.93 - 0.018 <= sum(it.low <= truth <= it.high for it in found) / len(found) <= 0.97 + 0.018
