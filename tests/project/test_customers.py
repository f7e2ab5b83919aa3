"""The example ``customers``: purchases become rows, labels and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fullcycle.data.assemble import assemble
from fullcycle.data.sources.reading import of_frame, whole
from fullcycle.examples.customers import rows
from fullcycle.measure.metrics import roc_auc
from fullcycle.project import Project
from fullcycle.project.init import init_example

NAMED = ("customer", "at", "buys_again")


@pytest.fixture(scope="module")
def purchases() -> pl.DataFrame:
    return rows()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("projects") / "customers"
    assert init_example(folder, "customers") == ()  # nothing is left for a person to decide
    assert (folder / "purchases.parquet").exists()
    return Project(folder)


def made(project: Project, purchases: pl.DataFrame) -> pl.DataFrame:
    settings, scoping = project.settings.data, project.settings.scoping
    assembled = assemble(
        settings,
        {"purchases": of_frame(purchases, "purchases")},
        project.columns,
        zone=project.settings.project.timezone,
        time=scoping.time,
        target=scoping.target,
        label_delay=project.label_delay,
    )
    table = whole(assembled)
    assert len(assembled.broken()) == 0
    return table


@pytest.fixture(scope="module")
def table(project: Project, purchases: pl.DataFrame) -> pl.DataFrame:
    return made(project, purchases)


def test_the_purchases_are_all_there(purchases: pl.DataFrame) -> None:
    assert (len(purchases), purchases["customer"].n_unique()) == (69_659, 23_570)
    assert purchases["amount"].sum() == pytest.approx(2_500_315.63, abs=0.01)


def test_every_column_that_is_made_is_declared(project: Project, table: pl.DataFrame) -> None:
    assert sorted(table.columns) == sorted(project.columns)
    assert table["at"].n_unique() == 39


def test_a_row_says_what_a_person_reads_off_the_purchases(table: pl.DataFrame, purchases: pl.DataFrame) -> None:
    for row in table.sample(20, seed=1).rows(named=True):
        at = row["at"]
        own = purchases.filter(pl.col("customer") == row["customer"]).with_columns(
            pl.col("purchased").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
        )
        past = own.filter(pl.col("purchased") + timedelta(hours=12) <= at)
        recent = past.filter(pl.col("purchased") > at - timedelta(days=90))
        ahead = own.filter(pl.col("purchased") > at, pl.col("purchased") <= at + timedelta(days=90))
        assert row["purchases_count_90d"] == len(recent)
        assert row["purchases_amount_sum_90d"] == pytest.approx(recent["amount"].sum())
        assert row["purchases_days_since"] == pytest.approx((at - past["purchased"].max()) / timedelta(days=1))
        settled = at + timedelta(days=91) <= datetime(1998, 7, 1, 4, tzinfo=UTC)
        assert row["buys_again"] == (len(ahead) > 0 if settled else None)


def test_purchases_of_the_future_change_no_feature(
    project: Project, table: pl.DataFrame, purchases: pl.DataFrame
) -> None:
    cut = datetime(1997, 9, 1)
    shuffled = purchases.with_columns(
        pl.when(pl.col("purchased") >= cut)
        .then(pl.col("amount").reverse() + 7)
        .otherwise(pl.col("amount"))
        .alias("amount")
    )
    before = pl.col("at") < pl.lit(cut).dt.replace_time_zone("UTC")
    other = made(project, shuffled)
    assert other.filter(before).equals(table.filter(before))
    assert not other.filter(~before).equals(table.filter(~before))


def test_the_question_can_be_answered_and_not_too_well(table: pl.DataFrame) -> None:
    """Days since the last purchase alone; a model adds little, and more than 0.9 would be a leak."""
    known = table.filter(pl.col("buys_again").is_not_null(), pl.col("at") >= datetime(1998, 1, 14, tzinfo=UTC))
    outcome = known["buys_again"].cast(pl.Float64).to_numpy()
    area = roc_auc(outcome, -known["purchases_days_since"].to_numpy())
    assert 0.7 < area < 0.85
    assert 0.1 < float(np.mean(outcome)) < 0.4
