"""What a judgement reads of the traffic: failures, pairs in time, first meetings, and value that was drawn at random."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.deployment.advance import Observations, Rollout, Rules, advance
from fullcycle.deployment.observe import observe
from fullcycle.measure.randomised import effect_sequence
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.policy import Policy
from fullcycle.traffic.schema import DECISIONS
from served import charter, dataset, flights, policy, scores, served

STATE = Rollout(champion="r1", challenger="r2", step=0, begun=0, stepped=0)
RULES = Rules(steps=(0.2, 0.5, 1.0))
FLIGHTS = flights(20, 200, seed=1)
DATASET = dataset(FLIGHTS)


def rollout(
    *, control: float = 0.0, kind: str = "noise", decides: Policy | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answers and matches of a rollout of which the challenger is *kind*, with a fifth and from the middle half of the traffic."""
    good, other = (
        served(FLIGHTS, scores(FLIGHTS, it), decides=decides, waiting=0.1, void=0.05).value[0].sort("id")
        for it in ("good", kind)
    )
    rng = np.random.default_rng(5)
    share = np.where(FLIGHTS.day < 10, 0.2, 0.5)
    group = rng.random(len(share)) < control
    tried = (rng.random(len(share)) < share) & ~group
    pick = pl.Series(tried)
    matched = good.with_columns(
        action=pl.when(pick).then(other["action"]).otherwise(pl.col("action")),
        score=pl.when(pick).then(other["score"]).otherwise(pl.col("score")),
        release=pl.when(pick).then(pl.lit("r2")).otherwise(pl.col("release")),
        variant=pl.Series(np.where(group, "control", np.where(tried, "challenger", "champion"))),
        propensity=pl.Series(np.where(group, control, (1 - control) * np.where(tried, share, 1 - share))),
    )
    answers = matched.with_columns(
        pl.col("at", "time").cast(pl.Int64), segment=pl.lit("s1"), offset=pl.lit(0, dtype=pl.Int64)
    )
    return answers.select(DECISIONS.names()), matched


def look(answers: pl.DataFrame, matched: pl.DataFrame, **over: Any) -> Observations:
    given: dict[str, Any] = {
        "now": 2**53,
        "control": 0.0,
        "charter": charter(),
        "dataset": DATASET,
        "policy": policy(),
        **over,
    }
    return observe(
        answers, matched, over.pop("state", STATE), RULES, **{k: v for k, v in given.items() if k != "state"}
    )


def money(frame: pl.DataFrame, late: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    called = (frame["action"] == "rebook").to_numpy()
    return np.where(called, np.where(late == 1, 90.0, -40.0), 0.0)


def test_value_is_the_difference_of_groups_that_were_drawn() -> None:
    answers, matched = rollout(control=0.1)
    worth = look(answers, matched, control=0.1).worth
    assert worth is not None
    assert worth.unit == "USD/1000"
    found = effect_sequence(worth.told, worth.weight, (worth.entity, worth.day), alpha=0.05, optimal_n=4000)
    both = [served(FLIGHTS, scores(FLIGHTS, kind)).value[0].sort("id") for kind in ("noise", "good")]
    truth = 1000 * float(np.mean(money(both[0], FLIGHTS.late) - money(both[1], FLIGHTS.late)))
    assert found.low is not None
    assert found.high is not None
    assert found.low < truth < found.high
    assert truth < -5000
    assert abs(found.point - truth) < 4000
    resolved = matched.filter((pl.col("status") != "waiting") & (pl.col("variant") != "control"))
    assert len(worth.told) == resolved.height
    assert worth.rows == (resolved["variant"] == "challenger").sum()
    assert set(np.unique(worth.weight).round(6)) == {0.16, 0.25}


def test_without_values_it_is_the_loss_of_the_score() -> None:
    answers, matched = rollout()
    plain = policy(values=ValueTable(task="binary", currency="USD"))
    worth = look(answers, matched, policy=plain).worth
    assert worth is not None
    assert worth.unit == "nats"
    known = matched.filter(pl.col("status") == "known")
    assert len(worth.told) == known.height  # what is void has no loss
    assert worth.told.sum() / worth.weight.sum() < 0
    many = policy(task="multiclass", values=ValueTable(task="multiclass", currency="USD"))
    assert look(answers, matched, policy=many).worth is None  # its log keeps one score of many


def test_a_shadow_is_compared_on_the_same_decisions() -> None:
    alone = served(FLIGHTS, scores(FLIGHTS, "good")).value[0].sort("id")
    other = served(FLIGHTS, scores(FLIGHTS, "noise")).value[0].sort("id")
    answers = alone.with_columns(
        pl.col("at", "time").cast(pl.Int64), segment=pl.lit("s1"), offset=pl.lit(0, dtype=pl.Int64)
    ).select(DECISIONS.names())
    shadow = answers.with_columns(action=other["action"], variant=pl.lit("shadow"), release=pl.lit("r2"))
    failed = shadow.with_columns(
        failed=pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("error")).otherwise(pl.lit(""))
    )
    rules = Rules(steps=(0.0, 1.0))
    seen = observe(
        pl.concat([answers, failed]), alone, STATE, rules,
        now=0, control=0.0, charter=charter(), dataset=DATASET, policy=policy(),
    )  # fmt: skip
    assert (len(seen.errors), seen.errors.sum(), seen.exposures) == (4000, 400, ())
    assert seen.worth is not None
    kept = np.arange(4000) % 10 != 0
    truth = (money(other, FLIGHTS.late) - money(alone, FLIGHTS.late))[kept]
    assert seen.worth.told.sum() == pytest.approx(1000 * truth.sum())
    changes = msgspec.structs.replace(charter(), action_changes_outcome=True)
    unknown = observe(
        pl.concat([answers, failed]), alone, STATE, rules,
        now=0, control=0.0, charter=changes, dataset=DATASET, policy=policy(),
    )  # fmt: skip
    assert unknown.worth is None


