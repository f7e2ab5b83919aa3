"""Statistical tests: equal to SciPy where it has them, and as often wrong as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fullcycle.kernel.errors import InputError
from fullcycle.measure.tests import (
    benjamini_hochberg,
    confidence_sequence,
    ks_distance,
    psi,
    sequence_half_width,
    two_sample,
)


def test_two_sample_equals_scipy_where_no_cell_is_sparse() -> None:
    a, b = [120, 80, 60, 40], [90, 95, 70, 30]
    assert two_sample(a, b) == pytest.approx(stats.chi2_contingency([a, b], correction=False).pvalue, abs=1e-12)


def test_sparse_cells_are_pooled() -> None:
    a, b = [500, 500, 2, 1, 3], [450, 500, 0, 2, 8]
    pooled = [[500, 500, 6], [450, 500, 10]]
    assert two_sample(a, b) == pytest.approx(stats.chi2_contingency(pooled, correction=False).pvalue, abs=1e-12)
    # a pool that is itself sparse takes the next smallest cell
    assert two_sample([500, 400, 300, 1], [480, 420, 310, 0]) == pytest.approx(
        stats.chi2_contingency([[500, 400, 301], [480, 420, 310]], correction=False).pvalue, abs=1e-12
    )


@pytest.mark.parametrize(("a", "b"), [([0, 0], [5, 5]), ([100, 0], [90, 0]), ([1, 2], [2, 1])])
def test_nothing_to_tell_apart_is_no_evidence(a: list[int], b: list[int]) -> None:
    assert two_sample(a, b) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_benjamini_hochberg_equals_scipy(seed: int) -> None:
    p = np.random.default_rng(seed).beta(0.4, 1, 40)
    assert (benjamini_hochberg(p, 0.1) == (stats.false_discovery_control(p) <= 0.1)).all()


def test_benjamini_hochberg_of_nothing() -> None:
    assert benjamini_hochberg([], 0.05).tolist() == []


def test_psi_sees_a_shift_and_ignores_chance() -> None:
    rng = np.random.default_rng(0)
    null = [psi(rng.multinomial(2000, [0.1] * 10), rng.multinomial(200, [0.1] * 10)) for _ in range(300)]
    assert np.mean(null) < 0.02
    assert np.mean(np.array(null) > 0.1) < 0.02
    assert psi([1000] * 4, [400, 800, 1200, 1600]) > 0.2
    assert psi([100, 100, 0], [0, 100, 100]) > 1
    assert psi([0, 0], [3, 4]) == 0.0


def test_ks_distance_equals_scipy_on_the_cells() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 8, 300), rng.integers(0, 6, 200)
    expected = stats.ks_2samp(a, b, method="asymp").statistic
    assert ks_distance(np.bincount(a, minlength=8), np.bincount(b, minlength=8)) == pytest.approx(expected, abs=1e-12)
    assert ks_distance([0, 0], [1, 2]) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: two_sample([1, 2], [1]),
        lambda: psi([-1, 2], [1, 2]),
        lambda: benjamini_hochberg([0.1, np.nan], 0.05),
        lambda: confidence_sequence(0.0, 1.0, 0, alpha=0.05, optimal_n=100),
        lambda: confidence_sequence(0.0, -1.0, 10, alpha=0.05, optimal_n=100),
        lambda: confidence_sequence(0.0, 1.0, 10, alpha=1.5, optimal_n=100),
    ],
)
def test_what_cannot_be_tested_is_refused(call) -> None:
    with pytest.raises(InputError):
        call()


def null_alarm_days(days: int, seed: int) -> tuple[float, float, float]:
    """The share of driftless days on which any of 20 columns alarms: by raw p, corrected, with an effect besides."""
    rng = np.random.default_rng(seed)
    cells = [rng.dirichlet(np.full(size, 3.0)) for size in rng.integers(4, 15, 20)]
    raw = corrected = both = 0
    for _ in range(days):
        pairs = [(rng.multinomial(20000, p), rng.multinomial(1000, p)) for p in cells]
        p = np.array([two_sample(a, b) for a, b in pairs])
        rejected = benjamini_hochberg(p, 0.05)
        large = np.array([psi(a, b) > 0.02 for a, b in pairs])
        raw += bool((p < 0.05).any())
        corrected += bool(rejected.any())
        both += bool((rejected & large).any())
    return raw / days, corrected / days, both / days


def test_days_without_drift_seldom_alarm() -> None:
    raw, corrected, both = null_alarm_days(200, seed=2)
    assert raw > 0.4  # what the correction is for
    assert corrected <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert both <= 0.05


@pytest.mark.slow
def test_days_without_drift_seldom_alarm_over_years() -> None:
    _, corrected, both = null_alarm_days(3000, seed=3)
    assert corrected <= 0.05 + 2 * (0.05 * 0.95 / 3000) ** 0.5
    assert both <= 0.05


def test_the_sequence_is_tightest_about_where_it_was_asked_to_be() -> None:
    def at_5000(optimal_n: float) -> float:
        return float(sequence_half_width(1.0, 5000, alpha=0.05, optimal_n=optimal_n))

    best = min(at_5000(n) for n in range(1000, 20001, 50))
    assert at_5000(5000) <= best * 1.001


def test_a_sequence_is_an_estimate_half_as_wide_again_as_a_fixed_interval() -> None:
    found = confidence_sequence(2.0, 4.0, 5000, alpha=0.05, optimal_n=5000, unit="USD")
    ratio = (found.high - 2.0) / (1.96 * (4.0 / 5000) ** 0.5)
    assert 1.5 < ratio < 1.6  # 1.55, as published
    assert (found.point, found.n, found.unit) == (2.0, 5000, "USD")


def ever_missed(runs: int, seed: int, rows: int, alpha: float) -> tuple[float, float]:
    """The share of runs in which a daily look ever excludes the truth: by confidence sequence, and by z-test."""
    rng = np.random.default_rng(seed)
    looks = np.arange(200, rows + 1, 200)
    sequence = z_test = 0
    for _ in range(runs):
        values = rng.exponential(size=rows) - 1
        mean = np.cumsum(values)[looks - 1] / looks
        variance = np.cumsum(values**2)[looks - 1] / looks - mean**2
        half = sequence_half_width(variance, looks, alpha=alpha, optimal_n=2000)
        sequence += bool((np.abs(mean) > half).any())
        z_test += bool((np.abs(mean) > 1.96 * np.sqrt(variance / looks)).any())
    return sequence / runs, z_test / runs


def test_peeking_does_no_harm() -> None:
    sequence, z_test = ever_missed(400, seed=4, rows=6000, alpha=0.05)
    assert sequence <= 0.05
    assert z_test > 0.15  # what the sequence is for


@pytest.mark.slow
def test_peeking_does_no_harm_in_the_long_run() -> None:
    sequence, _ = ever_missed(3000, seed=5, rows=20000, alpha=0.05)
    assert sequence <= 0.05
