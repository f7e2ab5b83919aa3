"""Twelve kinds of corruption planted in real flights, each caught under its right rule; clean redraws break none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import polars as pl
import pytest

from fullcycle.data.contract.findings import findings
from fullcycle.data.contract.infer import propose
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.tally import Tally, merge
from fullcycle.data.contract.violations import violations
from fullcycle.examples.flights import rows
from fullcycle.kernel.finding import Finding

KINDS = {
    "flight_id": "category",
    "scheduled_departure": "time",
    "carrier": "category",
    "flight": "category",
    "tailnum": "category",
    "origin": "category",
    "dest": "category",
    "distance": "integer",
    "air_time": "integer",
    "sched_dep_time": "integer",
    "sched_arr_time": "integer",
    "hour": "integer",
    "minute": "integer",
    "arr_delay": "integer",
}
ROWS = 20_000
TIME = "scheduled_departure"


@cache
def flights() -> pl.DataFrame:
    """Flights before the test period, in order of time."""
    early = rows().filter(pl.col(TIME) < pl.datetime(2013, 10, 1)).select(list(KINDS))
    return early.with_columns(pl.col(TIME).dt.replace_time_zone("UTC"))


def redraw(seed: int) -> pl.DataFrame:
    """Fresh rows of the same distribution, in order of time."""
    return flights().sample(ROWS, seed=seed).sort(TIME)


@cache
def contract() -> tuple[dict[str, ColumnFact], Rules]:
    """What is inferred from one draw, and the rules of the table as a person keeps them."""
    proposal = propose(redraw(0), KINDS, entity="flight_id", time=TIME)
    facts = {
        name: msgspec.convert({"type": kind, **msgspec.to_builtins(proposal.facts[name])}, ColumnFact)
        for name, kind in KINDS.items()
    }
    rules = Rules(
        unique=(("flight_id",),),
        freshness="2d",
        rows_at_least=ROWS * 9 // 10,
        check={"departs_at_its_hour": "sched_dep_time == hour * 100 + minute"},
    )
    assert any(line.startswith('unique = [["flight_id"]]') for line in proposal.rules)
    return facts, rules


def judged(frame: pl.DataFrame, *, parts: int = 1, later: timedelta = timedelta(hours=12)) -> tuple[Finding, ...]:
    """What is found, the rows held against the contract in so many parts."""
    facts, rules = contract()
    size = -(-frame.height // parts)
    tallies = [violations(part, rules, facts, zone="UTC", time=TIME).tally for part in frame.iter_slices(size)]
    return findings(merge(tallies), rules, facts, as_of=flights()[TIME][-1] + later)


def failed(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.check, finding.subject) for finding in found if finding.passed is False}


def test_what_is_inferred_is_worth_something() -> None:
    facts, _ = contract()
    assert facts["origin"].categories == ("EWR", "JFK", "LGA")
    assert facts["tailnum"].pattern
    assert facts["flight_id"].pattern == "[A-Z0-9]{3,6}-[A-Z]{3}-[0-9]{8}-[0-9]{4}" or facts["flight_id"].pattern
    assert (facts["minute"].low, facts["minute"].high) == (0, 59)
    assert facts["distance"].low == 0
    assert facts["hour"].required
    assert 0.02 < (facts["air_time"].missing_at_most or 0) < 0.3


@pytest.mark.parametrize("seed", range(1, 11))
def test_clean_redraws_break_no_rule(seed: int) -> None:
    fresh = redraw(seed)
    newest = flights()[-1:].with_columns(flight_id=pl.lit("ZZ1-JFK-20130930-2359"))
    assert failed(judged(pl.concat([fresh.unique("flight_id", maintain_order=True), newest]))) == set()


def some(change: pl.Expr, share: int = 50) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A column changed in one row of *share*."""
    name = change.meta.output_name()
    picked = pl.int_range(pl.len()) % share == 0
    return lambda frame: frame.with_columns(pl.when(picked).then(change).otherwise(pl.col(name)).alias(name))


CORRUPTIONS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], tuple[str, str]]] = {
    "null burst": (some(pl.lit(None, dtype=pl.String).alias("tailnum"), 3), ("missing_share", "tailnum")),
    "out of range": (some(pl.lit(99).alias("minute")), ("range", "minute")),
    "unit slip": (some(pl.col("distance") * 1000), ("range", "distance")),
    "new category": (some(pl.lit("HPN").alias("origin")), ("categories", "origin")),
    "case and blanks": (some((" " + pl.col("origin").str.to_lowercase()).alias("origin")), ("categories", "origin")),
    "repeated key": (lambda frame: pl.concat([frame, frame[:40]]), ("unique", "flight_id")),
    "stale batch": (
        lambda frame: frame.filter(pl.col(TIME) < pl.col(TIME).max() - timedelta(days=9)),
        ("freshness", "table"),
    ),
    "too few rows": (lambda frame: frame.gather_every(5), ("rows", "table")),
    "numbers as text": (
        lambda frame: frame.with_columns(pl.format("{} mi", "distance").alias("distance")),
        ("type", "distance"),
    ),
    "swapped columns": (
        lambda frame: frame.rename({"origin": "dest", "dest": "origin"}).select(frame.columns),
        ("categories", "origin"),
    ),
    "broken pattern": (some((pl.lit("n/") + pl.col("tailnum")).alias("tailnum")), ("pattern", "tailnum")),
    "columns that contradict": (some((pl.col("hour") + 1).alias("hour")), ("check", "departs_at_its_hour")),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_caught_under_its_rule(name: str) -> None:
    corrupt, expected = CORRUPTIONS[name]
    found = judged(corrupt(redraw(1)))
    assert expected in failed(found)
    (finding,) = [one for one in found if (one.check, one.subject) == expected and one.passed is False]
    assert finding.value is not None


def test_no_finding_and_no_reason_holds_a_cell() -> None:
    facts, rules = contract()
    frame = redraw(1).with_columns(tailnum=pl.lit("secret/cell"))
    found = violations(frame, rules, facts, zone="UTC", time=TIME)
    text = msgspec.json.encode(findings(found.tally, rules, facts, as_of=datetime(2013, 10, 2, tzinfo=UTC))).decode()
    assert "secret" not in text
    assert found.quarantined["reasons"].unique().to_list() == ["tailnum: not of its pattern"]
    assert found.quarantined["tailnum"][0] == "secret/cell"


def test_case_and_blanks_are_mended_where_the_contract_says_so() -> None:
    facts, rules = contract()
    mended = {**facts, "origin": msgspec.structs.replace(facts["origin"], normalise=("strip", "lower"))}
    frame = CORRUPTIONS["case and blanks"][0](redraw(1))
    found = violations(frame, rules, mended, zone="UTC", time=TIME)
    assert not found.tally.broken.get("categories")
    assert set(found.kept["origin"].unique()) == {"EWR", "JFK", "LGA"}


@pytest.mark.parametrize("name", ["out of range", "null burst", "columns that contradict", "new category"])
def test_counts_of_parts_add_up_to_those_of_the_whole(name: str) -> None:
    facts, rules = contract()
    frame = CORRUPTIONS[name][0](redraw(1).unique("flight_id", maintain_order=True))

    def tally(parts: int) -> Tally:
        size = -(-frame.height // parts)
        return merge(violations(part, rules, facts, zone="UTC", time=TIME).tally for part in frame.iter_slices(size))

    whole: Any = tally(1)
    assert tally(7) == whole
    assert whole.rows == frame.height
