"""Figures fall only where the difference is more than chance, and outcomes are counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.monitoring.performance import arrival, calibration, difference, performance, readable

from ..served import START, flights, scores

NAMES = ["roc_auc", "log_loss", "brier", "average_precision"]


def checked(now_kind: str, seed: int, **over: float) -> dict[str, bool | None]:
    past, now = flights(40, 60, seed=seed), flights(14, 60, seed=seed + 500, **over)  # type: ignore[arg-type]
    tested = performance(past.late, scores(past, "good"), past.day, task="binary", figures={}, confidence=0.95)
    assert tested == ()
    from fullcycle.measure.metrics import evaluate

    figures = {name: evaluate(name, past.late, scores(past, "good"), past.day) for name in NAMES}
    found = performance(now.late, scores(now, now_kind), now.day, task="binary", figures=figures, confidence=0.95)
    assert [one.subject for one in found] == NAMES
    assert all(one.severity == "warn" and one.check == "performance" for one in found)
    return {one.subject: one.passed for one in found}


def test_the_same_model_on_the_same_world_seldom_fails() -> None:
    """2.5% of windows on each figure, by the level of the intervals."""
    runs = [checked("good", seed) for seed in range(40)]
    for name in NAMES:
        assert sum(run[name] is False for run in runs) <= 4, name


def test_a_model_that_knows_nothing_fails() -> None:
    """Every figure tells."""
    assert set(checked("noise", 3).values()) == {False}


def test_a_better_window_is_no_failure() -> None:
    """Only the bad side counts."""
    before = {"log_loss": Estimate(point=0.9, low=0.88, high=0.92, blocks=40)}
    now = flights(14, 60, seed=9)
    (found,) = performance(now.late, scores(now, "good"), now.day, task="binary", figures=before, confidence=0.95)
    assert found.passed is True
    assert found.evidence["high"] < 0  # type: ignore[operator]


def test_one_class_or_one_day_passes_nothing() -> None:
    """What cannot be told is said to be unknown, not passed."""
    figures = {"roc_auc": Estimate(point=0.7, low=0.6, high=0.8, blocks=9)}
    ones = np.ones(20)
    (same,) = performance(ones, ones * 0.5, np.arange(20) % 4, task="binary", figures=figures, confidence=0.95)
    assert same.passed is None
    assert "both classes" in str(same.evidence["problem"])
    mixed = np.tile([0.0, 1.0], 10)
    (short,) = performance(mixed, mixed, np.zeros(20, np.int64), task="binary", figures=figures, confidence=0.95)
    assert (short.passed, short.value) == (None, 1.0)
    (none,) = performance(ones * np.nan, ones, np.zeros(20, np.int64), task="binary", figures=figures, confidence=0.95)
    assert none.passed is None
    assert none.evidence["rows"] == 0
    empty = calibration(ones * np.nan, ones, np.zeros(20, np.int64), confidence=0.95)
    assert empty.passed is None


def test_the_difference_covers_the_truth() -> None:
    """Two means of clustered rows: their difference, read off two intervals, misses the truth in about 5%."""
    missed = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sides = []
        for blocks in (25, 7):
            day = np.repeat(np.arange(blocks), 30)
            sides.append(mean_interval(rng.normal(size=len(day)) + rng.normal(size=blocks)[day], day))
        found = difference(sides[1], sides[0], confidence=0.95)
        assert found.low is not None
        assert found.high is not None
        missed += not found.low <= 0 <= found.high
    assert 5 <= missed <= 26


def test_regression_and_calibration_in_the_large() -> None:
    """A constant error is one of calibration, and of no figure that forgives it."""
    rng = np.random.default_rng(0)
    truth, day = rng.normal(size=600), np.arange(600) % 12
    figures = {"mae": Estimate(point=0.08, low=0.07, high=0.09, blocks=30)}
    said = truth + rng.normal(size=600) * 0.1
    (good,) = performance(truth, said, day, task="regression", figures=figures, confidence=0.95)
    assert good.passed is True
    assert calibration(truth, said, day, confidence=0.95).passed is True
    off = calibration(truth, said - 0.5, day, confidence=0.95)
    assert off.passed is False
    assert off.value == pytest.approx(0.5, abs=0.02)


def test_arrival_counts_what_is_due() -> None:
    """A decision of this morning is not late."""
    times = [START, START, START, START + timedelta(days=5)]
    served = pl.DataFrame({"time": times, "status": ["known", "void", "waiting", "waiting"]})
    found = arrival(served, as_of=START + timedelta(days=2), label_delay=timedelta(days=1), late_at_most=0.4)
    assert dict(found.evidence) == {"due": 3, "known": 1, "void": 1, "waiting": 1}
    assert found.value == pytest.approx(1 / 3)
    assert found.passed is True
    later = arrival(served, as_of=START + timedelta(days=9), label_delay=timedelta(days=1), late_at_most=0.4)
    assert later.passed is False
    nothing = arrival(
        served[:0], as_of=datetime.fromisoformat("2013-07-09T00:00Z"), label_delay=timedelta(), late_at_most=0
    )
    assert nothing.passed is None


def test_outcomes_that_give_no_target_are_named() -> None:
    """Known, and yet nothing to learn from."""
    served = pl.DataFrame({"status": ["known", "known", "waiting"]})
    found = readable(served, np.array([1.0, np.nan, np.nan]))
    assert (found.value, found.passed) == (1.0, False)
