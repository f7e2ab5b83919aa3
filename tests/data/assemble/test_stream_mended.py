"""A mended row takes the place of the broken one; others stay."""

from __future__ import annotations

import polars as pl

from fullcycle.data.assemble.stream import united
from fullcycle.data.sources.reading import of_frame, whole

FIRST = pl.DataFrame({"id": ["a", "b", None], "at": ["1", "1", "2"], "x": ["?", "2", "3"]})


def key(rows: pl.DataFrame) -> pl.Series:
    if "at" not in rows.columns:
        return pl.Series("", [None], pl.String).new_from_index(0, len(rows))
    return rows.select(pl.format("{} {}", "id", "at")).to_series()


MENDED = pl.DataFrame({"id": ["a"], "at": ["1"], "x": ["9"], "reasons": ["x: not of type float"], "raw": [None]})


def test_a_mended_row_takes_the_place_of_the_broken_one() -> None:
    found = whole(united([of_frame(FIRST, "f"), of_frame(MENDED, "m")], key))
    assert sorted(found.rows(), key=str) == [("a", "1", "9"), ("b", "1", "2"), (None, "2", "3")]


def test_the_last_of_several_mended_rows_counts() -> None:
    again = MENDED.with_columns(x=pl.lit("10"))
    found = whole(united([of_frame(FIRST, "f"), of_frame(MENDED, "m"), of_frame(again, "n")], key))
    assert found.filter(pl.col("id") == "a")["x"].to_list() == ["10"]


def test_without_the_keys_rows_are_added() -> None:
    found = whole(united([of_frame(FIRST, "f"), of_frame(MENDED.drop("at"), "m")], key))
    assert len(found) == 4
