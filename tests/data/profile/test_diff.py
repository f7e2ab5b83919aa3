"""Diff: what changed between two datasets is what was changed in their rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from fullcycle.data.diff import RowChanges, changes, diff, rows_changed, shifts
from fullcycle.data.profile import profile
from fullcycle.data.records import Column, Dataset
from fullcycle.data.sources.files import parquet
from fullcycle.data.table import Segment
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.finding import Finding
from parcels import dataset, history, parcels, store

KEY = ("id", "sent")


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> FolderBlobs:
    return store(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="module")
def made(blobs: FolderBlobs) -> Dataset:
    return dataset(history(parcels()), blobs)


class Counting:
    """Blobs that remember what was read."""

    def __init__(self, blobs: FolderBlobs) -> None:
        self.blobs, self.read = blobs, []

    def get(self, name: str) -> bytes:
        self.read.append(name)
        return self.blobs.get(name)


def with_rows(made: Dataset, blobs: FolderBlobs, segments: dict[str, pl.DataFrame], **over: object) -> Dataset:
    table = tuple(
        Segment(period=period, rows=len(rows), blob=blobs.put(parquet(rows)))
        for period, rows in sorted(segments.items())
    )
    return replace(made, table=table, **over)


def rows_of(made: Dataset, blobs: FolderBlobs) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(blobs.path(segment.blob)) for segment in made.table)


def test_a_dataset_does_not_differ_from_itself(made: Dataset, blobs: FolderBlobs) -> None:
    counting = Counting(blobs)
    found = diff(made, made, counting, key=KEY)
    assert found.sentences() == ("nothing changed",)
    assert found.rows == RowChanges(same=sum(segment.rows for segment in made.table))
    assert counting.read == []


def test_rows_that_came_went_changed_and_moved_are_counted(made: Dataset, blobs: FolderBlobs) -> None:
    rows = rows_of(made, blobs)
    first, second, third = rows[:40], rows[40:80], rows[80:]
    before = with_rows(made, blobs, {"2024-01": first, "2024-02": second, "2024-03": third})
    heavier = third.with_columns(
        weight=pl.when(pl.int_range(pl.len()) < 3).then(pl.col("weight") + 1).otherwise("weight"),
        city=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("city"),
    )
    new = rows[:2].with_columns(id=pl.Series(["new 1", "new 2"]))
    after = with_rows(
        made,
        blobs,
        {"2024-01": first, "2024-02": pl.concat([second[5:], new]), "2024-03": pl.concat([second[:2], heavier])},
    )
    counting = Counting(blobs)
    found = rows_changed(before, after, counting, key=KEY)
    assert (found.added, found.removed, found.changed) == (2, 3, 3)
    assert found.cells == {"city": 1, "weight": 3}
    assert found.same == len(rows) - 3 - 3
    assert before.table[0].blob not in counting.read
    back = rows_changed(after, before, blobs, key=KEY)
    assert (back.added, back.removed, back.changed) == (3, 2, 3)
    with pytest.raises(ColumnMissing, match="parcel"):
        rows_changed(before, after, blobs, key=["parcel"])


def test_repeated_keys_are_paired_in_their_order(made: Dataset, blobs: FolderBlobs) -> None:
    row = rows_of(made, blobs)[:1]
    once, twice = (with_rows(made, blobs, {"2024-01": pl.concat([row] * times)}) for times in (1, 2))
    assert rows_changed(once, twice, blobs, key=KEY) == RowChanges(same=1, added=1)


def test_schema_quality_distribution_and_fields_are_told(made: Dataset, blobs: FolderBlobs) -> None:
    rows = rows_of(made, blobs)
    columns = tuple(
        replace(column, kind="text", unit="kg") if column.name == "city" else column for column in made.columns
    )
    after = with_rows(
        made,
        blobs,
        {"2024-03": rows.with_columns(weight=pl.col("weight") * 3, heavy=pl.lit(1))},
        columns=(*columns, Column(name="heavy", kind="integer", known="before", feature=True)),
        findings=(*made.findings[1:], Finding(check="fresh", subject="table", passed=False)),
        embargo=made.embargo + 1,
    )
    found = diff(made, after, blobs, key=KEY)
    assert {change.path for change in found.schema} == {"city.kind", "city.unit", "heavy"}
    assert (found.schema[0].before, found.schema[0].after) == ('"category"', '"text"')
    assert found.rows.cells == {"weight": rows["weight"].is_not_null().sum()}
    shifted = found.shifts[0]
    assert (shifted.column, shifted.real) == ("weight", True)
    assert shifted.effect > 0.3
    assert not any(shift.real for shift in found.shifts[1:])
    gone = made.findings[0]
    assert {change.path for change in found.quality} == {f"{gone.check} of {gone.subject}", "fresh of table"}
    assert [change.path for change in found.fields] == ["embargo"]
    told = " | ".join(found.sentences())
    for words in ("rows: 0 added", "distribution of weight", "schema: heavy came", "fresh of table came", "embargo: "):
        assert words in told


def test_records_of_any_kind_are_compared_field_by_field(made: Dataset) -> None:
    fewer = replace(made, left_out=("x", *made.left_out), parts={name: made.parts[name] for name in ("train", "test")})
    paths = [change.path for change in changes(made, fewer)]
    assert paths[0].startswith("left_out[")
    assert paths[-1] == "parts.validation"
    assert changes(made, made) == ()


def test_equal_distributions_are_no_shift() -> None:
    rng = np.random.default_rng(0)
    facts = [Column(name=f"x{place}", kind="float", known="before", feature=True) for place in range(30)]

    def drawn(n: int) -> dict:
        return profile(pl.DataFrame({fact.name: rng.normal(size=n) for fact in facts}), facts)

    before, after = drawn(5000), drawn(3000)
    assert not any(shift.real for shift in shifts(before, after))
    assert all(shift.psi < 0.02 for shift in shifts(before, after))
