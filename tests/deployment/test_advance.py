"""When a rollout advances, is promoted or rolled back: by rule, and by how often it errs when watched every day."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
import pytest
from tests.deployment.rollouts import DAY, simulate

from fullcycle.deployment.advance import Observations, Rollout, Rules, Worth, advance

CANARY = Rules(steps=(0.01, 0.05, 0.25, 1.0), step_rows=300, step_time=DAY, least_time=7 * DAY, undecided=60 * DAY)
AB = msgspec.structs.replace(CANARY, steps=(0.5, 1.0))
STATE = Rollout(champion="a", challenger="b", step=0, begun=0, stepped=0)


def seen(rows: int = 300, now: int = DAY, **over) -> Observations:
    none = np.zeros(rows)
    plain = Observations(now=now, rows=rows, errors=none, rejected=none, seconds=np.empty((0, 2)))
    return msgspec.structs.replace(plain, **over)


def worth(effect: float, rows: int = 4000) -> Worth:
    told = np.random.default_rng(0).normal(effect, 1.0, rows)
    return Worth(
        told=told, weight=np.ones(rows), entity=np.arange(rows), day=np.arange(rows) // 100, rows=rows, unit="USD"
    )


def test_a_step_ends_after_its_rows_and_its_time() -> None:
    assert advance(STATE, seen(), CANARY).move == "advance"
    assert advance(STATE, seen(rows=299), CANARY).move == "hold"
    assert advance(STATE, seen(now=DAY - 1), CANARY).move == "hold"
    later = msgspec.structs.replace(STATE, step=1, stepped=DAY)
    assert advance(later, seen(now=2 * DAY - 1), CANARY).move == "hold"
    assert advance(later, seen(now=2 * DAY), CANARY).reason == "step 3 of 4"


def test_the_last_step_waits_for_a_week_and_for_value() -> None:
    last = msgspec.structs.replace(STATE, step=2)
    assert advance(last, seen(now=6 * DAY), CANARY).reason == "time"
    assert advance(last, seen(now=7 * DAY), CANARY).move == "promote"  # nothing has a value: guardrails decide
    assert advance(last, seen(now=7 * DAY, worth=worth(0.0)), CANARY).reason == "value"
    assert advance(last, seen(now=7 * DAY, worth=worth(0.3)), CANARY).reason == "better"
    late = advance(last, seen(now=60 * DAY, worth=worth(0.0)), CANARY)
    assert (late.move, late.reason) == ("alarm", "undecided")


def test_no_worse_is_enough_where_it_is_asked_for() -> None:
    last = msgspec.structs.replace(STATE, step=2)
    rules = msgspec.structs.replace(CANARY, promote="no_worse", value=0.5)
    assert advance(last, seen(now=7 * DAY, worth=worth(0.0)), rules).move == "promote"
    assert advance(last, seen(now=7 * DAY, worth=worth(-0.5)), rules).move == "hold"
    assert advance(last, seen(now=7 * DAY, worth=worth(-0.9)), rules).reason == "value_loss"


def test_few_outcomes_are_not_read() -> None:
    last = msgspec.structs.replace(STATE, step=2)
    found = advance(last, seen(now=7 * DAY, worth=worth(-9.0, rows=99)), CANARY)
    assert (found.move, found.reason) == ("hold", "value")


def test_every_guardrail_rolls_back_and_says_so() -> None:
    bad = np.r_[np.zeros(200), np.ones(10)]
    assert advance(STATE, seen(errors=bad), CANARY).reason == "errors"
    assert advance(STATE, seen(rejected=bad), CANARY).reason == "rejected_rows"
    slow = np.tile([0.05, 0.001], (100, 1))
    rules = msgspec.structs.replace(CANARY, latency_p99=0.02)
    found = advance(STATE, seen(seconds=slow), rules)
    assert (found.move, found.reason) == ("roll back", "latency_p99")
    assert advance(STATE, seen(seconds=slow), CANARY).move == "advance"  # no limit was set
    both = advance(STATE, seen(seconds=np.full((400, 2), 0.05)), rules)
    assert both.move == "advance"  # a slow machine is not the challenger's fault
    assert advance(STATE, seen(worth=worth(-0.3)), CANARY).reason == "value_loss"
    failed = [it for it in found.findings if it.passed is False]
    assert [(it.check, it.severity) for it in failed] == [("latency_p99", "reject")]


def test_a_guardrail_that_was_broken_stays_broken() -> None:
    errors = np.r_[np.ones(5), np.zeros(100_000)]
    assert advance(STATE, seen(errors=errors), CANARY).move == "roll back"


def test_groups_of_a_wrong_size_alarm_and_stop_every_advance() -> None:
    found = advance(STATE, seen(exposures=((0.01, 10_000, 300),)), CANARY)
    assert (found.move, found.reason) == ("alarm", "sample_ratio")
    assert advance(STATE, seen(exposures=((0.01, 10_000, 101), (0.05, 9_500, 500))), CANARY).move == "advance"


@pytest.mark.parametrize("rules", [CANARY, AB])
def test_five_rows_of_a_hundred_that_fail_are_rolled_back_within_300(rules: Rules) -> None:
    for seed in range(40):
        judged, _, rows = simulate(rules, seed=seed, days=60, per_day=20 if rules is AB else 400, errors=0.05)
        assert (judged.move, judged.reason) == ("roll back", "errors")
        assert rows <= 300


def test_one_row_of_two_thousand_that_fails_is_within_the_limit() -> None:
    found = Counter(simulate(AB, seed=seed, days=30, per_day=400, errors=0.0005)[0].move for seed in range(12))
    assert found["roll back"] == 0


def test_the_same_model_twice_is_hardly_ever_promoted_or_rolled_back() -> None:
    _same(runs=40)


@pytest.mark.slow
def test_the_same_model_twice_500_times() -> None:
    _same(runs=500)


def _same(runs: int) -> None:
    for rules in (AB, CANARY):
        found = Counter(simulate(rules, seed=seed, days=28, per_day=300, entities=700)[0].move for seed in range(runs))
        assert found["promote"] <= 0.05 * runs
        assert found["roll back"] <= 0.01 * runs
        assert found["hold"] >= 0.9 * runs  # groups of the right size do not alarm


@pytest.mark.slow
def test_a_challenger_at_the_margin_is_hardly_ever_promoted() -> None:
    rules = msgspec.structs.replace(AB, promote="no_worse", value=8.0)
    moves = Counter(
        simulate(rules, seed=seed, days=35, per_day=400, gain=-8.0, entities=900)[0].move for seed in range(300)
    )
    assert moves["promote"] <= 0.05 * 300
    assert moves["roll back"] <= 0.01 * 300


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "power"), [(5.0, 0.6), (10.0, 0.95), (20.0, 1.0)])
def test_a_better_challenger_is_promoted(gain: float, power: float) -> None:
    """A gain of a tenth, a fifth and two fifths of the spread of a decision's value, within 60 days of 1000 decisions."""
    moves = Counter(simulate(AB, seed=seed, days=60, per_day=1000, gain=gain)[0].move for seed in range(60))
    assert moves["promote"] >= power * 60
    assert moves["roll back"] == 0