def test_failures_are_counted_on_the_rows_that_the_challenger_was_asked() -> None:
    answers, matched = rollout()
    mine = pl.col("variant") == "challenger"
    third = pl.int_range(pl.len()) % 3
    broken = answers.with_columns(
        failed=pl.when(mine & (third == 0))
        .then(pl.lit("error"))
        .when(mine & (third == 1))
        .then(pl.lit("rejected"))
        .otherwise(pl.lit(""))
    ).with_columns(release=pl.when(pl.col("failed") != "").then(pl.lit("r1")).otherwise(pl.col("release")))
    seen = look(broken, matched)
    asked = broken.filter(mine)
    assert len(seen.errors) == asked.height == seen.rows
    assert seen.errors.sum() == (asked["failed"] == "error").sum()
    assert seen.rejected.sum() == (asked["failed"] == "rejected").sum()
    middle = int(answers["at"].median())  # type: ignore[arg-type]
    later = msgspec.structs.replace(STATE, step=1, stepped=middle)
    assert look(broken, matched, state=later).rows == (asked["at"] >= middle).sum()


def test_rows_are_paired_in_time_and_each_once() -> None:
    answers, matched = rollout()
    order = answers.sort("at", "time", "decision").with_row_index("place")
    timed = order.with_columns(seconds=pl.col("place").cast(pl.Float64)).drop("place")
    pairs = look(timed, matched).seconds
    variant = order["variant"].to_list()
    assert all(variant[int(mine)] == "challenger" and variant[int(other)] == "champion" for mine, other in pairs)
    assert (pairs[:, 0] > pairs[:, 1]).all()
    assert len(set(pairs[:, 1])) == len(pairs) > 500
    assert look(answers, matched).seconds.shape == (0, 2)  # nothing was measured


def test_an_entity_counts_where_it_was_met_first() -> None:
    answers, matched = rollout(control=0.1)
    again = answers.with_columns(entity=pl.col("entity").str.slice(0, 6))  # entities that come again
    for frame in (answers, again):
        found = look(frame, matched, control=0.1).exposures
        first = (
            frame.filter(pl.col("variant") != "control").sort("at", "time", "decision").unique("entity", keep="first")
        )
        assert sum(champion + challenger for _, champion, challenger in found) == first.height
    assert [share for share, _, _ in look(answers, matched, control=0.1).exposures] == [0.2, 0.5]


def test_a_worse_challenger_is_rolled_back_by_what_is_observed() -> None:
    answers, matched = rollout()
    judged = advance(STATE, look(answers, matched), RULES)
    assert (judged.move, judged.reason) == ("roll back", "value_loss")
    same, its = rollout(kind="good")
    judged = advance(STATE, look(same, its), RULES)
    assert judged.move == "advance"
    assert all(isinstance(it.passed, bool | None) for it in judged.findings)
    msgspec.json.encode(judged.findings)
