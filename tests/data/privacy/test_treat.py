"""Dropped, hashed, masked, kept."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.privacy.treat import masked, treat
from fullcycle.kernel.errors import InputError
from fullcycle.traffic.schema import entity_hash

KEY = b"k" * 32
HASH, MASK = ColumnFact(type="text", personal="hash"), ColumnFact(type="text", personal="mask")


def test_each_decision():
    rows = pl.DataFrame({"a": ["x", None], "b": ["x", None], "c": ["x", None], "d": ["x", None], "e": [1, 2]})
    facts = {
        "a": ColumnFact(type="text", personal="drop"),
        "b": HASH,
        "c": MASK,
        "d": ColumnFact(type="text", personal="keep", because="it is public"),
        "e": ColumnFact(type="integer"),
    }
    treated = treat(rows, facts, KEY)
    assert treated.columns == ["b", "c", "d", "e"]
    assert treated.rows() == [(entity_hash(KEY, "x"), "•••", "x", 1), (None, None, None, 2)]


def test_a_hash_is_that_of_traffic_whatever_type_the_key_was_read_as():
    as_text = treat(pl.DataFrame({"id": ["12"]}), {"id": HASH}, KEY)
    as_integer = treat(pl.DataFrame({"id": [12]}), {"id": HASH}, KEY)
    as_float = treat(pl.DataFrame({"id": [12.0]}), {"id": HASH}, KEY)
    assert as_text.rows() == as_integer.rows() == as_float.rows() == [(entity_hash(KEY, "12"),)]


def test_another_key_gives_another_hash():
    rows = pl.DataFrame({"id": ["12"]})
    assert treat(rows, {"id": HASH}, KEY)["id"][0] != treat(rows, {"id": HASH}, b"q" * 32)["id"][0]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=30))
def test_hashes_tell_apart_what_was_apart_and_nothing_else(values):
    rows = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
    hashed = treat(rows, {"x": HASH}, KEY)["x"].to_list()
    assert [one is None for one in hashed] == [one is None for one in values]
    assert len(set(hashed)) == len(set(values))
    assert all(len(one) == 32 for one in hashed if one is not None)


def test_segments_are_treated_as_the_whole_is():
    rows = pl.DataFrame({"x": [f"{number % 7}@example.org" for number in range(50)]})
    parts = [treat(rows.slice(start, 10), {"x": HASH}, KEY) for start in range(0, 50, 10)]
    assert pl.concat(parts).equals(treat(rows, {"x": HASH}, KEY))


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("ada@example.org", "•••@example.org"),
        ("write to ada@example.org", "•••"),
        ("+49 30 901820", "+49 •••"),
        ("+1 212-555-0134", "+1 •••"),
        ("030 901820", "•••"),
        ("+999 nonsense", "•••"),
        ("192.168.0.1", "•••"),
        ("", "•••"),
    ],
)
def test_a_mask_leaves_domain_or_country(value, left):
    assert masked(value) == left


def test_numbers_and_times_are_masked_too():
    rows = pl.DataFrame({"n": [3, None], "t": [dt.date(1999, 1, 2), None]})
    assert treat(rows, {"n": MASK, "t": MASK}, KEY).rows() == [("•••", "•••"), (None, None)]


def test_keeping_needs_a_reason():
    with pytest.raises(InputError, match="without a reason"):
        treat(pl.DataFrame({"x": ["y"]}), {"x": ColumnFact(type="text", personal="keep")}, KEY)


def test_a_hash_needs_a_key():
    with pytest.raises(InputError, match="length"):
        treat(pl.DataFrame({"x": ["y"]}), {"x": HASH}, b"")
