"""The rows of a dataset: samples follow from each month's own rows, so that a month that is kept is not read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fullcycle.data.kept import Kept
from fullcycle.data.table import Segment, Table, drawn_share
from fullcycle.kernel.blobs import FolderBlobs
from parcels import dataset, history, local, parcels
from parcels import store as folder_blobs

LATER = local(200)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return folder_blobs(tmp_path / "blobs")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The months that were read."""
    found: list[str] = []
    frame = Table.frame

    def counted(self: Table, segment: Segment, *asked: object) -> pl.DataFrame:
        found.append(segment.period)
        return frame(self, segment, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "frame", counted)
    return found


def table(days: int, blobs: FolderBlobs) -> tuple[Table, int]:
    made = dataset(history(parcels(days=days)), blobs, as_of=LATER)
    return Table(made.table, made.division, blobs), made.parts["train"].rows


def test_a_sample_is_of_the_part_in_order_and_within_the_limit(blobs: FolderBlobs) -> None:
    whole, rows = table(150, blobs)
    for limit in (40, 100, 300):
        drawn = whole.sample("train", rows, limit)
        assert 0.6 * limit < drawn.height <= limit
        assert drawn.equals(whole.sample("train", rows, limit))
        assert drawn.equals(drawn.sort("sent", "id"))
        assert drawn.join(whole.rows("train"), on=["sent", "id"], how="anti").height == 0
    assert whole.sample("train", rows, rows).equals(whole.rows("train"))


def test_what_is_kept_is_not_read_again_and_changes_nothing(
    blobs: FolderBlobs, tmp_path: Path, read: list[str]
) -> None:
    kept = Kept(tmp_path / "kept")
    whole, rows = table(150, blobs)
    read.clear()
    first = whole.sample("train", rows, 100, kept)
    assert len(read) == len(set(read)) > 2
    read.clear()
    assert whole.sample("train", rows, 100, kept).equals(first)
    assert read == []
    blobs.erase(whole.segments[1].blob, blobs.get(whole.segments[2].blob))
    whole.sample("train", rows, 100, kept)
    assert read == [whole.segments[1].period]


def test_a_month_more_changes_no_row_of_the_others(blobs: FolderBlobs, tmp_path: Path, read: list[str]) -> None:
    kept = Kept(tmp_path / "kept")
    before, _ = table(150, blobs)
    after, rows = table(152, blobs)
    early = before.sample("train", rows, 100, kept)
    read.clear()
    late = after.sample("train", rows, 100, kept)
    assert set(read) <= {after.segments[place].period for place in (-3, -2, -1)}  # where training ends, and what is new
    end = early["sent"][-20]
    assert late.filter(pl.col("sent") < end).equals(early.filter(pl.col("sent") < end))


def test_no_part_of_a_month_is_read_in_vain(blobs: FolderBlobs, read: list[str]) -> None:
    whole, _ = table(150, blobs)
    read.clear()
    rows = whole.rows("test")
    assert len(read) < len(whole.segments)
    assert rows.height > 0
    assert whole.rows("nothing").height == 0


def test_shares_have_four_steps_a_doubling_and_keep_within_the_limit() -> None:
    rows = np.geomspace(1e5, 1e9, 500).astype(int)
    shares = [drawn_share(int(one), 100_000) for one in rows]
    assert all(0.79 * 98_000 <= share * one <= 98_000 for share, one in zip(shares, rows, strict=True))
    assert len(set(shares)) < 4 * np.log2(1e9 / 1e5) + 2
