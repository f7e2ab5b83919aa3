"""A Dataset of version 1, written by fullcycle 0.1.0, is read as it was meant, under the id it was written with."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from fullcycle.data.records import Dataset
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.record import digest, read

KEPT = Path(__file__).parent / "dataset_1"


def test_an_old_dataset_is_read(tmp_path: Path) -> None:
    body, blobs = (KEPT / "record.json").read_bytes(), FolderBlobs(tmp_path)
    table = blobs.put((KEPT / "table.parquet").read_bytes())
    found = read(body)
    assert isinstance(found, Dataset)
    assert found.id == digest(body)
    assert [(origin.name, segment.blob) for origin, segment in zip(found.sources, found.table, strict=True)] == [
        ("parcels", table)
    ]
    whole = pl.read_parquet(KEPT / "table.parquet")
    assert found.rows(blobs).equals(whole)
    for name, part in found.parts.items():
        rows = found.rows(blobs, name)
        assert len(rows) == part.rows > 0
        assert part.start <= rows["sent"].min() <= rows["sent"].max() < part.end  # type: ignore[operator]
