"""Files: every cell as it stands there, and what is wrong with a file by its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from fullcycle.data.sources import SOURCES
from fullcycle.data.sources.files import parquet, read_source
from fullcycle.kernel.errors import InputError, UnknownKey


def read(folder: Path, body: bytes, name: str = "rows.csv") -> dict[str, list[str | None]]:
    (folder / name).write_bytes(body)
    frame, fingerprint = read_source(name, folder)
    assert fingerprint == hashlib.sha256(body).hexdigest()
    return frame.to_dict(as_series=False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        (b"\xef\xbb\xbfa,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        (b"a,b\r\n1,2\r\n3,4", {"a": ["1", "3"], "b": ["2", "4"]}),
        (b'a,b\n1,"x, ""y"""\n', {"a": ["1"], "b": ['x, "y"']}),
        (b'a,b\n1,"two\nlines"\n2,\n', {"a": ["1", "2"], "b": ["two\nlines", None]}),
        (b'"a;1",b\n1,2\n', {"a;1": ["1"], "b": ["2"]}),
        (b"a,b\n007,1e5\nNA,\n", {"a": ["007", None], "b": ["1e5", None]}),
        (b"a\n1\n2\n", {"a": ["1", "2"]}),
        ("a,b\nKöln,日本\n".encode(), {"a": ["Köln"], "b": ["日本"]}),
    ],
    ids=["plain", "BOM", "CRLF", "quotes", "line break", "sign in header", "as text", "one column", "UTF-8"],
)
def test_cells_stay_as_they_are(tmp_path: Path, body: bytes, expected: dict[str, list[str | None]]) -> None:
    assert read(tmp_path, body) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", r"the file is empty"),
        (b" \n\n", r"the file is empty"),
        (b"a,b\n", r"a header but no rows"),
        (b"a;b\n1;2\n", r"rows\.csv:1: the delimiter is another one: found ';', expected ','"),
        (b"a\tb\n1\t2\n", r"delimiter .* '\\t'"),
        (b"a,b\n1,2\n3,4,5\n", r"not a table .* cells as the header"),
        (b"a,b\n1,2\n3\n4,5\n", r"row 2: a line has too few cells: found 1, expected 2"),
        (b'a,b\n1,"2\n3,4\n', r"not a table"),
        (b"a,b\n1,2\n1,caf\xe9\n", r"rows\.csv:3: not UTF-8 text: found 'byte 0xe9'"),
        ("a,b\n1,2\n".encode("utf-16"), r"rows\.csv:1: not UTF-8 text"),
        (b"a,b,a\n1,2,3\n", r"two columns have the same name: found 'a'"),
    ],
    ids=["empty", "blank", "header only", "semicolon", "tab", "long", "short", "quote", "latin-1", "UTF-16", "twice"],
)
def test_what_is_wrong_is_named(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, body)


def test_a_blank_line_is_a_row_without_values(tmp_path: Path) -> None:
    assert read(tmp_path, b"a,b\n1,2\n\n3,4\n") == {"a": ["1", None, "3"], "b": ["2", None, "4"]}


def test_tabs(tmp_path: Path) -> None:
    assert read(tmp_path, b"a\tb\n1,5\t2\n", "rows.tsv") == {"a": ["1,5"], "b": ["2"]}
    with pytest.raises(InputError, match=r"found ',', expected '\\t'"):
        read(tmp_path, b"a,b\n1,2\n", "rows.tsv")


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert read(tmp_path, b"a,b\n1,2\n", "ROWS.CSV") == {"a": ["1"], "b": ["2"]}


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").touch()
    (tmp_path / "zebra.csv").touch()
    with pytest.raises(InputError, match=r"flihgts\.csv: the file is missing: expected flights\.csv") as error:
        read_source("flihgts.csv", tmp_path)
    assert "[[data.sources]]" in error.value.mend
    with pytest.raises(InputError, match="the file is missing"):
        read_source("nowhere/flights.csv", tmp_path)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_source("rows.csv", tmp_path)


def test_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "rows.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"found '\.xlsx', expected \.csv, \.tsv or \.parquet"):
        read_source("rows.xlsx", tmp_path)


def test_parquet_keeps_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [1.5, 2.5]})
    frame.write_parquet(tmp_path / "rows.parquet")
    assert read_source("rows.parquet", tmp_path)[0].equals(frame)


@pytest.mark.parametrize("body", [b"hello", b"PAR1", b"PAR1" + b"\0" * 50 + b"PAR1"])
def test_what_is_not_parquet(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "rows.parquet").write_bytes(body)
    with pytest.raises(InputError, match="not a Parquet file"):
        read_source("rows.parquet", tmp_path)


def test_parquet_without_rows(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).clear().write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="no rows"):
        read_source("rows.parquet", tmp_path)


@pytest.fixture
def weather() -> Iterator[pl.DataFrame]:
    frame = pl.DataFrame({"rain": [1.0, 2.0]})
    SOURCES.add("weather", lambda since: frame)
    yield frame
    SOURCES.remove("weather")


def test_a_source_of_the_projects_own(tmp_path: Path, weather: pl.DataFrame) -> None:
    frame, fingerprint = read_source("python:weather", tmp_path)
    assert frame.equals(weather)
    assert fingerprint == hashlib.sha256(parquet(weather)).hexdigest()
    with pytest.raises(UnknownKey, match="write 'weather'"):
        read_source("python:wheather", tmp_path)
