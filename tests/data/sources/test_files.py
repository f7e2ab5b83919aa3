"""Files: every cell as it stands there, and what is wrong with a file by its place."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.data.sources import SOURCES
from fullcycle.data.sources.files import parquet, read_files
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import BATCH, Reading, whole
from fullcycle.data.sources.settings import Pages, Source
from fullcycle.kernel.errors import InputError, UnknownKey

Cells = dict[str, list[object]]


def source(location: str = "rows.csv", **how: object) -> Source:
    return Source(name="rows", location=location, **how)  # type: ignore[arg-type]


def reading(folder: Path, body: bytes, name: str = "rows.csv", **how: object) -> Reading:
    (folder / name).write_bytes(body)
    return read(source(name, **how), folder)


def cells(folder: Path, body: bytes, name: str = "rows.csv", **how: object) -> Cells:
    return whole(reading(folder, body, name, **how)).to_dict(as_series=False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        (b"\xef\xbb\xbfa,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        (b"a,b\r\n1,2\r\n3,4", {"a": ["1", "3"], "b": ["2", "4"]}),
        (b"a,b\r1,2\r3,4\r", {"a": ["1", "3"], "b": ["2", "4"]}),
        (b'a,b\n1,"x, ""y"""\n', {"a": ["1"], "b": ['x, "y"']}),
        (b'a,b\n1,"two\nlines"\n2,\n', {"a": ["1", "2"], "b": ["two\nlines", None]}),
        (b'"a;1",b\n1,2\n', {"a;1": ["1"], "b": ["2"]}),
        (b'"a\nb",c\n1,2\n', {"a\nb": ["1"], "c": ["2"]}),
        (b"a,b\n007,1e5\nNA,\n", {"a": ["007", None], "b": ["1e5", None]}),
        (b"a\n1\n2\n", {"a": ["1", "2"]}),
        (b"a\n1\n\n2\n", {"a": ["1", None, "2"]}),
        (b"a,b\n1,2\n\n3,4\n\n\n", {"a": ["1", None, "3"], "b": ["2", None, "4"]}),
        (b"\n\na,b\n1,2\n", {"a": ["1"], "b": ["2"]}),
        (b",b\n1,2\n", {"column_1": ["1"], "b": ["2"]}),
        (b'a,b\n5" disk,1\n3" disk,2\nx,\n', {"a": ['5" disk', '3" disk', "x"], "b": ["1", "2", None]}),
        ("a,b\nKöln,日本\n".encode(), {"a": ["Köln"], "b": ["日本"]}),
    ],
    ids=[
        *("plain", "BOM", "CRLF", "CR", "quotes", "line break", "sign in header", "break in header", "as text"),
        *("one column", "missing in one column", "blank lines", "blank lines first", "no name", "inches", "UTF-8"),
    ],
)
def test_cells_stay_as_they_are(tmp_path: Path, body: bytes, expected: Cells) -> None:
    found = reading(tmp_path, body)
    assert whole(found).to_dict(as_series=False) == expected
    assert whole(found).to_dict(as_series=False) == expected  # again, as often as one likes
    assert found.broken().is_empty()
    assert found.fingerprint == hashlib.sha256(body).hexdigest()
    assert found.columns == tuple(expected)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", r"rows\.csv: the file is empty"),
        (b" \n\n", r"the file is empty"),
        ("\ufeff".encode(), r"the file is empty"),
        (b"a,b\n", r"a header but no rows"),
        (b"a,b", r"a header but no rows"),
        (b"a,b\n\n\n", r"a header but no rows"),
        (b"a,b,a\n1,2,3\n", r"rows\.csv:1: two columns have the same name: found 'a'"),
        (b"a,b\n1\n2\n3,4\n", r"row 1: 2 of 3 lines are no rows of this table: found 1 cells, expected 2"),
        ("a,b\n1,2\n1,日本日本日本\n".encode()[:-2], r"rows\.csv:3: the file ends within a letter"),
        ("a,b\nÖl,Äß\n1,caf".encode() + b"\xe9\n", r"rows\.csv:3: not UTF-8 text: found 'byte 0xe9'"),
        (b"a,b\n1,2\n\0\0,3\n", r"rows\.csv:3: not a text file: found 'a zero byte'"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"not a text file: found 'bytes 89 50 4e 47'"),
        (
            b"<!DOCTYPE html>\n<html><head><title>Sign\nin</title></head></html>",
            r"a web page, not data: found 'HTML, Sign in'",
        ),
    ],
    ids=[
        *("empty", "blank", "only BOM", "header only", "header only, no line end", "header and blank lines", "twice"),
        *("ragged", "cut", "mostly UTF-8", "zeros", "picture", "page"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        cells(tmp_path, body)


@pytest.mark.parametrize(
    ("body", "rows", "broken"),
    [
        (b"a,b\n1,2\n3\n4,5\n", ["1", "4"], [(2, "3", "found 1 cells, expected 2")]),
        (b"a,b\r\n1,2\r\n3,4,5\r\n4,5\r\n", ["1", "4"], [(2, "3,4,5", "found 3 cells, expected 2")]),
        (b'a,b\n1,2\n3,"4\n5,6\n', ["1", "5"], [(2, '3,"4', "a quote is not closed where its cell ends")]),
        (b'a,b\n1,"2"x\n3,"4"\n5,6\n', ["3", "5"], [(1, '1,"2"x', "a quote is not closed where its cell ends")]),
        (b'a,b\n"x\ny"\n3,4\n\n5,6\n', ["3", None, "5"], [(1, '"x\ny"', "found 1 cells, expected 2")]),
        (b'a,b\n1,"x\n3,"y"\n5,6\n7,8\n', ["3", "5", "7"], [(1, '1,"x', "a quote is not closed where its cell ends")]),
    ],
    ids=["short", "long", "open quote", "after a quote", "short, two lines", "quote swallows"],
)
def test_lines_that_are_no_rows_cost_only_themselves(
    tmp_path: Path, body: bytes, rows: list[str], broken: list[tuple[int, str, str]]
) -> None:
    found = reading(tmp_path, body)
    assert whole(found)["a"].to_list() == rows
    assert found.broken().rows() == [("rows", *line) for line in broken]
    assert found.fingerprint == hashlib.sha256(body).hexdigest()


def test_rows_are_numbered_through_all_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcycle.data.sources.formats.compression.CHUNK", 1000)
    lines = [f'{row},"x\n{row}"' for row in range(3000)]
    lines[1234], lines[2500] = "1234", '2500,"a,b'
    found = reading(tmp_path, ("a,b\n" + "\n".join(lines)).encode())
    rows = whole(found)
    assert rows["a"].to_list() == [str(row) for row in range(3000) if row not in (1234, 2500)]
    assert rows["b"].to_list() == [f"x\n{row}" for row in range(3000) if row not in (1234, 2500)]
    assert found.broken()["row"].to_list() == [1235, 2501]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(st.text('ab",;\n 5é', max_size=4), min_size=3, max_size=3), min_size=1, max_size=30),
    bad=st.lists(st.sampled_from(["1", "1,2", "1,2,3,4", '"x"y,2,3']), max_size=6),
    size=st.integers(1, 60),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_written_is_read(
    tmp_path: Path, rows: list[list[str]], bad: list[str], size: int, ending: str
) -> None:
    """Every row comes back as it was, in its order, and every bad line among them stands apart, for any block size."""
    rows = [["id", *row[1:]] for row in rows] + [["id", "x", "y"]] * (len(bad) + 1)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(["a", "b", "c"])
    expected: list[tuple[str | None, ...]] = []
    for number, row in enumerate(rows):
        writer.writerow(row)
        expected.append(tuple(None if cell == "" else cell for cell in row))
        if number < len(bad):
            text.write(bad[number] + ending)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fullcycle.data.sources.formats.compression.CHUNK", size)
        found = reading(tmp_path, text.getvalue().encode(), delimiter=",", encoding="utf-8")
        assert whole(found).rows() == expected
        assert found.broken()["raw"].to_list() == bad


def test_a_stray_quote_does_not_hold_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcycle.data.sources.formats.compression.CHUNK", 1000)
    body = b'a,b\n5" disk,1\n' + b"".join(b"%d,%d\n" % (row, row) for row in range(5000))
    found = reading(tmp_path, body)
    assert whole(found)["a"].to_list() == ['5" disk', *map(str, range(5000))]


def test_batches_are_bounded_and_in_order(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": range(BATCH + 10), "b": "x"})
    frame.write_csv(tmp_path / "rows.csv")
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=1000)
    frame.write_ipc(tmp_path / "rows.arrow", compression="zstd", record_batch_size=100_000)
    frame.write_ipc_stream(tmp_path / "rows.arrows")
    frame.write_ndjson(tmp_path / "rows.jsonl")
    for name in ("rows.csv", "rows.parquet", "rows.arrow", "rows.arrows", "rows.jsonl"):
        found = read(source(name), tmp_path)
        parts = list(found.batches())
        assert len(parts) > 1, name
        assert max(map(len, parts)) <= BATCH, name
        assert pl.concat(parts).with_columns(pl.col("a").cast(pl.Int64)).equals(frame), name


@pytest.mark.parametrize(
    ("body", "how", "columns", "row"),
    [
        (b"a;b\n1,5;2\n3,7;4\n", {}, ("a", "b"), ("1,5", "2")),
        (b"a\tb\n1,5\t2\n", {}, ("a", "b"), ("1,5", "2")),
        (b"a|b\n1|x;y\n", {}, ("a", "b"), ("1", "x;y")),
        (b"a,b\n1;2,x\n3;4,y\n", {}, ("a", "b"), ("1;2", "x")),
        (b"a,b\n'1,5',x\n'2,5',y\n", {}, ("a", "b"), ("1,5", "x")),
        (b"name,b\nO'Hara,x\n", {}, ("name", "b"), ("O'Hara", "x")),
        (b" id  price \r\n 01   1.5\r\n 002 20.0\r\n", {}, ("id", "price"), ("01", "1.5")),
        (b"a  b\n1 2\n", {"delimiter": " "}, ("a", "b"), ("1", "2")),
        (b"name\nAna Ruiz\n", {}, ("name",), ("Ana Ruiz",)),
        (b"a:b\n1:2\n", {"delimiter": ":"}, ("a", "b"), ("1", "2")),
        (b"a;b\n1;2\n", {"delimiter": ","}, ("a;b",), ("1;2",)),
    ],
    ids=[
        "semicolon",
        "tab",
        "bar",
        "comma",
        "apostrophes",
        "an apostrophe",
        "aligned",
        "one blank",
        "names",
        "stated",
        "stated against all",
    ],
)
def test_the_dialect_is_found_out_unless_stated(
    tmp_path: Path, body: bytes, how: dict[str, str], columns: tuple[str, ...], row: tuple[str, ...]
) -> None:
    found = reading(tmp_path, body, **how)
    assert (found.columns, whole(found).row(0)) == (columns, row)


def test_tabs(tmp_path: Path) -> None:
    assert cells(tmp_path, b"a\tb\n1,5\t2\n", "rows.tsv") == {"a": ["1,5"], "b": ["2"]}
    assert cells(tmp_path, b"a,b\n1,2\n", "rows.tsv") == {"a": ["1"], "b": ["2"]}


def test_a_delimiter_is_one_sign(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a delimiter is one sign: found '::'"):
        reading(tmp_path, b"a\n1\n", delimiter="::")


WORDS = {
    "fr": "nom,ville\nRené,Besançon\nZoë,Orléans\n",
    "de": "name,ort\nMüller,Köln\nGroß,Düsseldorf\n",
    "one": "a,b\n1,2\n1,café\n",
    "euro": "a,price\n1,€5\n2,€7\n",
    "units": "x,y\n5 °C,30 µm\n±3,½\n",
    "quotes": "x,y\n“hello” – it’s,1\n",
    "ru": "имя,город\nИван,Москва\nПётр,Самара\n",
    "pl": "imię,miasto\nŁukasz,Kraków\nZażółć,Gdańsk\n",
    "ja": "名前,都市\n太郎,東京\n花子,大阪\n",
}


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        *((words, encoding) for words in WORDS for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")),
        *((words, "cp1252") for words in ("fr", "de", "one", "euro", "units", "quotes")),
        *((words, "latin-1") for words in ("fr", "de", "one", "units")),
        ("ru", "cp1251"),
        ("pl", "cp1250"),
        ("ja", "cp932"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, words: str, encoding: str) -> None:
    text = WORDS[words]
    (tmp_path / "rows.csv").write_bytes(text.encode(encoding))
    found = read_files(source(), tmp_path)
    rows = whole(found)
    assert [",".join(line) for line in [rows.columns, *rows.rows()]] == text.splitlines()
    told = found.findings[0].evidence["encoding"]
    assert "".encode(str(told)) == b""
    assert (found.findings[0].check, found.findings[0].severity) == ("file_read_as", "note")


def test_bytes_that_windows_lacks_make_it_latin(tmp_path: Path) -> None:
    assert cells(tmp_path, b"a,b\n\x81caf\xe9,1\n") == {"a": ["\x81café"], "b": ["1"]}


def test_a_stated_encoding_is_taken_at_its_word(tmp_path: Path) -> None:
    assert cells(tmp_path, "a,b\nЖ,1\n".encode("koi8-r"), encoding="koi8-r")["a"] == ["Ж"]
    with pytest.raises(InputError, match=r"rows\.csv:3: not UTF-8 text: found 'byte 0xe9', expected utf-8") as error:
        cells(tmp_path, b"a,b\n1,2\n1,caf\xe9\n", encoding="utf8")
    assert "'encoding'" in error.value.mend
    with pytest.raises(InputError, match=r"no such encoding: found 'utf-88'"):
        cells(tmp_path, b"a,b\n1,2\n", encoding="utf-88")
    with pytest.raises(InputError, match=r"not UTF-16-BE text|ends within a letter|no rows"):
        cells(tmp_path, b"a,b\n1,2\n\xd8\x00x", encoding="utf-16-be")


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"a,b\n1,2\n", "utf-16", r"rows\.csv:1: not UTF-16 text: no byte order mark"),
        (b"a,b\n1,2\n", "utf-32", r"rows\.csv:1: not UTF-32 text: no byte order mark"),
        (
            "a,b\n1,2\n".encode("utf-16"),
            "utf-8",
            r"rows\.csv:1: not UTF-8 text: .* found 'utf-16-le'.*write 'utf-16-le'",
        ),
        ("a,b\n1,2\n".encode("utf-8-sig"), "cp1252", r"not CP1252 text: .* found 'utf-8'"),
        (b"a,b\n1,2\n", "base64", r"no such encoding: found 'base64'"),
    ],
)
def test_a_stated_encoding_that_the_bytes_contradict(tmp_path: Path, body: bytes, encoding: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        cells(tmp_path, body, encoding=encoding)


def test_marks_of_the_stated_encoding_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert cells(tmp_path, "a,b\n1,2\n".encode(encoding), encoding=encoding) == {"a": ["1"], "b": ["2"]}


def compressed(body: bytes, suffix: str) -> bytes:
    if suffix == "gz":
        return gzip.compress(body)
    if suffix == "zst":
        zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
        return bytes(zstd.compress(body))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/rows.csv", body)
    return sink.getvalue()


@pytest.mark.parametrize("suffix", ["gz", "zip", "zst"])
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    body = b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * row) for row in range(20_000))
    packed = compressed(body, suffix)
    found = reading(tmp_path, packed, f"rows.csv.{suffix}")
    assert (len(whole(found)), found.columns) == (20_000, ("a", "b"))
    assert found.fingerprint == hashlib.sha256(body).hexdigest()  # of the content, not of a time stamp in the archive
    with pytest.raises(InputError, match=r"cut short|not a zip"):
        cells(tmp_path, packed[: len(packed) // 2], f"cut.csv.{suffix}")
    with pytest.raises(InputError, match=r"cut short|not a zip"):
        cells(tmp_path, b"a,b\n1,2\n", f"plain.csv.{suffix}")


def test_a_zip_with_a_password_is_named(tmp_path: Path) -> None:
    body = bytearray(compressed(b"a,b\n1,2\n", "zip"))
    body[6] |= 1  # the flag of its header, and of the directory at the end
    body[body.rfind(b"PK\1\2") + 8] |= 1
    with pytest.raises(InputError, match=r"cannot be unpacked: found .*encrypted"):
        cells(tmp_path, bytes(body), "rows.csv.zip")


def test_a_compressed_parquet(tmp_path: Path) -> None:
    body = parquet(pl.DataFrame({"a": [1, 2]}))
    assert cells(tmp_path, gzip.compress(body), "rows.parquet.gz") == {"a": [1, 2]}
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["rows.parquet.gz"]  # no copy stays


def test_a_zip_holds_one_table(tmp_path: Path) -> None:
    assert cells(tmp_path, compressed(b"a,b\n1,2\n", "zip"), "rows.zip") == {"a": ["1"], "b": ["2"]}
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("x.csv", "a\n1\n")
        archive.writestr("y.csv", "a\n1\n")
    with pytest.raises(InputError, match=r"one table: found 'x\.csv, y\.csv'"):
        read(source("two.zip"), tmp_path)


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert cells(tmp_path, b"a,b\n1,2\n", "ROWS.CSV") == {"a": ["1"], "b": ["2"]}


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").touch()
    (tmp_path / "zebra.csv").touch()
    with pytest.raises(InputError, match=r"flihgts\.csv: the file is missing: expected flights\.csv") as error:
        read(source("flihgts.csv"), tmp_path)
    assert "[[data.sources]]" in error.value.mend
    for location in ("nowhere/flights.csv", "file:///nowhere/flights.csv"):
        with pytest.raises(InputError, match="the file is missing"):
            read(source(location), tmp_path)
    with pytest.raises(InputError, match=r"no\*\.csv: no file fits"):
        read(source("no*.csv"), tmp_path)


def test_a_file_that_changes_is_not_read_on(tmp_path: Path) -> None:
    found = reading(tmp_path, b"a,b\n1,2\n")
    (tmp_path / "rows.csv").write_bytes(b"a,b\n1,2\n3,4\n")
    with pytest.raises(InputError, match=r"rows\.csv: the file was changed while it was read"):
        whole(found)


def test_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "rows.docx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"found '\.docx', expected one of .*\.csv.*\.parquet"):
        read(source("rows.docx"), tmp_path)
    (tmp_path / "rows").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InputError, match="no suffix"):
        read(source("rows"), tmp_path)
    assert read(source("rows", format="csv"), tmp_path).columns == ("a", "b")
    with pytest.raises(InputError, match="sources of this kind are not read: found 'ftp:'"):
        read(source("ftp://ana:s3cret@host/rows.csv"), tmp_path)


def test_the_environment_fills_in_a_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.csv").write_bytes(b"a,b\n1,2\n")
    monkeypatch.setenv("ROWS_FOLDER", str(tmp_path))
    assert read(source("${ROWS_FOLDER}/rows.csv"), tmp_path / "elsewhere").columns == ("a", "b")
    assert read(source(f"file://{tmp_path}/rows.csv"), tmp_path / "elsewhere").columns == ("a", "b")
    with pytest.raises(InputError, match=r"environment variable 'ROWS_FOLDRE' is not set.*did you mean 'ROWS_FOLDER'"):
        read(source("${ROWS_FOLDRE}/rows.csv"), tmp_path)


# --- columns with types


def test_parquet_and_arrow_keep_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"a": [1, None], "b": ["x", "y"], "c": [1.5, 2.5], "d": [dt.date(2020, 1, 1)] * 2, "e": ["u", "v"]},
        schema_overrides={"e": pl.Categorical},
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    frame.write_ipc(tmp_path / "rows.arrow")
    frame.write_ipc_stream(tmp_path / "rows.arrows")
    for name in ("rows.parquet", "rows.arrow", "rows.arrows"):
        found = read(source(name), tmp_path)
        assert whole(found).cast({"e": pl.String}).equals(frame.cast({"e": pl.String})), name
        assert found.fingerprint == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.arrows", "rows.xlsx"])
