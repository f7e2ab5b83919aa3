"""What seems personal and is undecided stops the cycle, and is kept nowhere until somebody decides."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from fullcycle.data import require_fit
from fullcycle.data.settings import ColumnFact
from fullcycle.kernel.errors import Refused
from parcels import FACTS, changed, dataset, history, parcels, settings, store

MAILS = parcels().with_columns(mail=pl.format("{}@example.org", "id"))


def test_undecided_cells_are_kept_nowhere(tmp_path: Path) -> None:
    blobs, facts = store(tmp_path), {**FACTS, "mail": ColumnFact(type="text")}
    made = dataset(history(changed(MAILS, 3, weight="x"), facts), blobs)
    with pytest.raises(Refused, match="personal_data of mail"):
        require_fit(made)
    assert made.rows(blobs)["mail"].null_count() == len(made.rows(blobs))
    assert pl.read_parquet(io.BytesIO(blobs.get(made.quarantine)))["mail"].null_count() == 1
    assert not [name for name in blobs.names() if b"example.org" in blobs.get(name)]


def test_decided_cells_are_kept_as_decided(tmp_path: Path) -> None:
    blobs = store(tmp_path)
    kept = {**FACTS, "mail": ColumnFact(type="text", personal="keep", because="we answer by mail")}
    made = dataset(history(MAILS, kept), blobs)
    require_fit(made)
    assert made.rows(blobs)["mail"].null_count() == 0


def test_free_text_is_kept_once_it_was_looked_through(tmp_path: Path) -> None:
    notes = parcels().with_columns(note=pl.format("the parcel {} of that day was heavy indeed", "id"))
    facts, blobs = {**FACTS, "note": ColumnFact(type="text")}, store(tmp_path)
    with pytest.raises(Refused, match="free_text of note"):
        require_fit(made := dataset(history(notes, facts), blobs))
    assert made.rows(blobs)["note"].null_count() == len(made.rows(blobs))
    made = dataset(history(notes, facts), blobs, given=settings(privacy={"reviewed": ["note"]}))
    require_fit(made)
    assert made.rows(blobs)["note"].null_count() == 0
    assert [it.evidence["decision"] for it in made.findings if it.check == "free_text"] == ["reviewed"]


@pytest.mark.parametrize("by", ["group", "stratified", "random"])
def test_every_kind_of_split_makes_a_dataset(tmp_path: Path, by: str) -> None:
    made = dataset(history(parcels(days=40, per_day=20)), store(tmp_path), given=settings(split={"by": by}))
    assert sum(part.rows for part in made.parts.values()) == len(made.rows(store(tmp_path)))
