"""Figures of the test rows, recomputed by other means."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development import policy_of
from fullcycle.development.evaluate import decide, figures, score_rows
from fullcycle.development.fairness import largest_difference
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.measure.value import ValueTable
from fullcycle.scoping.records import Gate
from fullcycle.scoping.settings import Fairness, Limits


@pytest.fixture
def scored(world: Any) -> Any:
    """A charter, its policy and scored test rows: the true chances, blurred."""

    def make(task: str = "binary", n: int = 600, **changes: Any) -> Any:
        frame = world.frame(n)
        target = {"regression": "size", "multiclass": "band"}.get(task, "late")
        dataset = world.dataset(frame, target=target)
        charter = world.charter(task, **changes)
        came = frame[target].cast(pl.Float64).to_numpy() if task != "multiclass" else np.arange(n) % 3 * 1.0
        random = np.random.default_rng(3)
        scores = (
            came + random.normal(size=n)
            if task == "regression"
            else np.clip(0.25 + 0.5 * came + 0.1 * random.normal(size=n), 0, 1)
        )
        if task == "multiclass":
            scores = np.full((n, 3), 0.2) + 0.4 * np.eye(3)[came.astype(int)]
        rows = score_rows(frame, came, scores, known=came, charter=charter, classes=len(dataset.classes))
        return charter, policy_of(charter, dataset), rows

    return make


def test_money_is_counted_row_by_row(scored: Any) -> None:
    charter, policy, rows = scored()
    found = figures(rows, charter=charter, policy=policy)
    decisions = decide(policy, rows)
    assert (decisions == np.where(rows.scores * 90 - (1 - rows.scores) * 40 > 0, "rebook", "wait")).all()
    worth = np.where(decisions == "rebook", np.where(rows.target == 1, 90, -40), 0)
    always = np.where(rows.target == 1, 90, -40)
    assert found["worth_model"].point == pytest.approx(worth.mean() * 1000)
    assert found["worth_always_rebook"].point == pytest.approx(always.mean() * 1000)
    assert found["worth_today"].point == found["worth_always_wait"].point == 0
    assert found["worth_perfect_foresight"].point == pytest.approx(np.maximum(always, 0).mean() * 1000)
    rival = max(always.mean(), 0)
    assert found["gain_per_1000"].point == pytest.approx((worth.mean() - rival) * 1000)
    assert found["gain_per_1000"].unit == "USD/1000"
    assert found["gain_per_1000"].blocks == len(np.unique(rows.days)) == found["roc_auc"].blocks
    assert found["accuracy"].point == pytest.approx(((decisions == "rebook") == (rows.target == 1)).mean())


def test_the_best_alternative_is_the_one_worth_most(scored: Any) -> None:
    charter, policy, rows = scored(todays_rule={"expression": "x > 0"})
    found = figures(rows, charter=charter, policy=policy)
    others = [found[name].point for name in ("worth_today", "worth_always_rebook", "worth_always_wait")]
    assert found["worth_today"].point == max(others)
    assert found["gain_per_1000"].point == pytest.approx(found["worth_model"].point - max(others))


def test_a_limit_a_day_binds_the_decisions_and_its_action_is_no_alternative(scored: Any) -> None:
    charter, policy, rows = scored(limits=Limits(actions_per_day={"rebook": 2}))
    decisions = decide(policy, rows)
    for day in np.unique(rows.days):
        here = rows.days == day
        assert (decisions[here] == "rebook").sum() <= 2
        assert set(rows.scores[here & (decisions == "rebook")]) <= set(np.sort(rows.scores[here])[-2:])
    found = figures(rows, charter=charter, policy=policy)
    assert found["gain_per_1000"].point == pytest.approx(found["worth_model"].point - found["worth_today"].point)


def test_without_values_there_is_no_money(scored: Any) -> None:
    charter, policy, rows = scored(values=ValueTable(task="binary", currency="USD"))
    found = figures(rows, charter=charter, policy=policy)
    assert not [name for name in found if "worth" in name or "gain" in name]
    assert found["accuracy"].point == pytest.approx(((rows.scores >= 0.5) == (rows.target == 1)).mean())


def test_rows_whose_amounts_are_missing_are_no_money(scored: Any, world: Any) -> None:
    from fullcycle.measure.value import Amount

    _, _, rows = scored()
    table = ValueTable(
        task="binary",
        currency="USD",
        cells={
            "rebook": {"true": Amount(expression="90 + x"), "false": Amount(value=-40)},  # type: ignore[arg-type]
            "wait": {"true": Amount(value=0), "false": Amount(value=0)},  # type: ignore[arg-type]
        },
    )
    charter = world.charter(values=table)
    found = figures(rows, charter=charter, policy=policy_of(charter, world.dataset(rows.frame)))
    assert found["gain_per_1000"].n == rows.frame["x"].count() < found["roc_auc"].n


def test_blocks_are_days_of_the_zone_or_as_long_as_an_outcome_takes(scored: Any) -> None:
    charter, _, rows = scored()
    local = rows.frame["at"].dt.convert_time_zone(charter.timezone).dt.date()
    assert len(np.unique(rows.blocks)) == local.n_unique()
    week = timedelta(days=7) // timedelta(microseconds=1)
    _, _, weekly = scored(label_delay=week)
    assert len(np.unique(weekly.blocks)) in (9, 10)


def test_the_constant_is_held_against_on_the_same_rows(scored: Any) -> None:
    charter, policy, rows = scored(
        gates=(Gate(figure="roc_auc", rule="better_than_constant"), Gate(figure="brier", rule="better_than_constant"))
    )
    found = figures(rows, charter=charter, policy=policy)
    share = rows.target.mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert found["log_loss_minus_constant"].point == pytest.approx(found["log_loss"].point - entropy)
    assert found["roc_auc_minus_constant"].point == pytest.approx(found["roc_auc"].point - 0.5)
    assert found["brier_minus_constant"].point == pytest.approx(found["brier"].point - share * (1 - share))


def test_what_the_rows_do_not_define_is_left_out(scored: Any) -> None:
    charter, policy, rows = scored()
    ones = rows._replace(target=np.ones(len(rows.target)))
    found = figures(ones, charter=charter, policy=policy)
    assert "roc_auc" not in found
    assert "log_loss" in found


def test_a_regression_counts_errors_and_their_money(scored: Any, world: Any) -> None:
    from decimal import Decimal

    from fullcycle.measure.value import Amount

    cells = {"": {"over": Amount(value=Decimal(-1)), "under": Amount(value=Decimal(-3))}}
    table = ValueTable(task="regression", currency="USD", cells=cells)
    charter, policy, rows = scored("regression", values=table)
    found = figures(rows, charter=charter, policy=policy)
    error = rows.scores - rows.target
    cost = np.where(error > 0, -error, 3 * error)
    assert found["worth_model"].point == pytest.approx(cost.mean() * 1000, rel=1e-6)
    today = np.where(rows.target < 0, rows.target, -3 * rows.target)
    assert found["worth_today"].point == pytest.approx(today.mean() * 1000, rel=1e-6)
    rival = max(found["worth_today"].point, found["worth_always_mean"].point)
    assert found["gain_per_1000"].point == pytest.approx(found["worth_model"].point - rival)
    assert found["squared_error_minus_constant"].point == pytest.approx((error**2).mean() - rows.target.var())


def test_several_classes(scored: Any) -> None:
    charter, policy, rows = scored("multiclass")
    found = figures(rows, charter=charter, policy=policy)
    assert found["accuracy"].point == 1.0
    assert found["log_loss"].point == pytest.approx(-np.log(0.6))
    assert found["log_loss_minus_constant"].point == pytest.approx(-np.log(0.6) + np.log(1 / 3) * -1 * -1)


def test_fairness_compares_groups_with_rows_enough(scored: Any) -> None:
    limits = Limits(
        fairness=(
            Fairness(attribute="carrier", measure="demographic_parity_difference", at_most=0.1),
            Fairness(attribute="carrier", measure="equal_opportunity_difference", at_most=0.1),
        )
    )
    charter, policy, rows = scored(limits=limits)
    found = figures(rows, charter=charter, policy=policy)
    taken = pl.Series(decide(policy, rows) == "rebook")
    rates = rows.frame.select("carrier", taken=taken).group_by("carrier").mean()["taken"]
    assert found["demographic_parity_difference_by_carrier"].point == pytest.approx(rates.max() - rates.min())
    late = rows.frame.select("carrier", "late", taken=taken).filter("late").group_by("carrier").mean()["taken"]
    assert found["equal_opportunity_difference_by_carrier"].point == pytest.approx(late.max() - late.min())


def test_the_interval_of_a_difference_is_the_plain_jackknife() -> None:
    from fullcycle.measure.intervals import jackknife

    random = np.random.default_rng(4)
    taken, groups, blocks = random.random(400) < 0.4, random.choice(["a", "b", "c"], 400), random.integers(0, 9, 400)

    def statistic(weights: Any) -> float:
        rates = [taken[(groups == it) & (weights > 0)].mean() for it in "abc"]
        return max(rates) - min(rates)

    found = largest_difference(taken, groups, blocks, confidence=0.9)
    assert found is not None
    plain = jackknife(statistic, blocks, confidence=0.9)
    assert found.point == pytest.approx(plain.point)
    assert found.high == pytest.approx(plain.high)
    assert largest_difference(taken, np.where(np.arange(400) < 20, "a", "b"), blocks, confidence=0.9) is None


def test_fairness_that_cannot_be_read_is_named(scored: Any) -> None:
    def limited(task: str, attribute: str, measure: Any) -> None:
        charter, policy, rows = scored(
            task, limits=Limits(fairness=(Fairness(attribute=attribute, measure=measure, at_most=0.1),))
        )
        figures(rows, charter=charter, policy=policy)

    with pytest.raises(ColumnMissing, match="carrier"):
        limited("binary", "carier", "demographic_parity_difference")
    with pytest.raises(InputError, match="true or false"):
        limited("multiclass", "carrier", "equal_opportunity_difference")
    with pytest.raises(InputError, match="compare actions"):
        limited("regression", "carrier", "demographic_parity_difference")