def test_what_is_cut_short_or_another_thing(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"a": range(5000), "b": [str(number) for number in range(5000)]})
    sink = io.BytesIO()
    if name.endswith("xlsx"):
        frame.write_excel(sink)
    else:
        {"parquet": frame.write_parquet, "arrow": frame.write_ipc, "arrows": frame.write_ipc_stream}[
            name.rpartition(".")[2]
        ](sink)
    body = sink.getvalue()
    for share in (0.999, 0.9, 0.5, 0.1, 0.01):
        with pytest.raises(InputError, match=r"cut short|damaged|not an? "):
            whole(reading(tmp_path, body[: int(len(body) * share)], name))
    for other in (b"hello", b"PAR1", b"PAR1" + b"\0" * 50 + b"PAR1", b"ARROW1", b"PK\3\4", b"\xff\xff\xff\xff\1"):
        with pytest.raises(InputError, match=r"cut short|damaged|not an? |no rows"):
            whole(reading(tmp_path, other, name))
    with pytest.raises(InputError, match="the file is empty"):
        reading(tmp_path, b"", name)
    with pytest.raises(InputError, match="web page"):
        reading(tmp_path, b"<html><body>no</body></html>", name)


def test_pages_damaged_within_a_parquet_name_the_rows(tmp_path: Path) -> None:
    body = bytearray(parquet(pl.DataFrame({"a": [str(number**3) for number in range(50_000)]})))
    body[2000:4000] = b"\x55" * 2000
    found = reading(tmp_path, bytes(body), "rows.parquet")
    with pytest.raises(InputError, match=r"rows 1 to 50000: the parquet file is cut short or damaged"):
        whole(found)


