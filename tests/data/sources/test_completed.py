"""Columns that a source adds because its rows lack them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from fullcycle.data.sources.completed import completed
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import BATCH, of_frame, whole
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError


def test_rows_are_numbered_through_all_batches() -> None:
    rows = of_frame(pl.DataFrame({"a": pl.int_range(BATCH + 2, eager=True)}), "ab")
    reading = completed(rows, Source(name="rows", location="rows.csv", row_number=True))
    assert len(list(reading.batches())) == 2
    assert whole(reading)["row_number"].to_list() == list(range(1, BATCH + 3))
    assert whole(reading)["row_number"].to_list()[:2] == [1, 2], "a second reading counts from 1 again"


def test_a_snapshot_dates_every_row_and_is_part_of_what_was_read(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n2\n")
    plain = read(Source(name="rows", location="rows.csv"), tmp_path)
    taken = [
        read(Source(name="rows", location="rows.csv", snapshot=day), tmp_path) for day in ("2026-01-31", "2026-02-01")
    ]
    assert whole(taken[0])["snapshot"].to_list() == [datetime(2026, 1, 31, tzinfo=UTC)] * 2
    assert taken[0].columns == ("a", "snapshot")
    assert len({reading.fingerprint for reading in (plain, *taken)}) == 3


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source(name="rows", location="rows.csv", snapshot="yesterday"), "no date.*'yesterday'.*2026-01-31"),
        (Source(name="rows", location="rows.csv", row_number=True), "'row_number' of its own.*leave out"),
    ],
)
def test_what_cannot_be_added_is_told(tmp_path: Path, source: Source, told: str) -> None:
    (tmp_path / "rows.csv").write_text("a,row_number\n1,7\n")
    with pytest.raises(InputError, match=told.replace("'yesterday'", "yesterday")):
        read(source, tmp_path)
