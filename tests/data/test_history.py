"""The past as it was known at any time: no order of the rows, and nothing that came later, changes it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fullcycle.data.history import History
from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.days import local_days
from parcels import DAY, DERIVED, FACTS, ZONE, changed, dataset, history, local, parcels, store

RAW = parcels()
BROKEN = changed(changed(changed(RAW, 3, weight="x"), 7, sent="soon"), 11, delay="late")
AS_OF = local(25, 6)

few = hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.integers(0, 2**32))
@few
def test_the_order_of_the_rows_does_not_matter(tmp_path: Path, seed: int) -> None:
    order = random.Random(seed).sample(range(len(BROKEN)), len(BROKEN))
    one, other = history(BROKEN), history(BROKEN[order])
    assert_frame_equal(cut(one, AS_OF), cut(other, AS_OF))
    assert_frame_equal(one.arriving(local(3), local(20)), other.arriving(local(3), local(20)))
    assert_frame_equal(one.outcomes(local(3), local(20)), other.outcomes(local(3), local(20)))
    known, same = (past.known(AS_OF, before=local(20)) for past in (one, other))
    assert_frame_equal(known.rows, same.rows)
    assert (known.known.tolist(), known.days.tolist(), known.void) == (
        same.known.tolist(),
        same.days.tolist(),
        same.void,
    )
    assert dataset(one, store(tmp_path), as_of=AS_OF).id == dataset(other, store(tmp_path), as_of=AS_OF).id


def cut(past: History, as_of: datetime) -> pl.DataFrame:
    """Every row of the past as it was known."""
    return pl.concat([past.rows.empty, *(frame for _, frame in past.cut(as_of))])


def due(past: History, as_of: datetime) -> pl.DataFrame:
    return pl.concat([past.rows.empty, *(frame for _, frame in past.due(as_of))])


def sent(raw: pl.DataFrame) -> pl.Series:
    return raw["sent"].str.to_datetime().dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")


LATER_OUTCOMES = (sent(RAW) + DAY > AS_OF).arg_true().to_list()
LATER_ROWS = (sent(RAW) >= AS_OF).arg_true().to_list()


@given(
    st.lists(st.tuples(st.sampled_from(LATER_OUTCOMES), st.sampled_from(["99", "-5", None, "junk", "31"])), max_size=8),
    st.lists(st.tuples(st.sampled_from(LATER_ROWS), st.sampled_from(["1", "junk", None, "-3"])), max_size=8),
    st.integers(0, len(LATER_ROWS)),
)
@few
def test_nothing_that_comes_later_changes_what_was_known(
    tmp_path: Path, outcomes: list[tuple[int, str | None]], weights: list[tuple[int, str | None]], dropped: int
) -> None:
    raw = RAW
    for row, cell in outcomes:
        raw = changed(raw, row, delay=cell)
    for row, cell in weights:
        raw = changed(raw, row, weight=cell)
    raw = raw.head(len(raw) - dropped)
    one, other = history(RAW), history(raw)
    known, same = (past.known(AS_OF, before=AS_OF) for past in (one, other))
    assert_frame_equal(known.rows, same.rows)
    assert known.classes == same.classes
    assert_frame_equal(one.quarantine(AS_OF), other.quarantine(AS_OF))
    blobs = store(tmp_path)
    assert dataset(one, blobs, as_of=AS_OF).id == dataset(other, blobs, as_of=AS_OF).id


def test_each_column_as_it_was_known() -> None:
    past = history(RAW)
    at = local(20, 6)  # the row of four o'clock is two hours old
    rows = cut(past, at).filter(pl.col("sent") >= local(20))
    assert rows["sent"].to_list() == [local(20, 4), local(20, 5)]
    assert rows["first_scan"].is_not_null().to_list() == [True, False]
    assert rows["delay"].null_count() == rows["late"].null_count() == 2
    whole = cut(past, local(22))
    assert whole.filter(pl.col("sent") >= local(21))["delay"].null_count() == 5
    assert (
        whole.filter(pl.col("sent") < local(20, 6))["late"].null_count()
        == whole.filter(pl.col("sent") < local(20, 6))["delay"].null_count()
    )


def test_a_row_is_there_from_its_time_on() -> None:
    past = history(RAW)
    at = local(20, 4)
    assert at not in cut(past, at)["sent"].to_list()
    assert at in cut(past, at + timedelta(microseconds=1))["sent"].to_list()
    assert at in cut(past, at + DAY)["sent"].to_list()
    assert at in due(past, at + DAY)["sent"].to_list()
    assert at not in due(past, at + DAY - timedelta(microseconds=1))["sent"].to_list()


def test_before_cuts_further() -> None:
    past = history(RAW)
    assert past.known(AS_OF, before=local(10)).rows["sent"].max() < local(10)  # type: ignore[operator]


def test_known_and_void_are_all_that_is_due() -> None:
    past = history(RAW)
    known, ripe = past.known(AS_OF, before=AS_OF), due(past, AS_OF)
    assert known.void > 0
    assert len(known.known) + known.void == len(ripe)
    assert known.known.tolist() == [float(delay > 30) for delay in known.rows["delay"]]
    assert known.days.tolist() == local_days(known.rows["sent"], ZONE).tolist()
    assert known.classes == ("false", "true")


def test_arrivals_show_nothing_that_is_known_later() -> None:
    rows = history(RAW).arriving(local(3), local(5))
    assert rows.columns == ["id", "sent", "weight", "city"]
    assert rows["sent"].to_list() == [local(day, hour) for day in (3, 4) for hour in range(4, 9)]


def test_outcomes_come_once_when_the_delay_has_passed() -> None:
    past = history(RAW)
    days = [past.outcomes(local(day), local(day + 1)) for day in range(1, 33)]
    came = pl.concat(days)
    assert came["id"].sort().to_list() == RAW["id"].sort().to_list()
    assert (came["at"] == came["sent"] + DAY).all()
    assert came["void"].is_not_null().to_list() == came["delay"].is_null().to_list()
    assert came["void"].drop_nulls().unique().to_list() == ["not recorded"]
    assert came.columns == ["id", "sent", "first_scan", "delay", "at", "void"]


def test_derived_columns_chain_and_come_when_the_last_of_what_they_read_comes() -> None:
    past = history(RAW, derived={**DERIVED, "quick": "first_scan < 10", "light": "weight < 1"})
    assert past.kinds["heavy_late"] == "boolean"
    assert past.delays["heavy_late"] == DAY
    assert past.delays["quick"] == timedelta(hours=2)
    assert past.delays["light"] == timedelta()
    row = past.rows.all().filter(pl.col("delay").is_not_null()).row(0, named=True)
    assert row["heavy_late"] == (row["delay"] > 30 and row["weight"] > 5)


@pytest.mark.parametrize(
    ("over", "error", "words"),
    [
        ({"target": "lat"}, ColumnMissing, r"'lat' is missing, which \[scoping\] target needs.*did you mean 'late'"),
        ({"derived": {"late": "dely > 30"}}, ColumnMissing, r"\[data.derive\] late.*did you mean 'delay'"),
        ({"derived": {"b": "late", "late": "delay > 30"}}, ColumnMissing, "'late'"),
        ({"derived": {**DERIVED, "weight": "delay"}}, InputError, "has the name of a column .* found 'weight'"),
        ({"target": "city"}, InputError, "target of a binary question cannot be a category"),
        ({"target": "late", "task": "multiclass"}, InputError, "multiclass question cannot be a boolean"),
        ({"target": "city", "task": "regression"}, InputError, "expected boolean or integer or float"),
        ({"label_delay": timedelta(hours=1)}, InputError, "'first_scan' is known later than the outcome: found '2h'"),
    ],
)
def test_what_does_not_fit_is_named(over: dict[str, object], error: type[InputError], words: str) -> None:
    with pytest.raises(error, match=words):
        history(RAW, **over).known(AS_OF, before=AS_OF)


def test_a_binary_target_of_zeros_and_ones() -> None:
    raw = RAW.with_columns(delay=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("1")).otherwise(pl.lit("0")))
    facts = {**FACTS, "delay": ColumnFact(type="integer", known="after")}
    known = history(raw, facts, target="delay", derived={}).known(AS_OF, before=AS_OF)
    assert set(known.known.tolist()) == {0.0, 1.0}
    with pytest.raises(InputError, match=r"'delay' has values that are neither 0 nor 1: found 2\.0"):
        history(changed(raw, 2, delay="2"), facts, target="delay", derived={}).known(AS_OF, before=AS_OF)


def test_classes_are_those_that_were_seen_in_order() -> None:
    facts = {**FACTS, "city": ColumnFact(type="category", known="after")}
    past = history(changed(RAW, len(RAW) - 1, city="Aachen"), facts, task="multiclass", target="city")
    known = past.known(AS_OF, before=AS_OF)
    assert known.classes == ("Bonn", "Kiel", "Ulm")
    assert [known.classes[int(code)] for code in known.known] == known.rows["city"].to_list()
    assert past.known(local(40), before=local(40)).classes == ("Aachen", "Bonn", "Kiel", "Ulm")


def test_a_regression_has_numbers_and_no_classes() -> None:
    known = history(RAW, task="regression", target="delay").known(AS_OF, before=AS_OF)
    assert known.classes == ()
    np.testing.assert_array_equal(known.known, known.rows["delay"].to_numpy())


def test_nothing_is_known_at_the_beginning() -> None:
    known = history(RAW).known(datetime(2020, 1, 1, tzinfo=AS_OF.tzinfo), before=AS_OF)
    assert (len(known.rows), len(known.known), known.void) == (0, 0, 0)
    facts = {**FACTS, "city": ColumnFact(type="category", known="after")}
    past = history(RAW, facts, task="multiclass", target="city")
    assert past.known(datetime(2020, 1, 1, tzinfo=AS_OF.tzinfo), before=AS_OF).classes == ()


def test_an_outcome_that_is_known_at_once_is_still_not_known_before() -> None:
    past = history(RAW, {**FACTS, "first_scan": ColumnFact(type="float", known="after")}, label_delay=timedelta())
    assert past.delays["delay"] > timedelta()