def test_without_rows(tmp_path: Path) -> None:
    empty = pl.DataFrame({"a": [1]}).clear()
    empty.write_parquet(tmp_path / "rows.parquet")
    empty.write_ipc(tmp_path / "rows.arrow")
    empty.write_excel(tmp_path / "rows.xlsx")
    for name in ("rows.parquet", "rows.arrow", "rows.xlsx"):
        with pytest.raises(InputError, match="no rows"):
            read(source(name), tmp_path)


def test_excel(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "rows.xlsx") as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, last in (("one", "x"), ("two", "y"), ("twice", "id")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["id", "price", "when", "flag", "mixed", last])
            for row in range(1, 2001):
                sheet.write_row(row, 0, [row, row / 4])
                sheet.write_datetime(row, 2, dt.datetime(2020, 1, 1, 5) + dt.timedelta(days=row), day)
                sheet.write_row(row, 3, [row % 2 == 0, "late" if row == 1999 else row, ""])
        book.add_worksheet("empty")
    found = read_files(source("rows.xlsx"), tmp_path)
    rows = whole(found)
    assert rows.row(0)[:5] == (1, 0.25, dt.datetime(2020, 1, 2, 5), False, "1")
    assert (rows.schema["id"], rows["mixed"][1998], len(rows)) == (pl.Int64(), "late", 2000)
    assert found.findings[0].evidence["sheet"] == "one"
    assert read(source("rows.xlsx", sheet="two"), tmp_path).columns[-1] == "y"
    for sheet, words in (
        ("tow", r"no sheet 'tow': found 'one, two, twice, empty', expected two"),
        ("twice", r"sheet 'twice', row 1: two columns have the same name: found 'id'"),
        ("empty", "the sheet is empty"),
    ):
        with pytest.raises(InputError, match=words):
            read(source("rows.xlsx", sheet=sheet), tmp_path)


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.xlsx").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(InputError, match=r"'fastexcel' is not installed.*pip install 'fullcycle\[excel\]'"):
        read(source("rows.xlsx"), tmp_path)


