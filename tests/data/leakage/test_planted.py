"""Every kind of leak, planted in real rows, is named; the same rows without it are let pass."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from fullcycle.data.leakage import leakage
from fullcycle.data.leakage.groups import groups_across
from fullcycle.data.records import Column
from fullcycle.data.split.settings import By
from fullcycle.examples.flights import rows as flights
from fullcycle.kernel.finding import Finding

KINDS = {
    pl.Float64: "float",
    pl.Int64: "integer",
    pl.Boolean: "boolean",
    pl.String: "category",
    pl.Datetime("us", "UTC"): "time",
}
HONEST = ["carrier", "origin", "dest", "distance", "sched_arr_time", "hour", "month"]


class Parts(NamedTuple):
    """Rows to learn from, to test on, and those without outcome."""

    train: pl.DataFrame
    test: pl.DataFrame
    void: pl.DataFrame


@lru_cache(1)
def late() -> Parts:
    """Flights of four months, every eighth; late by more than 30 minutes."""
    table = (
        flights()
        .rename({"scheduled_departure": "at"})
        .with_columns(
            pl.col("at")
            .dt.replace_time_zone("America/New_York", ambiguous="earliest")
            .dt.convert_time_zone("UTC")
            .dt.cast_time_unit("us"),
            late=pl.col("arr_delay") > 30,
        )
    )
    table = table.filter(pl.col("month") <= 4)[::8]
    known = table.filter(pl.col("late").is_not_null())
    return Parts(
        known.filter(pl.col("month") <= 3),
        known.filter(pl.col("month") == 4),
        table.filter(pl.col("late").is_null(), pl.col("month") <= 3),
    )


def column(name: str, dtype: pl.DataType, **over: Any) -> Column:
    return Column(**{"name": name, "kind": KINDS[dtype], "known": "before", "feature": True, **over})


def columns(frame: pl.DataFrame, names: list[str]) -> tuple[Column, ...]:
    return tuple(column(name, frame.schema[name]) for name in names)


def outcome(frame: pl.DataFrame, name: str = "late") -> NDArray[np.float64]:
    return frame[name].cast(pl.Float64).to_numpy()


def of_flights(parts: Parts, names: list[str], **over: Any) -> tuple[Finding, ...]:
    told: dict[str, Any] = {"entity": "flight_id", "time": "at", "zone": "America/New_York", "by": "time"}
    told |= {"test": parts.test, "void": parts.void, **over}
    return leakage(parts.train, outcome(parts.train), columns(parts.train, names), "binary", **told)


def named(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(one.check, one.subject) for one in found if one.passed is False}


def with_both(parts: Parts, name: str, cells: pl.Expr) -> Parts:
    return Parts(*(frame.with_columns(cells.alias(name)) for frame in parts))


def test_honest_flights_are_let_pass() -> None:
    assert named(of_flights(late(), HONEST)) == set()


def test_a_delay_that_is_known_only_after_departure() -> None:
    found = of_flights(late(), [*HONEST, "dep_delay", "dep_time", "air_time"])
    assert named(found) >= {
        ("missing_with_outcome", "dep_delay"),
        ("missing_with_outcome", "dep_time"),
        ("missing_with_outcome", "air_time"),
    }
    assert {one.severity for one in found if one.subject == "air_time"} == {"reject"}  # missing on every one of them
    assert {one.subject for one in found if one.passed is False} <= {"dep_delay", "dep_time", "air_time"}


def test_a_column_whose_line_says_that_it_comes_later() -> None:
    parts = late()
    facts = (column("dep_delay", parts.train.schema["dep_delay"], known="7200000000"),)
    (found,) = leakage(parts.train, outcome(parts.train), facts, "binary")
    assert (found.check, found.severity, found.evidence) == ("known_late", "reject", {"known": "7200000000"})


def test_a_time_after_that_of_the_prediction() -> None:
    parts = with_both(late(), "left_at", pl.col("at") + timedelta(minutes=1) * pl.col("dep_delay").cast(pl.Int64))
    found = [one for one in of_flights(parts, ["carrier", "left_at"]) if one.check == "time_ahead"]
    assert [(one.subject, one.severity) for one in found] == [("left_at", "warn")]
    earlier = with_both(late(), "booked_at", pl.col("at") - timedelta(days=30))
    assert "time_ahead" not in {one.check for one in of_flights(earlier, ["carrier", "booked_at"])}


@pytest.mark.parametrize(
    "cells",
    [
        pl.col("arr_delay"),
        -pl.col("arr_delay"),
        pl.col("late").cast(pl.Int64),
        pl.when("late").then(pl.lit("refund")).otherwise(pl.lit("none")),
        # names without an order: only the mean of each tells
        (pl.when("late").then(pl.lit(3)).otherwise(pl.lit(1)) + 4 * (pl.col("flight").cast(pl.Int64) % 7)).cast(
            pl.Int64
        ),
    ],
)
def test_a_feature_that_tells_the_outcome(cells: pl.Expr) -> None:
    found = of_flights(with_both(late(), "leak", cells), [*HONEST, "leak"], void=None)
    assert named(found) == {("single_feature_too_good", "leak")}
    (one,) = (one for one in found if one.passed is False)
    assert one.severity == "reject"
    assert one.low is not None
    assert one.low > 0.98
    assert one.evidence["blocks"] == 90


def test_a_feature_that_is_there_only_with_the_outcome() -> None:
    parts = with_both(late(), "claim", pl.when("late").then(pl.col("distance")))
    assert named(of_flights(parts, [*HONEST, "claim"], void=None)) == {("missing_tells", "claim")}


def test_missing_more_often_with_the_outcome_is_a_warning() -> None:
    often = pl.when(pl.col("late") | (pl.col("flight").cast(pl.Int64) % 4 == 0)).then(pl.col("distance"))
    (found,) = (
        one for one in of_flights(with_both(late(), "claim", often), ["claim"], void=None) if one.passed is False
    )
    assert (found.check, found.severity, found.limit) == ("missing_tells", "warn", 0.8)


def test_a_running_number() -> None:
    parts = late()
    counted = (
        pl.concat([parts.train, parts.test])
        .with_row_index("ticket")
        .with_columns(pl.col("ticket").cast(pl.Int64), text="T-" + pl.col("ticket").cast(pl.String))
    )
    split = Parts(counted[: len(parts.train)], counted[len(parts.train) :], parts.void)
    # a base rate that rises in the time, as it does when a shop grows
    target = (np.random.default_rng(0).random(len(parts.train)) < np.linspace(0.1, 0.6, len(parts.train))).astype(float)
    for name in ("ticket", "text"):
        facts = columns(split.train, ["carrier", name])
        found = leakage(split.train, target, facts, "binary", entity="flight_id", time="at", test=split.test)
        assert named(found) == {("id_tells", name)}
        assert not [one for one in found if one.check == "adversarial"]


def test_an_outcome_that_is_computed_from_two_features() -> None:
    rows = late().train.with_columns(odd=(pl.col("hour") + pl.col("day")) % 2 == 0)
    facts = columns(rows, ["carrier", "origin", "hour", "day"])
    found = leakage(rows, outcome(rows, "odd"), facts, "binary", entity="flight_id", time="at")
    assert [(one.check, one.subject, one.severity) for one in found] == [("target_derived", "hour, day", "warn")]


@pytest.mark.parametrize(
    ("formula", "form"),
    [
        (2.5 * pl.col("distance") - 300 * pl.col("hour") + 7, "sum"),
        (pl.col("distance") * pl.col("hour"), "product"),
        (pl.col("distance") / pl.col("hour"), "product"),
    ],
)
def test_an_outcome_that_is_a_formula_of_features(formula: pl.Expr, form: str) -> None:
    rows = late().train.with_columns(price=formula.cast(pl.Float64), noise=pl.col("dep_time").fill_null(0) % 100 + 1)
    facts = columns(rows, ["distance", "hour", "noise"])
    found = [one for one in leakage(rows, outcome(rows, "price"), facts, "regression") if one.check == "target_derived"]
    assert [(one.subject, one.severity, one.evidence["form"]) for one in found] == [("distance, hour", "reject", form)]


def test_an_outcome_that_is_a_sum_past_a_threshold() -> None:
    rows = late().train.with_columns(left=pl.col("sched_dep_time") + 37 * pl.col("day"), flown=pl.col("distance") + 0.0)
    rows = rows.with_columns(over=2 * pl.col("left") + pl.col("flown") > 4500)
    facts = columns(rows, ["month", "left", "flown", "sched_arr_time"])
    found = leakage(rows, outcome(rows, "over"), facts, "binary", entity="flight_id", time="at")
    assert [(one.check, one.subject, one.evidence["form"]) for one in found] == [
        ("target_derived", "left, flown", "threshold")
    ]


def test_copies_of_training_rows_in_the_test() -> None:
    parts = with_both(late(), "weight", pl.col("flight_id").hash(1).cast(pl.Float64))
    copied = pl.concat([parts.test, parts.train[:300]])
    names = [*HONEST, "weight"]
    found = of_flights(parts._replace(test=copied), names)
    assert named(found) == {("duplicates_across", "features")}
    assert {one.severity for one in found if one.passed is False} == {"warn"}
    stops = of_flights(parts._replace(test=copied), names, by="random")
    assert ("duplicates_across", "features", "reject") in {(one.check, one.subject, one.severity) for one in stops}


def test_equal_rows_of_a_coarse_table_are_chance() -> None:
    half = late().train.with_columns(part=pl.col("flight_id").hash(2) % 2)
    train, test = half.filter(part=0), half.filter(part=1)
    assert test.join(train, on=HONEST, how="semi").height > 0.2 * len(test)
    found = of_flights(Parts(train, test, late().void), HONEST, by="random")
    assert "duplicates_across" not in {one.check for one in found}


def test_groups_in_both_parts() -> None:
    parts = late()
    (seen,) = groups_across(parts.train, parts.test, "tailnum", by="time")
    assert (seen.severity, seen.passed) == ("note", None)
    bys: tuple[By, ...] = ("random", "stratified", "group")
    for by in bys:
        assert [one.severity for one in groups_across(parts.train, parts.test, "tailnum", by=by)] == ["reject"]
    assert not list(groups_across(parts.train, parts.test, "flight_id", by="random"))


def test_training_rows_that_can_be_told_from_test_rows() -> None:
    half = late().train.with_columns(part=pl.col("flight_id").hash(2) % 2)
    planted = half.with_columns(fare=pl.col("distance") * 0.1 + 60 * pl.col("part") + pl.col("flight_id").hash(3) % 50)
    parts = Parts(planted.filter(part=0), planted.filter(part=1), late().void)
    names = [*HONEST, "fare"]
    found = [one for one in of_flights(parts, names, by="random") if one.check == "adversarial"]
    assert [(one.severity, one.passed, set(one.evidence)) for one in found] == [("warn", False, {"fare", "distance"})]
    assert not [one for one in of_flights(parts, HONEST, by="random") if one.check == "adversarial"]


def test_drift_is_noted_without_the_parts_of_time() -> None:
    drifted = with_both(late(), "wear", pl.col("month") * 3.0 + pl.col("flight_id").hash(3) % 4)
    parts = Parts(
        *(
            frame.with_columns(name=pl.format("m{}", "month"), week=pl.col("at").dt.week().cast(pl.Int64))
            for frame in drifted
        )
    )
    (found,) = (
        one for one in of_flights(parts, [*HONEST, "day", "week", "name", "wear"]) if one.check == "adversarial"
    )
    assert (found.severity, found.passed, set(found.evidence)) == ("note", None, {"wear"})


@pytest.mark.parametrize(
    ("name", "task"),
    [("breast_cancer", "binary"), ("wine", "multiclass"), ("digits", "multiclass"), ("diabetes", "regression")],
)
def test_classics_are_let_pass_and_their_leaks_named(name: str, task: str) -> None:
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    chance = np.random.default_rng(0)
    target = data.target.astype(float)
    names = [f"f{number}" for number in range(data.data.shape[1])]
    frame = pl.DataFrame(data.data, schema=names).with_columns(id=pl.int_range(pl.len()))
    told: dict[str, Any] = {"by": "random", "entity": "id"}
    order = chance.permutation(len(frame))
    train, test = order[: len(frame) * 2 // 3], order[len(frame) * 2 // 3 :]

    def asked(frame: pl.DataFrame, names: list[str]) -> set[tuple[str, str]]:
        facts = columns(frame, names)
        return named(leakage(frame[train], target[train], facts, task, test=frame[test], **told))

    assert asked(frame, names) == set()
    spread = target.std() * 1e-3
    leak = target + chance.normal(0, spread, len(frame)) if task != "multiclass" else target
    assert asked(frame.with_columns(leak=pl.Series(leak)), [*names, "leak"]) == {("single_feature_too_good", "leak")}
    copied = frame.with_columns(id=pl.int_range(pl.len()) + 10_000)[train[:40]]
    facts = columns(frame, names)
    found = leakage(frame[train], target[train], facts, task, test=pl.concat([frame[test], copied]), **told)
    assert named(found) == {("duplicates_across", "features")}
