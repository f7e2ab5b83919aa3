"""Classes of people who cannot be told apart, counted by segments; rows past their time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.anonymity import anonymity_findings, classes, merge, quasi
from fullcycle.data.privacy.retention import kept_from, retention_due, retention_finding
from fullcycle.data.privacy.settings import Privacy
from fullcycle.kernel.errors import ColumnMissing, InputError

PEOPLE = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(30, 33)), st.booleans()), min_size=1, max_size=60
)


def table(rows):
    return pl.DataFrame(rows, schema={"zip": pl.String, "age": pl.Int64, "ill": pl.Boolean}, orient="row")


@given(PEOPLE, st.integers(1, 60))
def test_k_is_that_of_counting_by_hand_whatever_the_segments(rows, cut):
    parts = [classes(table(part), ("zip", "age"), target="ill") for part in (rows[:cut], rows[cut:]) if part]
    found = anonymity_findings(merge(parts), Privacy(k_at_least=3))
    sizes = Counter(row[:2] for row in rows)
    assert found[0].value == min(sizes.values())
    assert found[0].evidence["rows_below"] == sum(size for size in sizes.values() if size < 3)
    told = [row for row in rows if len({other[2] for other in rows if other[:2] == row[:2]}) == 1]
    if len(found) > 1:
        assert found[1].value == pytest.approx(len(told) / len(rows))


def test_a_small_class_is_named_without_its_values():
    counted = classes(table([("a", 30, True)] * 9 + [("Secretville", 99, False)]), ("zip", "age"))
    (found,) = anonymity_findings(counted, Privacy())
    assert (found.passed, found.severity, found.subject) == (False, "warn", "zip, age")
    assert "Secretville" not in repr(found)


def test_no_quasi_identifiers_no_finding():
    assert quasi({"age": ColumnFact(type="integer")}) == ()
    assert anonymity_findings(classes(table([]), ("zip",)), Privacy()) == ()


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ColumnMissing, match="zipp"):
        classes(table([]), ("zipp",))


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 900))
def test_rows_past_their_retention_are_those_before_it(ages, days):
    rows = pl.DataFrame({"at": [NOW - timedelta(days=age) for age in ages]}, schema={"at": pl.Datetime("us", "UTC")})
    assert retention_due(rows, "at", f"{days}d", NOW).to_list() == [age > days for age in ages]


def test_without_a_retention_nothing_goes():
    rows = pl.DataFrame({"at": [NOW, None]}, schema={"at": pl.Datetime("us", "UTC")})
    assert retention_due(rows, "at", None, NOW).to_list() == [False, False]
    assert retention_due(rows, "at", "1d", NOW).to_list() == [False, False]


def test_a_retention_that_is_no_duration_names_its_place():
    with pytest.raises(InputError, match="retention"):
        kept_from("two years", NOW)


def test_what_went_is_counted():
    assert retention_finding(7, "30d", NOW).value == 7
