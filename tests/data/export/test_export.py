"""A dataset for others: the datasheet says what the record says; Croissant describes the files that are written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import polars as pl
import pytest

from fullcycle.data.export.croissant import write
from fullcycle.data.export.datasheet import datasheet
from fullcycle.data.export.sheet import sections
from fullcycle.data.records import Dataset, Origin
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.finding import Finding
from pages import Page
from parcels import charter, dataset, history, parcels, store

POST = Origin(
    name="post",
    location="post.csv",
    owner="Post & <Co>",
    licence="CC-BY-4.0",
    purpose="delivery",
    collected="scan | ners",
)
LOW = Finding(
    check="label_rate", subject="city: group 1", value=-0.2, low=-0.3, high=-0.1, passed=False, severity="warn"
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Dataset, FolderBlobs]:
    blobs = store(tmp_path_factory.mktemp("export"))
    made = dataset(history(parcels(days=45)), blobs)
    columns = tuple(
        msgspec.structs.replace(one, personal="hash", because="<b>so</b>") if one.name == "id" else one
        for one in made.columns
    )
    return msgspec.structs.replace(made, sources=(POST,), columns=columns, findings=(*made.findings, LOW)), blobs


def test_the_page_is_whole_and_needs_nothing_beside_it(kept):
    page = datasheet(kept[0], charter(), retention="730d")
    parser = Page(page)
    assert (parser.open, parser.outside) == ([], [])
    assert "Post &amp; &lt;Co&gt;" in page
    assert "<b>so" not in page
    assert kept[0].id in page


def test_markdown_tables_have_as_many_cells_as_heads(kept):
    text = datasheet(kept[0], charter(), form="markdown")
    tables = [block.splitlines() for block in text.split("\n\n") if block.lstrip().startswith("|")]
    assert len(tables) >= 6
    for lines in tables:
        widths = {line.replace("\\|", "").count("|") for line in lines if line.strip()}
        assert len(widths) == 1, lines
    assert "scan \\| ners" in text


def test_every_number_is_the_records(kept):
    made = kept[0]
    told = {answer.question: answer for section in sections(made, charter()) for answer in section.answers}
    rows = told["How are rows divided?"].grid.rows
    assert [row[0] for row in rows] == ["train", "validation", "test"]
    assert {row[0]: int(row[1]) for row in rows} == {name: part.rows for name, part in made.parts.items()}
    assert (
        f"{sum(one.rows for one in made.table):,} rows"
        in told["What does a row stand for, and how many are there?"].text
    )
    assert [row[0] for row in told["What does a row consist of?"].grid.rows] == [one.name for one in made.columns]
    bias = told["Are groups of people treated alike?"].grid.rows
    assert bias == (("label_rate", "city: group 1", "-0.2", "-0.3 to -0.1", "", "fell short (warn)"),)
    listed = sum(len(answer.grid.rows) for answer in told.values() if answer.grid and answer.grid.heads[0] == "check")
    assert listed == len(made.findings)


def test_undecided_is_said_only_of_what_seems_personal(kept):
    names = [one.name for one in kept[0].columns if one.name != "id"]
    found = Finding(check="personal_data", subject=names[0], value=1.0, passed=False, severity="reject")
    made = msgspec.structs.replace(kept[0], findings=(found,))
    told = {answer.question: answer for section in sections(made, charter()) for answer in section.answers}
    marks = {row[0]: row[5] for row in told["What does a row consist of?"].grid.rows}
    assert (marks["id"], marks[names[0]]) == ("hash", "undecided")
    assert {marks[name] for name in names[1:]} == {"none found"}


def test_what_nobody_stated_is_not_made_up(kept):
    bare = msgspec.structs.replace(kept[0], sources=(Origin(name="post"),))
    told = {answer.question: answer for section in sections(bare, charter()) for answer in section.answers}
    for question in ("Under which licence?", "How long are rows kept?", "Who owns the data?"):
        assert (told[question].text, told[question].known) == ("not stated", "missing")


def test_the_same_record_gives_the_same_sheet(kept):
    assert datasheet(kept[0], charter()) == datasheet(kept[0], charter())


def exported(kept, folder: Path) -> Path:
    return write(
        *kept, folder, name="parcels", description="Which parcels come late?", url="https://example.org/parcels"
    )


def test_croissant_describes_the_files_that_are_there(kept, tmp_path):
    made, blobs = kept
    document = json.loads(exported(kept, tmp_path).read_bytes())
    assert "http://mlcommons.org/croissant/1.1" in document["conformsTo"]
    assert document["license"] == "https://spdx.org/licenses/CC-BY-4.0"
    files = {one["@id"]: one for one in document["distribution"] if one["@type"] == "cr:FileObject"}
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")}
    assert set(files) == there
    for path, one in files.items():
        assert hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() == one["sha256"]
    for part in made.parts:
        written = pl.concat(pl.read_parquet(path) for path in sorted((tmp_path / "data" / part).iterdir()))
        assert written.equals(made.rows(blobs, part))
    fields = next(one for one in document["recordSet"] if one["@id"] == "rows")["field"]
    assert [field["name"] for field in fields] == ["split", *(column.name for column in made.columns)]


def test_croissant_twice_is_the_same(kept, tmp_path):
    first, second = (exported(kept, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


def test_croissant_leaves_out_what_nobody_stated(kept, tmp_path):
    bare = msgspec.structs.replace(kept[0], sources=(Origin(name="post"),))
    document = json.loads(write(bare, kept[1], tmp_path, name="p", description="d").read_bytes())
    assert not {"license", "creator", "url"} & set(document)


@pytest.mark.filterwarnings("ignore")
def test_croissant_is_valid_and_loads(kept, tmp_path):
    """The reference implementation finds no error, and yields every row with its part."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install 'mlcroissant[parquet]'")
    loaded = mlcroissant.Dataset(exported(kept, tmp_path))
    assert loaded.metadata.ctx.is_v1_1()
    assert not loaded.metadata.ctx.issues.errors
    parts = [row["rows/split"].decode() for row in loaded.records("rows")]
    assert {name: parts.count(name) for name in set(parts)} == {name: part.rows for name, part in kept[0].parts.items()}
