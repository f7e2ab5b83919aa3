"""The effect of a treatment that is drawn at random, with rows that are not independent."""

from __future__ import annotations

import numpy as np
import pytest

from fullcycle.kernel.errors import InputError
from fullcycle.measure.randomised import effect_sequence, residuals


def _drawn(seed: int, effect: float, *, n: int = 6000, entities: int = 1200):
    """Entities that come again, a share that grows from a twentieth to a half, days with luck of their own."""
    rng = np.random.default_rng(seed)
    share = np.where(np.arange(n) < n // 2, 0.05, 0.5)
    entity, day = rng.integers(0, entities, n), np.arange(n) // 200
    treated = rng.random(entities)[entity] < share
    outcome = rng.normal(size=entities)[entity] * 2 + rng.normal(size=n) + rng.normal(size=31)[day] + effect * treated
    return outcome, treated, share, entity, day


def test_the_effect_is_found_though_the_share_changed_with_the_level_of_outcomes() -> None:
    outcome, treated, share, entity, day = _drawn(1, 0.8)
    outcome += np.arange(len(outcome)) / 1000  # a trend, which the share follows: a plain difference would be wrong
    told, weight = residuals(outcome, treated, share)
    found = effect_sequence(told, weight, [entity, day], alpha=0.05, optimal_n=6000)
    assert found.low < 0.8 < found.high
    assert abs(found.point - 0.8) < 0.5
    assert abs(outcome[treated].mean() - outcome[~treated].mean() - 0.8) > 1


def test_whoever_looks_at_every_hundred_rows_errs_in_one_run_of_twenty_at_most() -> None:
    wrong, by_row = 0, 0
    for seed in range(150):
        outcome, treated, share, entity, day = _drawn(seed, 0.0, n=3000, entities=300)
        told, weight = residuals(outcome, treated, share)
        looks = range(500, 3001, 100)
        found = [
            effect_sequence(told[:n], weight[:n], [entity[:n], day[:n]], alpha=0.05, optimal_n=3000) for n in looks
        ]
        wrong += any(it.low > 0 or it.high < 0 for it in found)
        alone = [effect_sequence(told[:n], weight[:n], [], alpha=0.05, optimal_n=3000) for n in looks]
        by_row += any(it.low > 0 or it.high < 0 for it in alone)
    assert wrong <= 0.05 * 150
    assert by_row > 0.1 * 150  # rows of one entity are not independent


def test_two_rows_are_needed_for_an_interval() -> None:
    assert effect_sequence(np.array([1.0]), np.array([0.5]), [], alpha=0.05, optimal_n=100).low is None


def test_what_was_not_drawn_tells_nothing() -> None:
    with pytest.raises(InputError):
        residuals([1.0], [1], [1.0])
