"""Bets against a true hypothesis never get rich; against a false one they do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fullcycle.kernel.errors import InputError
from fullcycle.measure.betting import e_value, log_wealth, log_wealth_of_events


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5])
def test_under_the_hypothesis_wealth_reaches_twenty_in_at_most_five_runs_of_a_hundred(rate: float) -> None:
    rng = np.random.default_rng(1)
    runs = (rng.random((600, 2000)) < rate).astype(float)
    for wealth in (log_wealth, log_wealth_of_events):
        assert np.mean([e_value(wealth(run, rate)) >= 20 for run in runs]) <= 0.05


def test_under_the_hypothesis_the_mean_of_wealth_is_one_at_most() -> None:
    rng = np.random.default_rng(2)
    runs = rng.beta(2, 3, (4000, 60))
    last = np.exp([log_wealth(run, 0.4)[-1] for run in runs])
    assert last.mean() < 1 + 3 * last.std() / np.sqrt(len(last))


def test_the_stake_follows_from_what_came_before_alone() -> None:
    rng = np.random.default_rng(3)
    run = rng.random(50)
    changed = run.copy()
    changed[30:] = rng.random(20)
    for wealth, values, others in (
        (log_wealth, run, changed),
        (log_wealth_of_events, np.round(run), np.round(changed)),
    ):
        assert (wealth(values, 0.3)[:30] == wealth(others, 0.3)[:30]).all()


def test_wealth_is_the_product_of_what_each_bet_returned() -> None:
    x, mean = [0.2, 0.9, 0.7], 0.4
    wealth, total, squares, before, spread = 1.0, 0.0, 0.0, 0.5, 0.25
    for t, value in enumerate(x, 1):
        stake = min(max((before - mean) / (spread + (before - mean) ** 2), 0.0), 0.75 / mean)
        wealth *= 1 + stake * (value - mean)
        total += value
        before = (0.5 + total) / (t + 1)
        squares += (value - before) ** 2
        spread = (0.25 + squares) / (t + 1)
    assert math.isclose(math.exp(log_wealth(x, mean)[-1]), wealth)


@pytest.mark.parametrize("x", [[1.1], [-0.1], [math.nan], [[0.5]]])
def test_what_is_not_within_0_and_1_is_refused(x: list[float]) -> None:
    with pytest.raises(InputError):
        log_wealth(x, 0.5)
    with pytest.raises(InputError):
        log_wealth([0.5], 1.0)
    with pytest.raises(InputError):
        log_wealth_of_events([0.5], 0.5)
