"""Databases as sources: real servers of PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import database_servers
from fullcycle.data.sources.discover import discover
from fullcycle.data.sources.read import read as read_any
from fullcycle.data.sources.reading import Reading, whole
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.sql import read_sql
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

SHOP = """
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL);
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, placed TIMESTAMP NULL, FOREIGN KEY (customer_id) REFERENCES customers (id));
INSERT INTO customers VALUES (1, 'Ana'), (2, 'Bo');
INSERT INTO orders VALUES (1, 1, '2024-01-01 10:00:00'), (2, 1, '2024-01-02 10:00:00'), (3, 2, NULL);
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[database_servers.Server]:
    pytest.importorskip("adbc_driver_postgresql", reason="pip install adbc-driver-postgresql")
    with database_servers.postgresql() as server:
        server.run("postgres", "CREATE DATABASE shop; CREATE ROLE ana LOGIN PASSWORD 'other'")
        server.run(
            "shop",
            SHOP + "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE SCHEMA old; CREATE TABLE old.notes (a INT);"
            "CREATE TABLE counter (n INT); REVOKE ALL ON counter FROM PUBLIC",
        )
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[database_servers.Server]:
    pytest.importorskip("pymysql", reason="pip install pymysql")
    with database_servers.mariadb() as server:
        grant = f"CREATE USER ana@'%' IDENTIFIED BY '{database_servers.PASSWORD}'; GRANT ALL ON shop.* TO ana@'%'"
        server.run("", f"CREATE DATABASE shop; {grant}")
        server.run("shop", SHOP)
        yield server


