"""Nothing is said of rows without leaks, however often they are drawn; and the same rows give the same findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fullcycle.data.leakage import leakage
from fullcycle.data.leakage.sample import blocks, sample
from fullcycle.data.records import Column
from fullcycle.data.split.settings import By
from fullcycle.kernel.finding import Finding

START = datetime(2024, 3, 1, tzinfo=UTC)
KINDS = {
    "income": "float",
    "visits": "integer",
    "member": "boolean",
    "city": "category",
    "voucher": "category",
    "score": "float",
    "since": "time",
}
COLUMNS = tuple(Column(name=name, kind=kind, known="before", feature=True) for name, kind in KINDS.items())


def drawn(seed: int, n: int = 1500) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows with honest signal, gaps that say nothing, near-unique codes, and days that differ."""
    chance = np.random.default_rng(seed)
    day = np.sort(chance.integers(0, 60, n))
    shift = chance.normal(0, 0.5, 60)[day]
    income = chance.normal(size=n)
    frame = pl.DataFrame(
        {
            "id": [f"c{number}" for number in chance.permutation(n)],
            "at": [START + timedelta(days=int(one), minutes=int(chance.integers(0, 1440))) for one in day],
            "income": np.where(chance.random(n) < 0.2, np.nan, income),
            "visits": chance.poisson(3, n),
            "member": chance.random(n) < 0.3,
            "city": chance.choice(["Bonn", "Kiel", "Ulm", "Jena"], n),
            "voucher": [f"v{number}" for number in chance.integers(0, 10**9, n)],
            "score": (income + chance.normal(0, 1, n)).round(1),
            "since": [START - timedelta(days=int(one)) for one in chance.integers(1, 900, n)],
        },
        nan_to_null=True,
    )
    logit = income + shift + 0.3 * frame["visits"].to_numpy() - 2
    return frame, logit + chance.logistic(size=n)


def outcome(task: str, latent: np.ndarray) -> np.ndarray:
    if task == "binary":
        return (latent > 0).astype(float)
    return latent if task == "regression" else np.digitize(latent, [-1, 1]).astype(float)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("by", ["time", "random"])
def test_clean_redraws_are_let_pass(task: str, by: By) -> None:
    told: list[Finding] = []
    for seed in range(6):
        frame, latent = drawn(seed)
        order = np.arange(1500) if by == "time" else np.random.default_rng(seed).permutation(1500)
        train, test = np.sort(order[:1000]), np.sort(order[1000:])
        target = outcome(task, latent)[train]
        told += leakage(frame[train], target, COLUMNS, task, test=frame[test], by=by, entity="id", time="at")
    assert told == []


def test_a_single_id_in_time_is_a_false_alarm_once_in_a_thousand() -> None:
    facts = (Column(name="ticket", kind="integer", known="before", feature=True),)
    alarms = 0
    for seed in range(150):
        target = (np.random.default_rng(seed).random(400) < 0.3).astype(float)
        alarms += len(leakage(pl.DataFrame({"ticket": range(400)}), target, facts, "binary"))
    assert alarms <= 2  # 0.3 are expected; more than 2 is 1 in 300


def test_the_same_rows_give_the_same_findings() -> None:
    frame, latent = drawn(1)
    frame = frame.with_columns(claim=pl.when(pl.Series(latent > 0)).then(pl.col("score")), price=pl.Series(latent))
    facts = (*COLUMNS, *(Column(name=name, kind="float", known="before", feature=True) for name in ("claim", "price")))
    asked = [
        leakage(
            frame[:1000], outcome("binary", latent)[:1000], facts, "binary", test=frame[900:], entity="id", time="at"
        )
        for _ in range(2)
    ]
    assert asked[0] == asked[1]
    assert {one.check for one in asked[0]} >= {"single_feature_too_good", "missing_tells", "groups_across"}


def test_evidence_holds_no_cell() -> None:
    frame, latent = drawn(2)
    frame = frame.with_columns(city=pl.lit("SECRET-") + pl.Series(latent > 0).cast(pl.String))
    found = leakage(
        frame, outcome("binary", latent), COLUMNS, "binary", test=frame, by="random", entity="id", time="at"
    )
    assert found
    assert "SECRET" not in repr(found)
    assert START.isoformat() not in repr(found)


@pytest.mark.parametrize("target", [np.ones(60), np.full(60, np.nan)])
def test_one_class_or_no_outcome_tells_nothing(target: np.ndarray) -> None:
    frame, _ = drawn(3, 60)
    assert leakage(frame, target, COLUMNS, "binary") == ()
    assert leakage(frame[:0], target[:0], COLUMNS, "binary", test=frame) == ()


def test_infinite_numbers_and_numbers_that_are_none() -> None:
    frame, latent = drawn(5)
    odd = pl.Series(np.where(np.arange(1500) % 9 == 0, np.inf, np.where(np.arange(1500) % 7 == 0, np.nan, latent)))
    frame = frame.with_columns(income=odd, score=odd)
    train, test = frame[:1000], frame[1000:]
    for task in ("binary", "multiclass", "regression"):
        target = outcome(task, np.random.default_rng(0).normal(size=1000))
        assert leakage(train, target, COLUMNS, task, test=test, entity="id", time="at") == ()
    assert leakage(train, np.where(np.arange(1000) == 3, np.inf, latent[:1000]), COLUMNS, "regression") == ()


def test_few_rows_tell_nothing() -> None:
    facts = (Column(name="x", kind="float", known="before", feature=True),)
    assert leakage(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}), np.array([0.0, 0, 1, 1]), facts, "binary") == ()


def test_columns_that_are_no_features_are_let_pass() -> None:
    facts = (Column(name="x", kind="float", known="before", feature=False),)
    target = np.arange(60) % 2.0
    assert leakage(pl.DataFrame({"x": target}), target, facts, "binary") == ()


def test_samples_are_of_the_keys_and_not_of_the_order() -> None:
    frame, _ = drawn(4)
    chosen = set(frame[sample(frame, ("id",), most=100)]["id"])
    turned = frame.reverse()
    assert chosen == set(turned[sample(turned, ("id",), most=100)]["id"])
    assert len(chosen) == 100
    assert sample(frame, (), most=3).tolist() == [0, 500, 1000]


def test_rows_of_an_entity_are_one_block() -> None:
    frame = pl.DataFrame({"id": ["a", "b", "a", "c"] * 10})
    found = frame.with_columns(block=pl.Series(blocks(frame, np.zeros(40, np.int64), "id")))
    assert found.n_unique() == 3
