"""Discovery: tables, keys, joins and the sources proposed from them."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest

import object_store
from fullcycle.data.settings import Data
from fullcycle.data.sources.discover import Discovery, discover, proposal
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.kernel.errors import InputError

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, born DATE);
CREATE TABLE products (code TEXT PRIMARY KEY, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), code TEXT, placed TIMESTAMP);
CREATE TABLE visits (customer INTEGER, day TEXT, pages INTEGER);
CREATE TABLE notes (code TEXT, words TEXT);
CREATE VIEW broken AS SELECT gone FROM orders;
INSERT INTO customers VALUES (1, 'Ana', '1990-01-01'), (2, 'Bo', '1980-01-01'), (3, 'O''Neil', NULL);
INSERT INTO products VALUES ('p1', 'pen'), ('p''2', 'ink');
INSERT INTO orders VALUES (1, 1, 'p1', '2024-01-01 10:00:00'), (2, 1, 'p''2', '2024-01-02 10:00:00'), (3, 2, 'p1', '2024-01-03 10:00:00');
INSERT INTO visits VALUES (1, '2024-01-01', 5), (1, '2024-01-02', 5), (2, '2024-01-01', 5);
INSERT INTO notes VALUES ('x1', 'a'), ('x1', 'b');
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.executescript(SHOP)
    database.close()
    return tmp_path


def settings(found: Discovery) -> Data:
    return msgspec.convert(tomllib.loads(proposal(found))["data"], Data)


def test_a_database(shop: Path) -> None:
    found = discover("sqlite:///shop.db", shop)
    tables = {table.name: table for table in found.tables}
    assert list(tables) == ["broken", "customers", "notes", "orders", "products", "visits"]
    assert [(column.name, column.type) for column in tables["customers"].columns][2] == ("born", "date")
    assert tables["orders"].rows == 3
    assert tables["orders"].exact
    assert tables["orders"].times == ("placed",)
    assert tables["visits"].times == ("day",)
    assert [key.columns for key in tables["visits"].keys] == [("customer", "day")]
    assert tables["visits"].keys[0].because == "unique in all 3 rows"
    assert "not read" in tables["broken"].note


def test_joins_are_declared_or_seen(shop: Path) -> None:
    joins = {(join.table, join.columns, join.other): join.because for join in discover("sqlite:///shop.db", shop).joins}
    assert joins == {
        ("orders", ("customer_id",), "customers"): "declared",
        ("orders", ("code",), "products"): "2 of 2 values of a sample are in it",
    }  # not the ids of all tables with each other, and not notes, whose code is another


def test_the_proposal_is_read(shop: Path) -> None:
    data = settings(discover("sqlite:///shop.db", shop))
    assert [source.name for source in data.sources] == ["orders", "customers", "products"]
    assert [(join.source, join.on, join.prefix) for join in data.joins] == [
        ("customers", {"customer_id": "id"}, ""),
        ("products", ("code",), "code_"),  # whose name would be the customer's
    ]
    assert [whole(read(source, shop)).height for source in data.sources] == [3, 3, 2]


def test_a_password_does_not_get_into_the_proposal(shop: Path) -> None:
    found = discover("sqlite:///shop.db", shop)
    described = msgspec.structs.replace(found.tables[1], location="postgresql://ana:${DB_PASSWORD}@host/shop")
    assert "# export DB_PASSWORD=" in proposal(msgspec.structs.replace(found, tables=(described,), joins=()))


def test_nothing_found() -> None:
    assert proposal(Discovery("x", (), ())) == "# nothing was found\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    planes = pl.DataFrame({"tailnum": [f"N{n}" for n in range(50)], "year": [2000 + n % 5 for n in range(50)]})
    planes.write_csv(raw / "planes.csv", separator=";")
    for month in (1, 2):
        pl.DataFrame(
            {
                "id": range(month * 1000, month * 1000 + 100),
                "tailnum": [f"N{n % 40}" for n in range(100)],
                "departs": ["2013-01-01 10:00:00"] * 100,
            }
        ).write_parquet(raw / f"flights-2013-0{month}.parquet")
    (raw / "cut.parquet").write_bytes((raw / "flights-2013-01.parquet").read_bytes()[:-5])
    (raw / "airports.jsonl").write_text('{"code": "JFK", "lat": 40.6}\n{"code": "LGA", "lat": 40.7}\n')
    (raw / "weather.csv.gz").write_bytes(gzip.compress(b"hour,rain\n1,0.5\n2,0\n"))
    (raw / "letter.docx").write_bytes(b"PK")
    return tmp_path


def test_a_folder(folder: Path) -> None:
    found = discover("raw", folder)
    tables = {table.name: table for table in found.tables}
    assert list(tables) == ["airports", "cut", "flights", "planes", "weather"]
    assert tables["flights"].location == "raw/flights-*-*.parquet"
    assert tables["flights"].rows == 200
    assert tables["flights"].times == ("departs",)
    assert [column.name for column in tables["weather"].columns] == ["hour", "rain"]
    assert "not read" in tables["cut"].note
    assert [(join.table, join.columns, join.other) for join in found.joins] == [("flights", ("tailnum",), "planes")]
    data = settings(found)
    assert [source.location for source in data.sources] == ["raw/flights-*-*.parquet", "raw/planes.csv"]
    assert [whole(read(source, folder)).height for source in data.sources] == [200, 50]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("rwa", "no such folder"),
        ("https://example.com/rows", "nothing is discovered"),
        ("sqlite:///missing.db", "missing"),
        ("adbc:snowflake?uri=x", "ADBC driver are not listed"),
        ("raw/letter.docx", "no file in it is a table"),
    ],
)
def test_where_nothing_is(folder: Path, url: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        discover(url, folder)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("times", [1, 60_000])
def test_text_in_any_encoding(tmp_path: Path, encoding: str, times: int) -> None:
    (tmp_path / "people.csv").write_text("id;name\n" + "1;Zoë\n2;Jürgen\n" * times, encoding=encoding)
    table = discover("people.csv", tmp_path).tables[0]
    assert [(column.name, column.type) for column in table.columns] == [("id", "int64"), ("name", "string")]
    assert table.rows in (2 * times, None)


def test_a_database_file_is_no_folder(shop: Path) -> None:
    with pytest.raises(InputError, match=r"sqlite:///shop\.db"):
        discover("shop.db", shop)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    stores = pytest.importorskip("obstore.store", reason="pip install obstore")
    with object_store.started(tmp_path) as address:
        for name, value in {**object_store.ACCESS, "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        store = stores.from_url("s3://discovered", client_options={"allow_http": True})
        for month in (1, 2):
            sink = io.BytesIO()
            pl.DataFrame({"a": range(1000), "b": ["x"] * 1000}).write_parquet(sink)
            store.put(f"rows/2024-0{month}.parquet", sink.getvalue())
        store.put("rows/people.csv", b"id,name\n1,Ana\n2,Bo\n")
        yield "s3://discovered"


def test_a_bucket(bucket: str, tmp_path: Path) -> None:
    tables = discover(f"{bucket}/rows", tmp_path).tables
    assert [(table.name, table.location) for table in tables] == [
        ("2024_01", "s3://discovered/rows/*-*.parquet"),
        ("people", "s3://discovered/rows/people.csv"),
    ]
    assert [[column.name for column in table.columns] for table in tables] == [["a", "b"], ["id", "name"]]
    assert [key.columns for key in tables[1].keys] == [("id",), ("name",)]
