"""Intervals: equal to the definition, exact in pairs, and covering what they say they cover."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from fullcycle.kernel.errors import InputError
from fullcycle.measure import intervals
from fullcycle.measure.intervals import (
    Estimate,
    auc_interval,
    design_effect,
    difference,
    jackknife,
    mean_interval,
    wilson,
)
from fullcycle.measure.ranks import pairs_won


@st.composite
def ranked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 25))
    whole = st.integers(0, 4)
    rows = draw(st.lists(st.tuples(st.booleans(), whole, whole), min_size=n, max_size=n))
    positive, score, group = (np.array(column) for column in zip(*rows, strict=True))
    return positive, score.astype(float), group


@settings(deadline=None)  # a busy machine is no failure
@given(ranked())
def test_pairs_are_counted_as_by_hand(rows) -> None:
    positive, score, group = rows
    found = pairs_won(positive, score, group)
    for i in range(len(score)):
        others = [j for j in range(len(score)) if group[j] == group[i] and positive[j] != positive[i]]
        sign = 1 if positive[i] else -1
        assert found[i] == sum(1 + np.sign(sign * (score[i] - score[j])) for j in others)


@settings(deadline=None)
@given(ranked())
def test_leave_one_block_out_areas_are_exact(rows) -> None:
    positive, score, group = rows
    kinds = [len(set(positive[group != block])) for block in np.unique(group)]
    if len(set(positive)) < 2:
        with pytest.raises(InputError, match="both classes"):
            auc_interval(positive, score, group)
        return

    def statistic(weights):
        kept = weights > 0
        return roc_auc_score(positive[kept], score[kept]) if len(set(positive[kept])) == 2 else float("nan")

    found, plain = auc_interval(positive, score, group), jackknife(statistic, group)
    assert found.point == pytest.approx(plain.point, abs=1e-12)
    assert (found.low is None) == (plain.low is None) == (min(kinds) < 2 or len(kinds) < 2)
    if found.low is not None:
        assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


def test_mean_interval_equals_the_definition() -> None:
    rng = np.random.default_rng(1)
    values, blocks = rng.normal(size=200), rng.integers(0, 9, 200)
    found = mean_interval(values, blocks, unit="USD")
    plain = jackknife(lambda w: float(values[w > 0].mean()), blocks, unit="USD")
    assert (found.point, found.low, found.high) == pytest.approx((plain.point, plain.low, plain.high), abs=1e-12)
    assert (found.unit, found.n, found.blocks) == ("USD", 200, len(set(blocks)))


def test_single_rows_as_blocks_give_the_textbook_t_interval() -> None:
    values = np.random.default_rng(2).normal(size=40)
    found = mean_interval(values, np.arange(40), confidence=0.9)
    low, high = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_difference_is_paired() -> None:
    rng = np.random.default_rng(3)
    shared, blocks = rng.normal(scale=100, size=300), np.arange(300) // 10
    found = difference(shared + 1 + rng.normal(size=300) / 10, shared, blocks)
    assert found.low > 0.9
    assert found.high < 1.1


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (450, 1000)])
def test_wilson_equals_scipy(successes: int, n: int) -> None:
    found = wilson(successes, n, confidence=0.9)
    expected = stats.binomtest(successes, n).proportion_ci(0.9, "wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_design_effect_is_one_for_rows_that_stand_alone_and_large_for_copies() -> None:
    values = np.random.default_rng(4).normal(size=500)
    assert design_effect(values, np.arange(500)) == pytest.approx(1, abs=1e-9)
    assert design_effect(np.repeat(values, 20), np.repeat(np.arange(500), 20)) == pytest.approx(20, rel=0.01)
    assert design_effect([1.0, 1.0], [0, 1]) == 1.0


def test_one_block_has_a_point_and_no_interval() -> None:
    for found in (
        mean_interval([1.0, 2.0], [0, 0]),
        jackknife(lambda w: 1.0, [5, 5]),
        auc_interval([0, 1], [0, 1], [1, 1]),
    ):
        assert (found.low, found.high, found.blocks) == (None, None, 1)


def test_labels_may_be_anything_that_sorts() -> None:
    days = np.array(["2013-01-01", "2013-01-01", "2013-01-02"], dtype="datetime64[D]")
    assert mean_interval([1.0, 2.0, 3.0], days) == mean_interval([1.0, 2.0, 3.0], ["a", "a", "b"])


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([], []),
        lambda: mean_interval([1.0, np.inf], [0, 1]),
        lambda: mean_interval([1.0, 2.0], [0]),
        lambda: mean_interval([1.0, 2.0], [0, 1], confidence=95),
        lambda: difference([1.0], [1.0, 2.0], [0]),
        lambda: auc_interval([0, 1, 1], [0.5, 0.6], [0, 1]),
        lambda: wilson(3, 2),
        lambda: design_effect([1.0, 2.0], [0, 0]),
        lambda: Estimate(point=float("nan")),
        lambda: Estimate(point=1.0, low=0.0),
        lambda: Estimate(point=1.0, low=2.0, high=1.0),
        lambda: jackknife(lambda w: float("nan"), [0, 1]),
    ],
)
def test_what_has_no_interval_is_refused(call) -> None:
    with pytest.raises(InputError):
        call()


def test_estimate_survives_json() -> None:
    estimate = mean_interval([1.0, 2.0, 4.0], [0, 1, 2], unit="USD")
    assert msgspec.json.decode(msgspec.json.encode(estimate), type=Estimate) == estimate


def clustered(rng: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of mean 0 whose rows of one day share an effect; days differ in rows."""
    blocks = np.repeat(np.arange(days), rng.poisson(40, days) + 5)
    effects = rng.normal(size=days)
    return effects[blocks] * 0.5 + rng.normal(size=len(blocks)), blocks, effects


