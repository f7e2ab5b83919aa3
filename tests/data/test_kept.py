"""Kept: a month that came to something is not looked at again, and what is kept changes no result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from fullcycle.data import make
from fullcycle.data.contract.settings import Rules
from fullcycle.data.kept import Kept
from fullcycle.kernel.blobs import FolderBlobs
from parcels import FACTS, changed, dataset, history, local, parcels
from parcels import store as folder_blobs

LATER = local(150)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return folder_blobs(tmp_path / "blobs")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many rows were held against the contract, and sketched."""
    counted = {"judged": 0, "sketched": 0}

    def counting(name: str, call: Any) -> Any:
        def counted_call(*given: Any, **named: Any) -> Any:
            counted[name] += sum(len(one) for one in given if isinstance(one, pl.DataFrame))
            return call(*given, **named)

        return counted_call

    globals_of_make = make.function.__globals__
    for step, call, name in (("portrait_of", "profile", "sketched"), ("store_months", "_made", "judged")):
        module = globals_of_make[step].__globals__
        monkeypatch.setitem(module, call, counting(name, module[call]))
    return counted


def test_a_second_dataset_of_the_same_rows_looks_at_none(
    blobs: FolderBlobs, kept: Kept, looked_at: dict[str, int]
) -> None:
    past = history(parcels(days=100))
    first = dataset(past, blobs, as_of=LATER, kept=kept)
    assert looked_at == {"judged": 500, "sketched": first.parts["train"].rows}
    looked_at.update(judged=0, sketched=0)
    again = dataset(past, blobs, as_of=LATER, kept=kept)
    assert looked_at == {"judged": 0, "sketched": 0}
    assert again.id == first.id == dataset(past, blobs, as_of=LATER).id


def test_a_grown_history_looks_at_what_is_new(blobs: FolderBlobs, kept: Kept, looked_at: dict[str, int]) -> None:
    rows = parcels(days=122)
    dataset(history(rows[: 5 * 92]), blobs, as_of=LATER, kept=kept)  # until the end of May
    looked_at.update(judged=0, sketched=0)
    grown = dataset(history(rows), blobs, as_of=LATER, kept=kept)
    assert looked_at["judged"] == 5 * 30
    since_april = grown.parts["train"].rows - grown.table[0].rows  # training ends later now: in May, not in April
    assert looked_at["sketched"] == since_april
    assert grown.id == dataset(history(rows), blobs, as_of=LATER).id


def test_a_changed_cell_and_a_changed_rule_are_looked_at(
    blobs: FolderBlobs, kept: Kept, looked_at: dict[str, int]
) -> None:
    rows = parcels(days=100)
    dataset(history(rows), blobs, as_of=LATER, kept=kept)
    mended = history(changed(rows, 2, weight="-4.5"))
    looked_at.update(judged=0, sketched=0)
    found = dataset(mended, blobs, as_of=LATER, kept=kept)
    assert looked_at["judged"] == 5 * 31  # March, by New York's clock all of it in March by UTC
    assert sum(found.turned_away.values()) == 1
    assert found.id == dataset(mended, blobs, as_of=LATER).id
    stricter = history(rows, {**FACTS, "weight": replace(FACTS["weight"], high=5.0)})
    looked_at.update(judged=0, sketched=0)
    dataset(stricter, blobs, as_of=LATER, kept=kept)
    assert looked_at["judged"] == 500


def test_where_a_key_is_unique_among_all_months_every_month_is_looked_at(
    blobs: FolderBlobs, kept: Kept, looked_at: dict[str, int]
) -> None:
    past = history(parcels(days=60), rules=Rules(unique=(("id",),)))
    for _ in range(2):
        looked_at.update(judged=0)
        dataset(past, blobs, as_of=LATER, kept=kept)
        assert looked_at["judged"] == 300


def test_a_month_that_was_erased_is_made_anew(blobs: FolderBlobs, kept: Kept, looked_at: dict[str, int]) -> None:
    past = history(parcels(days=60))
    made = dataset(past, blobs, as_of=LATER, kept=kept)
    blobs.erase(made.table[0].blob, blobs.get(made.table[1].blob))
    looked_at.update(judged=0)
    dataset(past, blobs, as_of=LATER, kept=kept)
    assert looked_at["judged"] == 5 * 31


def test_what_is_damaged_is_not_read(tmp_path: Path, kept: Kept) -> None:
    key = kept.key("test", 1, {"a": 1})
    assert kept.get(key) is None
    kept.put(key, b"something")
    assert kept.get(key) == b"something"
    path = tmp_path / "kept" / key
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert kept.get(key) is None
    path.write_bytes(b"")
    assert kept.get(key) is None


def test_the_oldest_goes_first_and_all_of_it_on_demand(tmp_path: Path) -> None:
    kept = Kept(tmp_path, most=400)
    for place, key in enumerate("abc"):
        kept.put(key, bytes(100))
        os.utime(tmp_path / key, (place, place))
    assert kept.get("a") is not None  # asked for: now the newest
    kept.prune()
    assert [kept.get(key) is not None for key in "abc"] == [True, False, True]
    kept.clear()
    assert kept.get("a") is None
    kept.clear()
