"""Months: whatever the batches and wherever they wait, the same rows come out in the same order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fullcycle.data.months import Months

START = datetime(2024, 1, 30, tzinfo=UTC)
ROWS = pl.DataFrame(
    {
        "at": [START + timedelta(hours=7 * number) for number in range(200)],
        "id": [f"r{number * 31 % 200:03}" for number in range(200)],
    },
    schema={"at": pl.Datetime("us", "UTC"), "id": pl.String},
)


def filled(rows: pl.DataFrame, cuts: list[int], **where: object) -> Months:
    months = Months("at", ("at", "id"), **where)  # type: ignore[arg-type]
    edges = [0, *sorted(cuts), len(rows)]
    for start, end in pairwise(edges):
        months.add(rows[start:end])
    return months


@given(st.lists(st.integers(0, 200), max_size=6), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_and_their_order_do_not_matter(tmp_path: Path, cuts: list[int], chance: object, disk: bool) -> None:
    order = list(range(200))
    chance.shuffle(order)  # type: ignore[attr-defined]
    where = {"spool": tmp_path, "in_memory": 500} if disk else {}
    months = filled(ROWS[order], cuts, **where)
    assert_frame_equal(months.all(), ROWS)
    assert [period.name for period in months.periods()] == ["2024-01", "2024-02", "2024-03"]
    assert sum(period.rows for period in months.periods()) == 200


def test_a_large_month_on_disk_is_cut_into_days(tmp_path: Path) -> None:
    months = filled(ROWS, [90], spool=tmp_path, in_memory=1, most=50)
    names = [period.name for period in months.periods()]
    assert names[:2] == ["2024-01", "2024-02-01"]
    assert_frame_equal(months.all(), ROWS)


@pytest.mark.parametrize("disk", [False, True])
def test_between_reads_what_lies_between(tmp_path: Path, disk: bool) -> None:
    months = filled(ROWS, [10, 150], **({"spool": tmp_path, "in_memory": 1} if disk else {}))
    start, end = START + timedelta(days=10), START + timedelta(days=40)
    assert_frame_equal(months.between(start, end), ROWS.filter(pl.col("at") >= start, pl.col("at") < end))
    assert months.between(end, start).is_empty()
    assert months.between(START - timedelta(days=90), START).columns == ROWS.columns


def test_what_waited_on_disk_is_gone_with_it(tmp_path: Path) -> None:
    months = filled(ROWS, [100], spool=tmp_path, in_memory=1)
    months.periods()
    assert list(tmp_path.iterdir())
    del months
    assert not list(tmp_path.iterdir())


def test_no_rows_are_no_periods() -> None:
    assert filled(ROWS.clear(), []).periods() == ()
    assert filled(ROWS.clear(), []).all().columns == ["at", "id"]
