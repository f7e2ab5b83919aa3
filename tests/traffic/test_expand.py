"""Logged JSON becomes typed columns again."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.traffic.expand import expand

ROWS = [
    '{"f":1,"i":2,"b":true,"c":"UA","t":"x","w":"2013-01-01T12:00:00.000000Z"}',
    '{"f":0.1,"i":null,"b":false,"c":null,"t":"","w":"2013-01-01T12:00:00.5+02:00","more":[1]}',
    '{"w":"2013-01-01T12:00:00"}',
    "{}",
]
AFTER = ['{"delay":4.5,"left":"2013-01-02"}', None, "{}", '{"delay":-1}']
KINDS = {"i": "integer", "f": "float", "b": "boolean", "c": "category", "t": "text", "w": "time"}


def test_every_kind_comes_back() -> None:
    got = expand(pl.DataFrame({"row": ROWS}), KINDS)
    assert got["f"].to_list() == [1.0, 0.1, None, None]
    assert got["i"].to_list() == [2, None, None, None]
    assert got["b"].to_list() == [True, False, None, None]
    assert got["c"].to_list() == ["UA", None, None, None]
    assert got["t"].to_list() == ["x", "", None, None]
    noon = datetime(2013, 1, 1, 12, tzinfo=UTC)
    assert got["w"].to_list() == [noon, datetime(2013, 1, 1, 10, 0, 0, 500_000, tzinfo=UTC), noon, None]
    assert got.columns == list(KINDS)
    assert got["w"].dtype == pl.Datetime("us", "UTC")


def test_what_is_known_after_comes_from_the_outcome() -> None:
    got = expand(pl.DataFrame({"row": ROWS, "after": AFTER}), {"delay": "float", "c": "category", "left": "time"})
    assert got["delay"].to_list() == [4.5, None, None, -1.0]
    assert got["c"].to_list() == ["UA", None, None, None]
    assert got["left"].to_list() == [datetime(2013, 1, 2, tzinfo=UTC), None, None, None]


@pytest.mark.parametrize("after", [None, "{}"])
def test_columns_nobody_has_are_null_and_as_long_as_the_frame(after: str | None) -> None:
    frame = pl.DataFrame({"row": ["{}"] * 3, "after": pl.Series([after] * 3, dtype=pl.String)})
    assert expand(frame, {"w": "time", "x": "float"}).rows() == [(None, None)] * 3
    assert expand(frame.head(0), {"w": "time", "x": "float"}).shape == (0, 2)
    assert expand(frame, {}).height == 3


@pytest.mark.parametrize("row", ["not json", '{"w":"soon"}', '{"i":"many"}', '{"f":"x"}', '{"i":2.5}', "[1]"])
def test_what_does_not_fit_is_refused(row: str) -> None:
    with pytest.raises(InputError, match="does not fit"):
        expand(pl.DataFrame({"row": ["{}", row]}), {"w": "time", "i": "integer", "f": "float"})


def test_whole_numbers_are_exact_however_they_are_written() -> None:
    rows = ['{"i":9007199254740993}', '{"i":3.0}', "{}", '{"i":-1e3}']
    assert expand(pl.DataFrame({"row": rows}), {"i": "integer"})["i"].to_list() == [2**53 + 1, 3, None, -1000]


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UnknownKey, match="write 'float'"):
        expand(pl.DataFrame({"row": ["{}"]}), {"x": "flaot"})
