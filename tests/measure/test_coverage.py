"""Intervals cover what they promise, and what is no better is seldom called better: by simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fullcycle.measure.intervals import difference, from_replicates, mean_interval
from fullcycle.measure.metrics import METRICS, log_losses, replicates
from fullcycle.measure.metrics import evaluate as measured
from fullcycle.measure.tests import alpha_of

Days = tuple[Any, Any]
MEMORY = 0.9  # of a row for the one before: ten rows, of days of 35, and so into the next day
RUNS = 2000  # three standard errors of a share of 0.95 are 1.5 points


def independent(random: Any, days: int) -> Days:
    """Values of mean 0 by day, whose rows are alike."""
    blocks = np.repeat(np.arange(days), random.poisson(30, days) + 5)
    return random.normal(size=len(blocks)), blocks


def clustered(random: Any, days: int) -> Days:
    """The rows of a day share what the day brings."""
    values, blocks = independent(random, days)
    return values + 0.6 * random.normal(size=days)[blocks], blocks


def autocorrelated(random: Any, days: int) -> Days:
    """Each row follows the one before, over the ends of days too: by days alone 90 or 91 intervals in a hundred cover."""
    from scipy.signal import lfilter

    noise, blocks = independent(random, days)
    noise[0] /= np.sqrt(1 - MEMORY**2)
    return lfilter([1], [1, -MEMORY], noise), blocks


TRUTH = {independent: 1.0, clustered: 1.36**0.5, autocorrelated: (1 - MEMORY**2) ** -0.5}
"""The standard deviation of each."""


@pytest.mark.slow
@pytest.mark.parametrize("days", [30, 60])
@pytest.mark.parametrize("make", [independent, clustered, autocorrelated])
def test_an_interval_of_the_mean_covers_within_two_points(make: Callable[[Any, int], Days], days: int) -> None:
    random = np.random.default_rng(1)
    found = (mean_interval(*make(random, days)) for _ in range(RUNS))
    assert 0.93 <= sum(it.low <= 0 <= it.high for it in found) / RUNS <= 0.97


def test_without_their_order_intervals_of_rows_that_remember_the_day_before_are_too_narrow() -> None:
    """A quick look at the same, 400 runs of one standard error of a point: with the order they cover, without they do not."""
    random, covered = np.random.default_rng(8), np.zeros(2)
    for _ in range(400):
        values, blocks = autocorrelated(random, 60)
        found = [mean_interval(values, blocks, in_time=it) for it in (True, False)]
        covered += [it.low <= 0 <= it.high for it in found]
    assert 0.92 <= covered[0] / 400 <= 0.98
    assert covered[1] < covered[0]
    assert covered[1] / 400 < 0.935


@pytest.mark.slow
@pytest.mark.parametrize("make", [independent, clustered, autocorrelated])
def test_an_interval_of_a_metric_that_is_no_mean_covers_within_two_points(make: Callable[[Any, int], Days]) -> None:
    """RMSE of a prediction whose errors are so made."""
    random = np.random.default_rng(2)
    covered, runs = 0, 1500
    for _ in range(runs):
        errors, blocks = make(random, 60)
        found = measured(METRICS["rmse"], np.zeros(len(errors)), errors, blocks, confidence=0.95)
        covered += found.low <= TRUTH[make] <= found.high
    assert 0.93 <= covered / runs <= 0.97


def retrained(random: Any, days: int) -> tuple[Any, Any, Any, Any]:
    """Two models that were trained alike: their scores differ by luck alone, on days that share theirs."""
    values, blocks = clustered(random, days)
    chance = 1 / (1 + np.exp(-values))
    target = (random.random(len(chance)) < chance).astype(np.float64)
    noise, shared = 0.3 * random.normal(size=(2, len(values))), 0.3 * random.normal(size=(2, days))[:, blocks]
    first, second = (1 / (1 + np.exp(-(values + noise[it] + shared[it]))) for it in range(2))
    return target, first, second, blocks


@pytest.mark.parametrize("runs", [300, pytest.param(RUNS, marks=pytest.mark.slow)])
def test_an_identical_retrain_is_called_better_five_times_in_a_hundred_at_most(runs: int) -> None:
    random = np.random.default_rng(3)
    better = 0
    for _ in range(runs):
        target, first, second, blocks = retrained(random, 40)
        found = difference(log_losses(target, first), log_losses(target, second), blocks, confidence=0.95)
        better += found.high < 0
    assert better / runs <= 0.05  # one side of 95% is 2.5 in a hundred


@pytest.mark.slow
def test_an_identical_retrain_is_called_better_by_its_area_as_seldom() -> None:
    random, better, runs, metric = np.random.default_rng(4), 0, 500, METRICS["roc_auc"]
    for _ in range(runs):
        target, first, second, blocks = retrained(random, 40)
        left = replicates(metric, target, first, blocks, 40) - replicates(metric, target, second, blocks, 40)
        point = metric.function(target, first) - metric.function(target, second)
        better += from_replicates(point, left, n=len(target), confidence=0.95, unit="").low > 0
    assert better / runs <= 0.05


@pytest.mark.slow
def test_twenty_readings_of_the_same_test_rows_pass_by_luck_five_times_in_a_hundred_at_most() -> None:
    random, lucky, runs = np.random.default_rng(5), 0, 500
    for _ in range(runs):
        values, blocks = clustered(random, 40)
        found = False
        for reading in range(1, 21):  # each model differs from the last by luck of its own
            other = values + 0.5 * random.normal(size=len(values)) + 0.5 * random.normal(size=40)[blocks]
            found |= mean_interval(other, blocks, confidence=1 - alpha_of(reading, 0.05)).low > 0
        lucky += found
    assert lucky / runs <= 0.05