def coverage(runs: int, seed: int, days: int) -> float:
    rng = np.random.default_rng(seed)
    found = (mean_interval(*clustered(rng, days)[:2]) for _ in range(runs))
    return sum(estimate.low <= 0 <= estimate.high for estimate in found) / runs


def test_interval_covers_day_clustered_data() -> None:
    # 400 runs: three standard errors are 3.3 points
    assert 0.917 <= coverage(400, seed=5, days=30) <= 0.983


def test_rowwise_interval_would_not_cover() -> None:
    rng = np.random.default_rng(6)
    runs = [clustered(rng, 30)[0] for _ in range(200)]
    missed = sum(abs(values.mean()) > 1.96 * values.std() / len(values) ** 0.5 for values in runs)
    assert missed > 60


@pytest.mark.slow
@pytest.mark.parametrize("days", [20, 60])
def test_interval_covers_within_two_points(days: int) -> None:
    assert 0.93 <= coverage(6000, seed=7, days=days) <= 0.97


@pytest.mark.slow
def test_auc_interval_covers_day_clustered_data() -> None:
    rng = np.random.default_rng(8)
    covered, runs = 0, 1500
    truth = stats.norm.cdf(1 / (2 * (1 + 0.25)) ** 0.5)  # positives shifted by 1; variance 1 + 0.25 on either side
    for _ in range(runs):
        noise, blocks, _effects = clustered(rng, 40)
        target = rng.random(len(noise)) < 0.3
        estimate = auc_interval(target, noise + target, blocks)
        covered += estimate.low <= truth <= estimate.high
    assert 0.93 <= covered / runs <= 0.97


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_interval_does_not_depend_on_what_blocks_are_called(values: list[float]) -> None:
    labels = np.arange(len(values))
    assert intervals.mean_interval(values, labels) == intervals.mean_interval(values, labels * 10 + 3)


def test_days_that_remember_the_one_before_make_an_interval_wider_and_their_names_do_not() -> None:
    random, days = np.random.default_rng(9), np.arange(60)
    wave = np.sin(days / 6) + random.normal(size=60) / 10
    plain, told = mean_interval(wave, days, in_time=False), mean_interval(wave, days)
    assert told.point == plain.point
    assert told.high - told.point > 2 * (plain.high - plain.point)
    assert mean_interval(wave, days + 1000) == told
    shuffled = random.permutation(60)
    assert mean_interval(wave[shuffled], days[shuffled]) == told  # the order of rows is none of blocks
    assert mean_interval(wave[:9], days[:9]) == mean_interval(wave[:9], days[:9], in_time=False)