@pytest.fixture
def shop(postgresql: database_servers.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DB_PASSWORD", database_servers.PASSWORD)
    return f"postgresql://postgres:${{DB_PASSWORD}}@127.0.0.1:{postgresql.port}/shop"


@pytest.fixture
def store(mariadb: database_servers.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DB_PASSWORD", database_servers.PASSWORD)
    return f"mysql://ana:${{DB_PASSWORD}}@127.0.0.1:{mariadb.port}/shop"


def ask(location: str, folder: Path, **how: str) -> Reading:
    return read_sql(Source(name="orders", location=location, **how), folder)


POSTGRESQL_TYPES = [
    ("1::smallint", pl.Int64, 1),
    ("1.5::real", pl.Float64, 1.5),
    ("1.10::numeric(10, 2)", pl.Decimal(38, 2), Decimal("1.10")),
    ("true", pl.Boolean, True),
    ("DATE '2024-01-31'", pl.Date, date(2024, 1, 31)),
    ("DATE 'infinity'", pl.Date, None),
    ("TIMESTAMP '2024-01-31 10:00'", pl.Datetime("us"), datetime(2024, 1, 31, 10)),
    ("TIMESTAMPTZ '2024-01-31 10:00+02'", pl.Datetime("us", "UTC"), datetime(2024, 1, 31, 8, tzinfo=UTC)),
    ("TIMESTAMPTZ '-infinity'", pl.Datetime("us", "UTC"), None),
    ("TIME '10:00'", pl.Time, time(10)),
    ("INTERVAL '1 day'", pl.String, "P1D"),
    ("""'{"a": 1}'::json""", pl.String, '{"a": 1}'),
    ("""'{"a": 1}'::jsonb""", pl.String, '{"a": 1}'),
    ("ARRAY[1, 2]", pl.String, "[1, 2]"),
    ("ROW(1, 'a')", pl.String, '{"f1": 1, "f2": "a"}'),
    ("'00000000-0000-0000-0000-000000000001'::uuid", pl.String, "00000000-0000-0000-0000-000000000001"),
    (r"'\x00ff'::bytea", pl.String, "00ff"),
    ("'10.0.0.1'::inet", pl.String, "10.0.0.1/32"),
    ("'good'::mood", pl.String, "good"),
    ("1.50::money", pl.Decimal(38, 2), Decimal("1.50")),
    ("NULL", pl.String, None),
]


def test_postgresql_types(shop: str, tmp_path: Path) -> None:
    cells = ", ".join(f"{cell} AS c{place}" for place, (cell, _, _) in enumerate(POSTGRESQL_TYPES))
    rows = whole(ask(shop, tmp_path, query=f"SELECT {cells}"))
    assert rows.dtypes == [dtype for _, dtype, _ in POSTGRESQL_TYPES]
    assert list(rows.row(0)) == [value for _, _, value in POSTGRESQL_TYPES]


def test_postgresql_nan_makes_a_numeric_a_float(shop: str, tmp_path: Path) -> None:
    rows = whole(ask(shop, tmp_path, query="SELECT unnest(ARRAY['NaN', '1.5']::numeric[]) AS a"))
    assert rows.schema["a"] == pl.Float64
    assert rows["a"].is_nan().to_list() == [True, False]


def test_postgresql_streams_and_forgets_the_order(shop: str, tmp_path: Path) -> None:
    query = "SELECT n, n % 7 AS k FROM generate_series(1, 300000) AS n"
    reading = ask(shop, tmp_path, query=query)
    assert [len(batch) for batch in reading.batches()] == [1 << 18, 300_000 - (1 << 18)]
    assert whole(reading)["n"].to_list() == list(range(1, 300_001))
    assert ask(shop, tmp_path, query=f"{query} ORDER BY n DESC").fingerprint == reading.fingerprint


def test_a_table_of_another_schema(postgresql: database_servers.Server, shop: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        ask(shop, tmp_path, table="old.notes")


BOTH_WRONG = [
    ({"table": "ordres"}, InputError, "there is no such table.*did you mean 'orders'"),
    ({"query": "SELECT *\nFROM ordres"}, InputError, "there is no such table.*did you mean 'orders'"),
    ({"query": "SELECT nope FROM orders"}, InputError, "there is no such column.*nope"),
    ({"query": "SELECT id FROM orders\nWHERE AND"}, InputError, "the query fails.*line 2"),
    ({"query": "SELECT 1 AS a; SELECT 2 AS a"}, InputError, "the query fails"),
    ({"query": "INSERT INTO customers VALUES (9, 'x')"}, InputError, "the query writes"),
    ({"query": "SELECT 1 AS a, 2 AS a"}, InputError, "two columns.*same name"),
    ({"query": "SELECT id FROM orders WHERE id > 9"}, InputError, "the query gives no rows"),
]
POSTGRESQL_WRONG = [
    *BOTH_WRONG,
    ({"query": "WITH w AS (DELETE FROM counter RETURNING n) SELECT * FROM w"}, InputError, "the query writes"),
    ({"query": "SELECT nextval('counted')"}, InputError, "there is no such table"),
    ({"query": "SELECT 1 / (id - 1) AS a FROM orders"}, InputError, "division by zero"),
    ({"query": "SELECT pg_sleep(20)::text AS a", "timeout": "300ms"}, OutsideError, "no answer in time"),
]
MARIADB_WRONG = [
    *BOTH_WRONG,
    ({"query": "SELECT * FROM orders INTO OUTFILE '/tmp/never'"}, InputError, "the query writes"),
    ({"query": "SELECT sleep(20) AS a", "timeout": "1s"}, OutsideError, "no answer in time"),
]


@pytest.mark.parametrize(("how", "type_", "message"), POSTGRESQL_WRONG)
def test_postgresql_tells_what_is_wrong(
    shop: str, tmp_path: Path, how: dict[str, str], type_: type[FullcycleError], message: str
) -> None:
    with pytest.raises(type_, match=message):
        ask(shop, tmp_path, **how)


@pytest.mark.parametrize(("how", "type_", "message"), MARIADB_WRONG)
def test_mariadb_tells_what_is_wrong(
    store: str, tmp_path: Path, how: dict[str, str], type_: type[FullcycleError], message: str
) -> None:
    with pytest.raises(type_, match=message):
        ask(store, tmp_path, **how)


def test_a_function_that_writes_is_refused(postgresql: database_servers.Server, shop: str, tmp_path: Path) -> None:
    body = "INSERT INTO counter VALUES (1) RETURNING n"
    postgresql.run("shop", f"CREATE OR REPLACE FUNCTION counted() RETURNS INT LANGUAGE SQL AS $$ {body} $$")
    with pytest.raises(InputError, match="the query writes"):
        ask(shop, tmp_path, query="SELECT counted() AS n")


@pytest.mark.parametrize("server", ["shop", "store"])
@pytest.mark.parametrize(
    ("change", "type_", "message"),
    [
        (("${DB_PASSWORD}", "mistaken"), InputError, "refuses user or password"),
        (("/shop", "/shoq"), InputError, "there is no such database"),
        (("PORT", "1"), OutsideError, "the database does not answer"),
        (("127.0.0.1", "nowhere.invalid"), OutsideError, "the database does not answer"),
        (("DB_PASSWORD", "DB_PASSWORT"), InputError, "'DB_PASSWORT' is not set.*did you mean 'DB_PASSWORD'"),
    ],
)
def test_servers_that_cannot_be_reached(
    request: pytest.FixtureRequest, tmp_path: Path, server: str, change: tuple[str, str], type_: type, message: str
) -> None:
    location: str = request.getfixturevalue(server)
    port = location.rpartition(":")[2].partition("/")[0]
    old, new = change
    with pytest.raises(type_, match=message) as caught:
        ask(location.replace(port if old == "PORT" else old, new), tmp_path, table="orders", timeout="5s")
    told = str(caught.value) + str(caught.value.facts())
    assert database_servers.PASSWORD not in told
    assert "mistaken" not in told


def test_a_user_without_rights(postgresql: database_servers.Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"may not read this.*counter"):
        ask(f"postgresql://ana:other@127.0.0.1:{postgresql.port}/shop", tmp_path, table="counter")


MARIADB_TYPES = [
    ("b BOOLEAN", "true", pl.Boolean, True),
    ("bits BIT(1)", "b'1'", pl.Boolean, True),
    ("tiny TINYINT", "3", pl.Int64, 3),
    ("big BIGINT UNSIGNED", "18446744073709551615", pl.UInt64, 2**64 - 1),
    ("d DECIMAL(10, 2)", "10.25", pl.Decimal(38, 2), Decimal("10.25")),
    ("huge DECIMAL(60, 2)", "10.25", pl.Float64, 10.25),
    ("f FLOAT", "1.5", pl.Float64, 1.5),
    ("day DATE", "'2024-01-31'", pl.Date, date(2024, 1, 31)),
    ("zero DATE", "'0000-00-00'", pl.Date, None),
    ("stamp TIMESTAMP NULL", "'2024-01-31 10:00:00'", pl.Datetime("us", "UTC"), datetime(2024, 1, 31, 10, tzinfo=UTC)),
    ("fine DATETIME(6)", "'2024-01-31 10:00:00.25'", pl.Datetime("us"), datetime(2024, 1, 31, 10, 0, 0, 250_000)),
    ("long_ TIME", "'100:00:00'", pl.String, "100:00:00"),
    ("j JSON", """'{"a":1}'""", pl.String, '{"a":1}'),
    ("t VARCHAR(20)", "'é'", pl.String, "é"),
    ("raw BLOB", "x'00ff'", pl.String, "00ff"),
    ("e ENUM('a', 'b')", "'b'", pl.String, "b"),
    ("y YEAR", "2024", pl.Int64, 2024),
    ("u UUID", "'00000000-0000-0000-0000-000000000001'", pl.String, "00000000-0000-0000-0000-000000000001"),
]


def test_mariadb_types(mariadb: database_servers.Server, store: str, tmp_path: Path) -> None:
    columns = ", ".join(column for column, _, _, _ in MARIADB_TYPES)
    values = ", ".join(value for _, value, _, _ in MARIADB_TYPES)
    nothing = ", ".join("NULL" for _ in MARIADB_TYPES)
    mariadb.run(
        "shop",
        f"SET sql_mode = ''; SET time_zone = '+00:00'; CREATE OR REPLACE TABLE types ({columns});"
        f"INSERT INTO types VALUES ({values}), ({nothing})",
    )
    rows = whole(ask(store, tmp_path, table="types"))
    assert rows.dtypes == [dtype for _, _, dtype, _ in MARIADB_TYPES]
    assert list(rows.row(0)) == [value for _, _, _, value in MARIADB_TYPES]
    assert set(rows.row(1)) == {None}


def test_mariadb_reads_texts_with_signs(store: str, tmp_path: Path) -> None:
    query = r"SELECT 'it\'s 100% -- sure' AS a"
    assert whole(ask(store, tmp_path, query=query))["a"].to_list() == ["it's 100% -- sure"]


@pytest.mark.parametrize("server", ["shop", "store"])
def test_servers_are_discovered(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> None:
    found = discover(request.getfixturevalue(server), tmp_path)
    tables = {table.name: table for table in found.tables}
    assert {"customers", "orders"} <= set(tables)
    assert (tables["orders"].rows, tables["orders"].times) == (3, ("placed",))
    assert (tables["orders"].bytes or 0) > 0
    assert tables["customers"].keys[0].columns == ("id",)
    declared = [join for join in found.joins if join.because == "declared"]
    assert [(join.table, join.columns, join.other, join.key) for join in declared] == [
        ("orders", ("customer_id",), "customers", ("id",))
    ]
    assert "${DB_PASSWORD}" in tables["orders"].location


def test_a_database_without_keys_or_tables_is_discovered(
    postgresql: database_servers.Server, shop: str, tmp_path: Path
) -> None:
    location = shop.removesuffix("shop") + "bare"
    postgresql.run("postgres", "CREATE DATABASE bare")
    assert discover(location, tmp_path).tables == ()
    postgresql.run("bare", "CREATE TABLE notes (a INT); INSERT INTO notes VALUES (1), (2)")
    (table,) = discover(location, tmp_path).tables
    assert (table.name, table.rows, [key.columns for key in table.keys]) == ("notes", 2, [("a",)])


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_cell_that_is_changed_in_place_is_seen(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> None:
    """The server tells by itself that earlier rows are others, whatever their types are."""
    location = request.getfixturevalue("shop" if server == "postgresql" else "store")
    run = request.getfixturevalue(server).run
    run("shop", "CREATE TABLE notes (id INT, body VARCHAR(20), paid DECIMAL(8, 2), at TIMESTAMP NULL)")
    run(
        "shop",
        "INSERT INTO notes VALUES (1, 'a''b,\"c', 1.5, '2024-01-01 10:00:00'), (2, NULL, NULL, NULL), (3, '', 3, NULL)",
    )
    source = Source(name="notes", location=location, table="notes", since="id")
    try:
        for change, findings, body in (
            ("INSERT INTO notes VALUES (4, 'd', 4, NULL)", [], ["a'b,\"c", None, "", "d"]),
            ("UPDATE notes SET body = '' WHERE id = 2", ["earlier_rows_changed"], ["a'b,\"c", "", "", "d"]),
            (
                "UPDATE notes SET at = '2024-01-02 10:00:00' WHERE id = 1",
                ["earlier_rows_changed"],
                ["a'b,\"c", "", "", "d"],
            ),
            ("UPDATE notes SET body = 'e' WHERE id = 4", ["earlier_rows_changed"], ["a'b,\"c", "", "", "e"]),
        ):
            read_any(source, tmp_path)
            run("shop", change)
            found = read_any(source, tmp_path)
            assert [one.check for one in found.findings] == findings
            assert whole(found).sort("id")["body"].to_list() == body
    finally:
        run("shop", "DROP TABLE notes")
