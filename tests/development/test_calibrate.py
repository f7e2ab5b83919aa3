"""Calibration: adopted where probabilities are off, left alone where they mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fullcycle.development.calibrate import calibration, cross_mapped, fit_map, method_of
from fullcycle.development.records import Member
from fullcycle.measure.metrics import log_loss

ONE = (Member(trial="", learner="lightgbm", parameters={}, iterations=0, weight=1.0),)
TWO = ONE * 2


def drawn(n: int, *, heat: float, seed: int = 0, shift: float = 0.0) -> tuple[Any, Any, Any]:
    """Outcomes of true odds z, and scores that say z · heat + shift; by blocks of ten."""
    random = np.random.default_rng(seed)
    z = random.normal(size=n) - 1
    target = (random.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    return target, 1 / (1 + np.exp(-(heat * z + shift))), np.arange(n) // 10


@pytest.mark.parametrize(
    ("members", "n", "method"), [(ONE, 1_500, "sigmoid"), (TWO, 1_500, "temperature"), (ONE, 6_000, "isotonic")]
)
def test_scores_that_are_too_sure_are_calibrated(members: Any, n: int, method: str) -> None:
    target, scores, blocks = drawn(n, heat=3.0)
    found = calibration(members, "binary", target, scores, blocks, confidence=0.95)
    assert found.map is not None
    assert found.map.method == method
    fresh, off, _ = drawn(4_000, heat=3.0, seed=1)
    assert log_loss(fresh, found.map.scores(off)) < log_loss(fresh, off) - 0.05
    assert log_loss(fresh, found.map.scores(off)) < log_loss(fresh, drawn(4_000, heat=1.0, seed=1)[1]) + 0.01


@pytest.mark.parametrize("members", [ONE, TWO])
def test_scores_that_mean_what_they_say_stay(members: Any) -> None:
    adopted = [
        calibration(members, "binary", *drawn(1_500, heat=1.0, seed=seed), confidence=0.95).map is not None
        for seed in range(20)
    ]
    assert sum(adopted) <= 2


def test_the_numbers_are_those_of_other_implementations() -> None:
    from scipy.optimize import minimize
    from sklearn.calibration import _SigmoidCalibration
    from sklearn.isotonic import IsotonicRegression

    target, scores, _ = drawn(2_000, heat=2.0, shift=0.5)
    odds = np.log(scores / (1 - scores))
    slope, intercept = fit_map("sigmoid", target, scores).numbers  # type: ignore[union-attr]
    theirs = _SigmoidCalibration().fit(odds, target)
    assert (slope, intercept) == pytest.approx((-theirs.a_, -theirs.b_), rel=1e-3)
    heat = fit_map("temperature", target, scores).numbers[0]  # type: ignore[union-attr]
    best = minimize(lambda t: log_loss(target, 1 / (1 + np.exp(-odds / t[0]))), [1.0], method="Nelder-Mead")
    assert heat == pytest.approx(best.x[0], rel=1e-3)
    map = fit_map("isotonic", target, scores)
    grid = np.linspace(0.02, 0.98, 50)
    reference = IsotonicRegression(out_of_bounds="clip").fit(scores, target).predict(grid)
    assert map is not None
    # we draw in the ends, scikit-learn does not
    np.testing.assert_allclose(map.scores(grid), np.clip(reference, 0.5 / 2_000, 1 - 0.5 / 2_000), atol=2e-4)


def test_several_classes_by_one_temperature() -> None:
    random = np.random.default_rng(0)
    z = random.normal(size=(2_000, 3)) * 1.5
    target = (z + random.gumbel(size=z.shape)).argmax(axis=1).astype(float)
    sharp = np.exp(3 * z) / np.exp(3 * z).sum(axis=1, keepdims=True)
    found = calibration(ONE, "multiclass", target, sharp, np.arange(2_000), confidence=0.95)
    assert found.map is not None
    assert found.map.numbers[0] == pytest.approx(3.0, rel=0.1)


def test_what_cannot_be_calibrated_is_not() -> None:
    target, scores, blocks = drawn(1_000, heat=3.0)
    assert calibration(ONE, "regression", target, scores, blocks, confidence=0.95).map is None
    assert calibration(ONE, "binary", target[:100], scores[:100], blocks[:100], confidence=0.95).map is None
    assert calibration(ONE, "binary", np.zeros(1_000), scores, blocks, confidence=0.95).map is None
    assert calibration(ONE, "binary", target, np.full(1_000, 0.3), blocks, confidence=0.95).map is None
    assert calibration(ONE, "binary", target, 1 - scores, blocks, confidence=0.95).map is None
    assert cross_mapped("sigmoid", target, scores, np.zeros(1_000, np.int64)) is None
    assert method_of(TWO, "binary", np.tile([0.0, 1.0], 2_000)) == "isotonic"
