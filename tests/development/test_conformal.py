"""Prediction intervals and sets cover what they promise: rows where rows are alike, rows of a new day where days are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fullcycle.development.conformal import calibrate, coverage, covered
from fullcycle.predictor.conformal import Conformal

SEEDS = 50


def share_covered(task: str, make: Any, *, confidence: float = 0.9) -> float:
    """The mean share of new rows covered over fifty seeds."""
    shares = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        target, scores, blocks = make(random, 60)
        found = calibrate(task, target, scores, blocks, confidence=confidence)
        new, new_scores, _ = make(random, 60)
        shares.append(covered(task, new, new_scores, found).mean())
    return float(np.mean(shares))


def numbers(random: Any, days: int, *, shared: float = 0.0) -> Any:
    blocks = np.repeat(np.arange(days), random.poisson(20, days) + 2)
    truth = random.normal(size=len(blocks))
    noise = shared * random.normal(size=days)[blocks] + random.normal(size=len(blocks))
    return truth + noise, truth, blocks


def classes(random: Any, days: int) -> Any:
    blocks = np.repeat(np.arange(days), 25)
    scores = random.dirichlet([0.6, 0.8, 1.0], len(blocks))
    target = (random.random(len(blocks))[:, None] > scores.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return target.astype(float), scores, blocks


def chances(random: Any, days: int) -> Any:
    target, scores, blocks = classes(random, days)
    return (target == 0).astype(float), scores[:, 0], blocks


@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_intervals_cover_rows_that_are_alike(confidence: float) -> None:
    assert share_covered("regression", numbers, confidence=confidence) == pytest.approx(confidence, abs=0.02)


def test_intervals_cover_rows_of_new_days() -> None:
    found = share_covered("regression", lambda random, days: numbers(random, days, shared=1.0))
    assert found == pytest.approx(0.9, abs=0.02)


def test_sets_cover_classes() -> None:
    assert share_covered("multiclass", classes) == pytest.approx(0.9, abs=0.02)


def test_sets_of_two_cover_at_least_what_they_promise() -> None:
    # the likeliest class always is a member, so that a sure question is covered more often than asked
    assert 0.88 <= share_covered("binary", chances) <= 0.96


def test_few_days_fall_back_to_rows_and_few_rows_to_nothing() -> None:
    target, scores, blocks = numbers(np.random.default_rng(0), 12)
    assert calibrate("regression", target, scores, blocks, confidence=0.95).exchangeable == "rows"
    assert calibrate("regression", target, scores, blocks, confidence=0.9).exchangeable == "blocks"
    assert calibrate("regression", target[:5], scores[:5], blocks[:5], confidence=0.95) is None


def test_it_is_the_textbooks_quantile_of_rows() -> None:
    random = np.random.default_rng(1)
    target = random.normal(size=199)
    found = calibrate("regression", target, np.zeros(199), np.zeros(199, np.int64), confidence=0.9)
    assert found.quantile == np.sort(np.abs(target))[180 - 1]  # the 180th of 199: ceil(200 × 0.9)


def test_figures_say_what_came_of_it() -> None:
    target, scores, blocks = numbers(np.random.default_rng(2), 40)
    found = Conformal(quantile=1.0, confidence=0.9, exchangeable="rows", n=99, blocks=5)
    figures = coverage("regression", target, scores, blocks, found, confidence=0.95)
    assert figures["interval_coverage"].point == pytest.approx((np.abs(target - scores) <= 1).mean())
    assert figures["interval_width"].point == 2.0
    came, chance, days = chances(np.random.default_rng(3), 40)
    sets = coverage("binary", came, chance, days, Conformal(quantile=0.8, **rest()), confidence=0.95)
    members = [Conformal(quantile=0.8, **rest()).members([1 - p, p]) for p in chance.tolist()]
    assert sets["set_size"].point == pytest.approx(np.mean([len(it) for it in members]))
    inside = [int(y) in it for y, it in zip(came, members, strict=True)]
    assert sets["set_coverage"].point == pytest.approx(np.mean(inside))


def rest() -> dict[str, Any]:
    return {"confidence": 0.9, "exchangeable": "rows", "n": 99, "blocks": 5}


@pytest.mark.parametrize(("task", "make"), [("binary", chances), ("multiclass", classes)])
def test_the_set_that_is_answered_is_the_one_whose_coverage_is_told(task: str, make: Any) -> None:
    target, scores, blocks = make(np.random.default_rng(1), 40)
    found = calibrate(task, target, scores, blocks, confidence=0.9)
    names = ("false", "true") if task == "binary" else ("a", "b", "c")
    sets = [found.labels(score, names) for score in scores.tolist()]
    inside = [names[int(code)] in members for code, members in zip(target, sets, strict=True)]
    assert inside == covered(task, target, scores, found).tolist()
    figures = coverage(task, target, scores, blocks, found, confidence=0.9)
    assert figures["set_size"].point == pytest.approx(np.mean([len(members) for members in sets]))
    assert all(sets)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "make"), [("binary", chances), ("multiclass", classes), ("regression", numbers)])
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_coverage_lies_within_two_points_over_fifty_seeds(task: str, make: Any, confidence: float) -> None:
    found = share_covered(task, make, confidence=confidence)
    if task == "binary" and confidence < 0.9:  # where most rows are surer than that, their likeliest class covers more
        assert found >= confidence - 0.02
    else:
        assert found == pytest.approx(confidence, abs=0.02)
