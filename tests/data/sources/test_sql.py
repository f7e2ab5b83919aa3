"""Databases as sources: SQLite, DuckDB and ADBC drivers, which need no server; statements, answers, secrets."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data.sources.databases.address import located
from fullcycle.data.sources.databases.answer import Answer, digest_sum
from fullcycle.data.sources.databases.result import Result, normal
from fullcycle.data.sources.databases.statement import plain, reads
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import BATCH, Reading, whole
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.sql import Growing, read_sql
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError, UnknownKey


def ask(location: str, folder: Path, **how: str) -> Reading:
    return read_sql(Source(name="orders", location=location, **how), folder)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.executescript(
            """
            CREATE TABLE orders (id INTEGER PRIMARY KEY, paid BOOLEAN, day DATE, at TIMESTAMP, price DECIMAL(10, 2), note TEXT,
              raw BLOB, mixed, unknown, "two words" REAL);
            INSERT INTO orders VALUES
              (1, 1, '2024-01-31', '2024-01-31 10:00:00', 10, 'a', x'00ff', 1, NULL, 1),
              (2, 0, '2024-02-01', '2024-02-01T10:00:00.5', 10.25, NULL, NULL, 'x', NULL, 2.5),
              (3, NULL, NULL, NULL, NULL, 'é', NULL, NULL, NULL, NULL);
            """
        )
    database.close()
    return tmp_path


def test_sqlite_gives_each_column_one_type(shop: Path) -> None:
    rows = whole(ask("sqlite:///shop.db", shop, table="orders"))
    assert rows.schema == {
        "id": pl.Int64,
        "paid": pl.Boolean,
        "day": pl.Date,
        "at": pl.Datetime("us"),
        "price": pl.Float64,
        "note": pl.String,
        "raw": pl.String,
        "mixed": pl.String,
        "unknown": pl.String,
        "two words": pl.Float64,
    }
    assert rows.row(0) == (1, True, date(2024, 1, 31), datetime(2024, 1, 31, 10), 10.0, "a", "00ff", "1", None, 1.0)
    assert rows.row(1)[3:] == (datetime(2024, 2, 1, 10, 0, 0, 500_000), 10.25, None, None, "x", None, 2.5)
    assert rows.row(2)[1:] == (None, None, None, None, "é", None, None, None, None)


def test_a_wrongly_written_date_leaves_its_column_text(shop: Path) -> None:
    with sqlite3.connect(shop / "shop.db") as database:
        database.execute(
            "INSERT INTO orders (id, day, at, paid) VALUES (4, '31.1.2024', '2024-01-31 10:00:00+02:00', 2)"
        )
    database.close()
    rows = whole(ask("sqlite:///shop.db", shop, table="orders"))
    assert rows.schema["day"] == rows.schema["at"] == pl.String
    assert rows["paid"].to_list() == [1, 0, None, 2]


def test_the_dispatcher_reads_databases(shop: Path) -> None:
    assert read(Source(name="o", location="sqlite:///shop.db", table="orders"), shop).columns[0] == "id"


def test_a_path_from_the_root(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert whole(ask(f"sqlite:///{shop}/shop.db", elsewhere, query="SELECT 1 AS one"))["one"].to_list() == [1]


def test_the_query_may_lie_in_a_file(shop: Path) -> None:
    (shop / "paid.sql").write_text("-- who paid\nSELECT id FROM orders\nWHERE paid; -- end\n")
    assert whole(ask("sqlite:///shop.db", shop, query="paid.sql"))["id"].to_list() == [1]
    with pytest.raises(InputError, match=r"did you mean 'paid\.sql'"):
        ask("sqlite:///shop.db", shop, query="piad.sql")


WRONG = [
    ({"table": "ordres"}, InputError, "there is no such table.*did you mean 'orders'"),
    ({"query": "SELECT * FROM ordres"}, InputError, "there is no such table.*did you mean 'orders'"),
    ({"query": "SELECT nope FROM orders"}, InputError, "no such column.*nope"),
    ({"query": "SELECT FROM WHERE"}, InputError, "the query fails.*syntax error"),
    ({"query": "SELECT 1; SELECT 2"}, InputError, "one statement at a time"),
    ({"query": "DELETE FROM orders"}, InputError, "the query writes.*SELECT or WITH"),
    ({"query": "WITH a AS (SELECT 1) DELETE FROM orders"}, InputError, "the query"),
    ({"query": "/* SELECT */ DROP TABLE orders"}, InputError, "the query writes"),
    ({"query": "SELECT * FROM orders WHERE id > 9"}, InputError, "the query gives no rows"),
    ({}, InputError, "either 'query' or 'table'.*neither"),
    ({"query": "SELECT 1", "table": "orders"}, InputError, "either 'query' or 'table'.*both"),
    ({"query": "SELECT 1 AS a", "timeout": "soon"}, InputError, "not a duration"),
]


@pytest.mark.parametrize(("how", "type_", "message"), WRONG)
def test_what_is_wrong_is_told(shop: Path, how: dict[str, str], type_: type[FullcycleError], message: str) -> None:
    before = (shop / "shop.db").read_bytes()
    with pytest.raises(type_, match=message) as caught:
        ask("sqlite:///shop.db", shop, **how)
    assert "orders" in str(caught.value)  # the source is named
    assert (shop / "shop.db").read_bytes() == before


def test_an_endless_query_is_ended(shop: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS n FROM n"
    with pytest.raises(OutsideError, match="no answer in time"):
        ask("sqlite:///shop.db", shop, query=endless, timeout="200ms")


def test_files_that_are_no_databases(shop: Path) -> None:
    (shop / "letter.db").write_text("Dear reader, " * 100)
    with pytest.raises(InputError, match="not a database"):
        ask("sqlite:///letter.db", shop, table="orders")
    with pytest.raises(InputError, match=r"missing.*did you mean 'shop\.db'"):
        ask("sqlite:///shp.db", shop, table="orders")
    with pytest.raises(UnknownKey, match="oracle"):
        ask("oracle://shop", shop, table="orders")


def test_rows_are_read_again_and_leave_nothing_behind(shop: Path) -> None:
    reading = ask("sqlite:///shop.db", shop, table="orders")
    assert whole(reading).equals(whole(reading))
    assert reading.broken().is_empty()
    assert list((shop / ".fullcycle" / "spool").iterdir()) == []
    del reading
    gc.collect()


def test_rows_kept_go_with_a_process_that_is_killed(shop: Path) -> None:
    script = (
        "import os, sys, pathlib; from fullcycle.data.sources.sql import read_sql;"
        "from fullcycle.data.sources.settings import Source;"
        "reading = read_sql(Source(name='o', location='sqlite:///shop.db', table='orders'), pathlib.Path(sys.argv[1]));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, shop], check=False).returncode == -9
    assert list((shop / ".fullcycle" / "spool").iterdir()) == []


def test_the_fingerprint_is_of_the_content(shop: Path) -> None:
    def fingerprint(query: str) -> str:
        return ask("sqlite:///shop.db", shop, query=query).fingerprint

    base = fingerprint("SELECT id, note FROM orders")
    assert fingerprint("SELECT id, note FROM orders ORDER BY id DESC") == base
    others = [
        "SELECT id, note AS notes FROM orders",
        "SELECT id, note FROM orders WHERE id < 3",
        "SELECT id, coalesce(note, '') AS note FROM orders",
        "SELECT id, note FROM orders UNION ALL SELECT id, note FROM orders",
        "SELECT CAST(id AS TEXT) AS id, note FROM orders",
    ]
    assert len({base, *map(fingerprint, others)}) == len(others) + 1


cells = st.none() | st.text(max_size=5)


@given(st.lists(st.tuples(cells, cells), min_size=1), st.randoms(use_true_random=False))
def test_the_digest_forgets_the_order_and_nothing_else(
    rows: list[tuple[str | None, str | None]], random: object
) -> None:
    schema = {"a": pl.String, "b": pl.String}
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    digest = digest_sum(pl.DataFrame(rows, schema=schema, orient="row"))
    assert digest == digest_sum(pl.DataFrame(shuffled, schema=schema, orient="row"))
    moved = [("x" + (a or ""), b) for a, b in rows]
    assert digest != digest_sum(pl.DataFrame(moved, schema=schema, orient="row"))


def test_batches_are_even_whatever_the_driver_gives(tmp_path: Path) -> None:
    numbers = pl.DataFrame({"a": range(BATCH + 10)})
    portions = [numbers.slice(start, 100_000) for start in range(0, len(numbers), 100_000)]
    answer, at_once = (Answer(Result(("a",), iter(parts)), tmp_path) for parts in (portions, [numbers]))
    assert [len(batch) for batch in answer.batches()] == [BATCH, 10]
    assert pl.concat(answer.batches()).equals(numbers)
    assert answer.fingerprint == at_once.fingerprint


@pytest.mark.parametrize(
    ("texts", "dtype", "first"),
    [
        (["1.50", None, "-20"], pl.Decimal(38, 2), Decimal("1.50")),
        (["1", "NaN"], pl.Float64, 1.0),
        (["1" * 30, "0." + "1" * 20], pl.Float64, 1.1111111111111111e29),
    ],
)
def test_decimals_that_come_as_text(tmp_path: Path, texts: list[str | None], dtype: pl.DataType, first: object) -> None:
    frames = [pl.DataFrame({"a": [text]}, schema={"a": pl.String}) for text in texts]
    answer = Answer(Result(("a",), iter(frames), {"a": "decimal"}), tmp_path)
    rows = pl.concat(answer.batches())
    assert rows.schema["a"] == dtype
    assert rows["a"][0] == pytest.approx(first)


def test_types_are_few() -> None:
    frame = normal(
        pl.DataFrame(
            {
                "small": pl.Series([1], dtype=pl.Int8),
                "unsigned": pl.Series([1], dtype=pl.UInt16),
                "single": pl.Series([0.5], dtype=pl.Float32),
                "fine": pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime("ns", "Europe/Berlin")),
                "never": pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("us")),
                "bytes": pl.Series([b"\x01"]),
                "list": pl.Series([["a"]]),
                "struct": pl.Series([{"x": 1}]),
                "kind": pl.Series(["a"], dtype=pl.Categorical),
                "null": pl.Series([None]),
            }
        )
    )
    assert frame.row(0)[:3] == (1, 1, 0.5)
    assert frame.schema["fine"] == pl.Datetime("us", "UTC")
    assert frame.row(0)[4:] == (None, "01", '["a"]', '{"x":1}', "a", None)
    assert frame.dtypes[:3] == [pl.Int64, pl.UInt64, pl.Float64]


@pytest.mark.parametrize(
    ("query", "stripped", "reading"),
    [
        ("SELECT ';' -- x\n ; ", "SELECT ';'", True),
        ("SELECT $$ -- no comment $$;", "SELECT $$ -- no comment $$", True),
        ('SELECT "--", `/*` FROM t /* ; */', 'SELECT "--", `/*` FROM t', True),
        ("(SELECT 1)", "(SELECT 1)", True),
        ("update t set a = 1", "update t set a = 1", False),
        ("-- nothing", "", False),
    ],
)
def test_statements(query: str, stripped: str, reading: bool) -> None:
    assert plain(query) == stripped
    assert reads(stripped) is reading


def test_a_backslash_escapes_in_mysql() -> None:
    assert plain(r"SELECT 'it\'s -- no comment'", backslash=True) == r"SELECT 'it\'s -- no comment'"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://ana:s3cr%40t@host/db", "s3cr@t s3cr%40t"),
        ("adbc:postgresql?uri=postgresql://ana:s3cr@host/db", "password s3cr is wrong"),
        ("adbc:snowflake?password=s3cr", "login with s3cr"),
    ],
)
def test_secrets_are_not_told(url: str, message: str) -> None:
    address = located(url, Path())
    assert "s3cr" not in address.told(message) + address.place


def duck(folder: Path, statements: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason="pip install duckdb")
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute(statements)


def test_duckdb_types(tmp_path: Path) -> None:
    duck(
        tmp_path,
        "CREATE TABLE t AS SELECT 1 AS i, 1.50::DECIMAL(10, 2) AS d, TIMESTAMPTZ '2024-01-01 00:00:00+02' AS z,"
        " TIMESTAMP '2024-01-01' AS n, DATE '2024-01-01' AS day, TRUE AS b, [1, 2] AS l, {'x': 1} AS s, INTERVAL 1 DAY AS w,"
        " 'a'::ENUM ('a', 'b') AS e, '\\xFF'::BLOB AS r, '{}'::JSON AS j, NULL AS nothing",
    )
    rows = whole(ask("duckdb:///shop.duckdb", tmp_path, table="t"))
    assert rows.schema["z"] == pl.Datetime("us", "UTC")
    assert rows.schema["d"] == pl.Decimal(10, 2)
    assert rows["z"].dt.to_string("%F %T").item() == "2023-12-31 22:00:00"
    assert rows.row(0)[4:12] == (date(2024, 1, 1), True, "[1,2]", '{"x":1}', "1 day", "a", "ff", "{}")


def test_duckdb_tells_that_a_row_was_changed(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="pip install duckdb")
    source = Source(name="orders", location="duckdb:///shop.duckdb", table="orders", since="id")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as shop:
        shop.execute("CREATE TABLE orders AS SELECT 1 AS id, 'a' AS body, [1, 2] AS list UNION ALL SELECT 2, NULL, [3]")
    first, same = Growing(source, tmp_path).mark(2), Growing(source, tmp_path).mark(2)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as shop:
        shop.execute("UPDATE orders SET list = [1, 3] WHERE id = 1")
    changed = Growing(source, tmp_path).mark(2)
    assert first is not None
    assert changed is not None
    assert (first.rows, same) == (1, first)
    assert changed.rows == 1
    assert changed.told != first.told


def test_duckdb_over_files_of_the_project(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="pip install duckdb")
    pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / "rows.parquet")
    rows = whole(ask("duckdb:///:memory:", tmp_path, query="FROM 'rows.parquet' WHERE a > 1"))
    assert rows["a"].to_list() == [2]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"table": "orderz"}, "no such table.*did you mean 'orders'"),
        ({"query": "SELECT *\nFROM orderz"}, r"no such table.*did you mean 'orders'"),
        ({"query": "SELECT nope FROM orders"}, "no such column.*nope"),
        ({"query": "SELECT 1 AS a; DELETE FROM orders"}, "the query writes"),
        ({"query": "COPY orders TO 'out.csv'"}, "the query writes"),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "same name"),
        ({"query": "SELECT 'x'::INTEGER AS a"}, "the query fails.*Could not convert"),
        ({"query": "SELECT * FROM orders"}, "no rows"),
    ],
)
def test_duckdb_tells_what_is_wrong(tmp_path: Path, how: dict[str, str], message: str) -> None:
    duck(tmp_path, "CREATE TABLE orders (id INTEGER)")
    with pytest.raises(InputError, match=message):
        ask("duckdb:///shop.duckdb", tmp_path, **how)
    assert not (tmp_path / "out.csv").exists()


def test_duckdb_is_not_waited_for_without_end(tmp_path: Path) -> None:
    duck(tmp_path, "CREATE TABLE orders (id INTEGER)")
    slow = "SELECT count(*) AS n FROM range(100000000) a, range(100000) b WHERE a.range % 3 = b.range % 5"
    with pytest.raises(OutsideError, match="no answer in time"):
        ask("duckdb:///shop.duckdb", tmp_path, query=slow, timeout="200ms")


def test_any_adbc_driver(shop: Path) -> None:
    pytest.importorskip("adbc_driver_sqlite", reason="pip install adbc-driver-sqlite")
    rows = whole(ask(f"adbc:sqlite?uri=file:{shop}/shop.db", shop, query="SELECT id, note FROM orders ORDER BY id"))
    assert rows["note"].to_list() == ["a", None, "é"]
    with pytest.raises(InputError, match=r"the query fails.*no such column"):
        ask(f"adbc:sqlite?uri=file:{shop}/shop.db", shop, query="SELECT nope FROM orders")


def test_a_driver_that_is_not_installed(tmp_path: Path) -> None:
    pytest.importorskip("adbc_driver_manager", reason="pip install adbc-driver-manager")
    with pytest.raises(
        InputError, match=r"'flightsql_of_old' is not installed.*pip install adbc-driver-flightsql_of_old"
    ):
        ask("adbc:flightsql_of_old?uri=grpc://127.0.0.1:1", tmp_path, query="SELECT 1")


@pytest.mark.parametrize("location", ["postgresql://ana:s3cret@host:5432x/shop", "mysql://host:99999/shop"])
def test_a_port_that_is_none_is_told(tmp_path: Path, location: str) -> None:
    with pytest.raises(InputError, match=r"the port is no number: found '(5432x|99999)'") as error:
        read(Source(name="rows", location=location, table="orders"), tmp_path)
    assert "s3cret" not in str(error.value)
