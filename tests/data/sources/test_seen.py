"""What was found out about a file is kept while it is as it was; the reading is that of a fresh one, and no cell is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fullcycle.data.kept import Kept
from fullcycle.data.sources.formats import compression, json_lines, text
from fullcycle.data.sources.formats.seen import seen
from fullcycle.data.sources.formats.table import File
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.data.sources.settings import Source

ROWS = pl.DataFrame({"id": range(300), "name": ["Zoë", None, "Al"] * 100, "paid": [1.5, 2.0, None] * 100})
WRITERS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "csv": pl.DataFrame.write_csv,
    "jsonl": pl.DataFrame.write_ndjson,
    "parquet": pl.DataFrame.write_parquet,
}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(sys.modules["fullcycle.data.sources.formats.seen"], "_SETTLED", -(10**18))  # old at once
    return Kept(tmp_path / "kept")


@pytest.fixture
def gone_through(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were gone through from end to end."""
    found: list[str] = []
    chunks = compression.chunks

    def counted(file: File) -> Iterator[bytes]:
        yield from chunks(file)
        found.append(file.path.name)

    monkeypatch.setattr(text, "HEAD", 64)  # else the head of a small file is all of it
    for module in (compression, text):
        monkeypatch.setattr(module, "chunks", counted)
    return found


@pytest.mark.parametrize("kind", WRITERS)
def test_only_a_new_file_of_a_glob_is_gone_through(
    tmp_path: Path, kept: Kept, gone_through: list[str], kind: str
) -> None:
    source = Source(name="rows", location=f"*.{kind}")
    WRITERS[kind](ROWS, tmp_path / f"a.{kind}")
    first = read(source, tmp_path, kept=kept)
    assert f"a.{kind}" in gone_through
    WRITERS[kind](ROWS.reverse(), tmp_path / f"b.{kind}")
    gone_through.clear()
    second = read(source, tmp_path, kept=kept)
    assert set(gone_through) == {f"b.{kind}"}
    fresh = read(source, tmp_path)
    assert second.fingerprint == fresh.fingerprint != first.fingerprint
    assert (second.columns, second.findings) == (fresh.columns, fresh.findings)
    assert whole(second).equals(whole(fresh))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_was_written_again_is_gone_through_again(tmp_path: Path, kept: Kept, kind: str) -> None:
    source, path = Source(name="rows", location=f"a.{kind}"), tmp_path / f"a.{kind}"
    for rows in (ROWS, ROWS.with_columns(paid=pl.lit(2.5)), ROWS.with_columns(paid=pl.lit("free"))):
        WRITERS[kind](rows, path)
        for _ in range(2):
            found, fresh = read(source, tmp_path, kept=kept), read(source, tmp_path)
            assert found.fingerprint == fresh.fingerprint
            assert whole(found).equals(whole(fresh))


def test_no_cell_is_kept(tmp_path: Path, kept: Kept) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "name": "SECRET"}\nSECRET, no object\n{"id": 2}\n')
    (tmp_path / "b.csv").write_text("id,name\n1,SECRET\n2,SECRET,3\n3,\n")
    for location in ("a.jsonl", "b.csv"):
        readings = [read(Source(name="rows", location=location), tmp_path, kept=kept) for _ in range(2)]
        rows = [whole(one) for one in readings]
        assert rows[0].equals(rows[1])
        assert readings[0].broken().height == 1
        assert readings[0].broken().equals(readings[1].broken())
    bodies = [path.read_bytes() for path in (tmp_path / "kept").iterdir()]
    assert len(bodies) == 3
    assert not any(b"SECRET" in body for body in bodies)


def test_a_file_that_was_just_written_is_not_trusted(tmp_path: Path) -> None:
    path, kept = tmp_path / "a.csv", Kept(tmp_path / "kept")
    path.write_text("id\n1\n")
    file = File(path, "a.csv", "csv", kept=kept)
    assert [seen(file, "one", 1, lambda body=body: body) for body in (b"1", b"2")] == [b"1", b"2"]  # type: ignore[misc]
    assert seen(file._replace(path=tmp_path / "none.csv"), "one", 1, lambda: b"3") == b"3"


def test_kinds_of_a_file_that_is_gone_through_once_are_those_of_all_its_rows(tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"b": 1}\n{"a": "x", "b": 2.5}\n{"c": null}\n')
    tables = [json_lines.opened(File(path, "a.jsonl", "jsonl", kept=kept), Source(name="a", location="")) for _ in "ab"]
    assert dict(tables[0].schema) == dict(tables[1].schema) == {"b": pl.Float64, "a": pl.String, "c": pl.Null}
    assert list(tables[1].schema) == ["b", "a", "c"]