# --- JSON


def test_json_keeps_types_and_lays_objects_flat(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "from": {"city": "Bonn", "geo": {"lat": 50.7}}, "tags": ["a", 1], "n": 1, "mixed": "x", "ok": True},
        {"id": 2, "n": 2.5, "mixed": 7, "big": 2**70, "ok": None},
    ]
    expected = {
        "id": [1, 2],
        "from.city": ["Bonn", None],
        "from.geo.lat": [50.7, None],
        "tags": ['["a",1]', None],
        "n": [1.0, 2.5],
        "mixed": ["x", "7"],
        "ok": [True, None],
        "big": [None, str(2**70)],
    }
    assert cells(tmp_path, json.dumps(rows).encode(), "rows.json") == expected
    lines = "\n".join(json.dumps(row) for row in rows)
    assert cells(tmp_path, lines.encode(), "rows.jsonl") == expected
    assert cells(tmp_path, lines.encode("utf-16"), "rows.ndjson") == expected
    assert (
        cells(tmp_path, json.dumps({"data": {"items": rows}}).encode(), "in.json", pages=Pages(rows="data.items"))
        == expected
    )


def test_json_by_columns(tmp_path: Path) -> None:
    assert cells(tmp_path, b'{"a": [1, 2], "b": ["x", null]}', "rows.json") == {"a": [1, 2], "b": ["x", None]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'[{"a": 1},\n{"a": ', r"rows\.json:2: not JSON, or cut short: found 'Input data was truncated'"),
        (b'[{"a": 1},\n{"a": x}]', r"rows\.json:2: not JSON"),
        (b'{"a": 1}\n{"a": 2}', r"rows\.json:2: not JSON.*format = 'jsonl'"),
        (b'{"a": 1}', r"not a table: found 'an object of a'"),
        (b'{"data": [{"a": 1}]}', r"not a table: found 'an object of data'.*pages = \{ rows"),
        (b'{"a": [1], "b": [1, 2]}', r"not a table"),
        (b"[1, 2]", r"not a table: found 'a list of int'"),
        (b"[]", r"no rows"),
        (b"3", r"not a table: found 'int'"),
    ],
)
def test_json_that_is_no_table(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        cells(tmp_path, body, "rows.json")


def test_json_lines_that_are_no_objects_cost_only_themselves(tmp_path: Path) -> None:
    found = reading(tmp_path, b'{"a": 1}\n\n[2]\n{"a": 3}\r\n{"a": \n{"b": 4}', "rows.jsonl")
    assert whole(found).rows() == [(1, None), (3, None), (None, 4)]
    assert found.broken().rows() == [
        ("rows", 3, "[2]", "not a JSON object"),
        ("rows", 5, '{"a": ', "not a JSON object"),
    ]
    with pytest.raises(
        InputError, match=r"rows\.jsonl:1: 2 of 3 lines are not JSON objects: found 'a line that begins with a'"
    ):
        reading(tmp_path, b'a,b\n1,2\n{"a":1}\n', "rows.jsonl")
    with pytest.raises(InputError, match="no rows"):
        reading(tmp_path, b"{}\n", "rows.jsonl")


# --- several files


def test_a_glob_is_read_by_name(tmp_path: Path) -> None:
    for month in (2, 1, 3):
        pl.DataFrame({"a": [month], "b": ["x"]}).write_parquet(tmp_path / f"m{month}.parquet")
    pl.DataFrame({"b": ["y"], "a": [4.5]}).write_parquet(tmp_path / "m4.parquet")  # other order, fractions
    found = read(source("m*.parquet"), tmp_path)
    assert whole(found).to_dict(as_series=False) == {"a": [1.0, 2.0, 3.0, 4.5], "b": ["x", "x", "x", "y"]}
    before = found.fingerprint
    (tmp_path / "m4.parquet").unlink()
    assert read(source("m*.parquet"), tmp_path).fingerprint != before


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "rows" / "b").mkdir(parents=True)
    (tmp_path / "rows" / "a.csv").write_bytes(b"x,y\n1,2\n3\n4,5\n")
    (tmp_path / "rows" / "b" / "c.csv.gz").write_bytes(gzip.compress(b"y;x\n2;6\n"))
    (tmp_path / "rows" / ".hidden.csv").write_bytes(b"?")
    (tmp_path / "rows" / "_SUCCESS").touch()
    (tmp_path / "rows" / "README.md").touch()
    found = read(source("rows"), tmp_path)
    assert whole(found)["x"].to_list() == ["1", "4", "6"]
    assert found.broken().rows() == [("rows", 2, "3", "rows/a.csv: found 1 cells, expected 2")]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="no file that can be read"):
        read(source("nothing"), tmp_path)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"a": [2], "c": [1.0]}, r"m2\.parquet: a column was renamed: found 'c', expected b, as in m1\.parquet"),
        ({"a": [2]}, r"m2\.parquet: a column is missing: expected b, as in m1\.parquet"),
        ({"a": [2], "b": [1.0], "c": [1]}, r"m2\.parquet: there is a column more: found 'c'"),
        (
            {"a": ["2"], "b": [1.0]},
            r"m2\.parquet: column 'a' changed its type: found 'String', expected Int64, as in m1",
        ),
    ],
)
def test_a_file_that_does_not_fit_the_others(tmp_path: Path, second: dict[str, list[object]], words: str) -> None:
    pl.DataFrame({"a": [1], "b": [1.0]}).write_parquet(tmp_path / "m1.parquet")
    pl.DataFrame(second).write_parquet(tmp_path / "m2.parquet")
    with pytest.raises(InputError, match=words):
        read(source("m?.parquet"), tmp_path)


def test_delta(tmp_path: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "y"]})
    write_deltalake(str(tmp_path / "rows"), frame, partition_by=["b"])
    found = read_files(source("rows"), tmp_path)
    first = found.fingerprint
    assert whole(found).sort("a").equals(frame)
    assert found.findings[0].evidence["version"] == "0"
    write_deltalake(str(tmp_path / "rows"), frame, mode="append")
    doubled = read(source("rows"), tmp_path)
    assert (len(whole(doubled)), doubled.fingerprint != first) == (6, True)
    DeltaTable(str(tmp_path / "rows")).optimize.compact()
    assert read(source("rows"), tmp_path).fingerprint == doubled.fingerprint
    DeltaTable(str(tmp_path / "rows")).delete("b = 'x'")
    assert whole(read(source("rows", format="delta"), tmp_path))["a"].sort().to_list() == [2, 2, 3, 3]
    for file in (tmp_path / "rows").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(InputError, match=r"rows: a file of the Delta table is missing or damaged"):
        read(source("rows"), tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"none: there is no Delta table"):
        read(source("none", format="delta"), tmp_path)


# --- functions


@pytest.fixture
def weather() -> Iterator[pl.DataFrame]:
    frame = pl.DataFrame({"rain": [1.0, 2.0]})
    SOURCES.add("weather", lambda since: frame)
    yield frame
    SOURCES.remove("weather")


def test_a_source_of_the_projects_own(tmp_path: Path, weather: pl.DataFrame) -> None:
    found = read(source("python:weather"), tmp_path)
    assert whole(found).equals(weather)
    assert found.fingerprint == hashlib.sha256(parquet(weather)).hexdigest()
    with pytest.raises(UnknownKey, match="write 'weather'"):
        read(source("python:wheather"), tmp_path)
