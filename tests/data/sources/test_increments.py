"""Increments: a row is landed once, whatever happens between; what changed earlier rows is seen and read whole."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.data.sources import SOURCES, source
from fullcycle.data.sources.increments import read_increments
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import whole
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.sql import Growing
from fullcycle.kernel.errors import ColumnMissing, Corrupt, InputError

KILLED = Path(__file__).with_name("increments_killed.py")
START = datetime(2024, 1, 1, tzinfo=UTC)


def segments(state: Path) -> list[Path]:
    return sorted((state / "landed" / "orders").glob("*.parquet"))


class Asked:
    """A table, and what was asked of it."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows, self.since = rows, []

    def __call__(self, since: Any) -> pl.DataFrame:
        self.since.append(since)
        return self.rows if since is None else self.rows.filter(pl.col("at") >= since)

    def landed(self, state: Path) -> pl.DataFrame:
        return whole(read_increments("orders", "at", state, self))


def orders(*ids: int) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, "at": [START + timedelta(hours=id // 2) for id in ids]})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_rows_that_are_appended_are_landed_once_with_ties_and_without(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int]
) -> None:
    state, table, n = tmp_path_factory.mktemp("state"), Asked(orders()), 0
    table.rows = orders(0).clear()
    for batch in batches:
        n += batch
        table.rows = orders(*range(n)) if n else table.rows
        assert table.landed(state).sort("id")["id"].to_list() == list(range(n))
    assert len(segments(state)) == sum(batch > 0 for batch in batches)


def test_equal_rows_are_landed_as_often_as_they_occur(tmp_path: Path) -> None:
    table = Asked(orders(1, 1))
    table.landed(tmp_path)
    table.rows = orders(1, 1, 1)
    assert table.landed(tmp_path)["id"].to_list() == [1, 1, 1]
    assert table.since == [None, START]


def test_the_same_rows_have_the_same_fingerprint_however_they_came(tmp_path: Path) -> None:
    table = Asked(orders(*range(4)))
    table.landed(tmp_path / "a")
    table.rows = orders(*range(10))
    grown = read_increments("orders", "at", tmp_path / "a", table)
    at_once = read_increments("orders", "at", tmp_path / "b", table)
    assert grown.fingerprint == at_once.fingerprint
    assert len(segments(tmp_path / "a")) == 2


def test_a_source_that_gives_all_rows_each_time_lands_them_once(tmp_path: Path) -> None:
    for n in (3, 3, 6):
        found = read_increments("orders", "at", tmp_path, lambda since, n=n: orders(*range(n)))
        assert whole(found)["id"].to_list() == list(range(n))
        assert found.findings == ()
    assert len(segments(tmp_path)) == 2


def test_earlier_rows_that_changed_are_seen_and_all_are_read(tmp_path: Path) -> None:
    read_increments("orders", "at", tmp_path, lambda since: orders(*range(6)))
    mended = orders(*range(8)).with_columns(id=pl.when(pl.col("id") == 1).then(100).otherwise("id"))
    found = read_increments("orders", "at", tmp_path, lambda since: mended)
    assert whole(found).equals(mended)
    assert [(one.check, one.value, one.severity) for one in found.findings] == [("earlier_rows_changed", 1.0, "warn")]
    assert len(segments(tmp_path)) == 1
    assert read_increments("orders", "at", tmp_path, lambda since: mended).findings == ()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path, moment: str) -> None:
    for rows in (5, 9):
        done = subprocess.run([sys.executable, KILLED, tmp_path, moment, str(rows)], check=False)
        assert done.returncode == -signal.SIGKILL
    table = pl.DataFrame({"id": range(12)})
    found = read_increments("orders", "id", tmp_path, lambda since: table.filter(pl.col("id") >= (since or 0)))
    assert whole(found)["id"].to_list() == list(range(12))
    assert len(segments(tmp_path)) == (1 if moment == "before" else 3)


def test_rows_that_may_not_be_landed_never_are(tmp_path: Path) -> None:
    for n in (4, 8):
        found = read_increments(
            "orders", "at", tmp_path, Asked(orders(*range(n))), forget=lambda rows: rows.filter(pl.col("id") != 3)
        )
    assert whole(found)["id"].to_list() == [0, 1, 2, 4, 5, 6, 7]
    assert found.findings == ()


def test_what_does_not_go_together_is_told(tmp_path: Path) -> None:
    with pytest.raises(ColumnMissing, match="at"):
        read_increments("orders", "at", tmp_path, lambda since: pl.DataFrame({"id": [1]}))
    with pytest.raises(InputError, match="'at' is empty in some rows"):
        read_increments("orders", "at", tmp_path, lambda since: orders(1).with_columns(at=None))
    read_increments("orders", "at", tmp_path, lambda since: orders(1))
    with pytest.raises(InputError, match="other columns than before: found 'price'"):
        read_increments("orders", "at", tmp_path, lambda since: orders(1, 2).with_columns(price=1))
    with pytest.raises(InputError, match="other types than before"):
        read_increments("orders", "at", tmp_path, lambda since: orders(2).cast({"id": pl.String}))
    segments(tmp_path)[0].write_bytes(b"PAR1")
    with pytest.raises(Corrupt, match="a segment of landed rows is damaged"):
        read_increments("orders", "at", tmp_path, lambda since: orders(1))


@pytest.fixture
def registered() -> Iterator[list[Any]]:
    asked: list[Any] = []

    @source
    def tickets(since: datetime | None) -> dict[str, list[Any]]:
        asked.append(since)
        rows = orders(*range(4 if since is None else 7))
        return rows.filter(pl.col("at") >= (since or START)).to_dict(as_series=False)

    yield asked
    SOURCES.remove("tickets")


def test_a_function_is_told_up_to_where_its_rows_were_landed(tmp_path: Path, registered: list[Any]) -> None:
    plain = Source(name="orders", location="python:tickets")
    assert len(whole(read(plain, tmp_path))) == 4
    growing = Source(name="orders", location="python:tickets", since="at")
    assert len(whole(read(growing, tmp_path))) == 4
    assert len(whole(read(growing, tmp_path))) == 7
    assert registered == [None, None, START + timedelta(hours=1)]


@pytest.mark.parametrize("how", [{"table": "orders"}, {"query": "SELECT id, at FROM orders WHERE id < 1000; -- all"}])
def test_a_table_and_a_query_are_asked_for_what_is_new(tmp_path: Path, how: dict[str, str]) -> None:
    growing = Source(name="orders", location="sqlite:///shop.db", since="at", **how)
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id INTEGER, at TEXT)")
        shop.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "2024-01-01 10:00:00"), (2, "2024-01-02 o'clock")])
    assert len(whole(read(growing, tmp_path))) == 2
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executemany("INSERT INTO orders VALUES (?, ?)", [(3, "2024-01-02 o'clock"), (4, "2024-01-03 09:00:00")])
    found = read(growing, tmp_path)
    assert (whole(found)["id"].to_list(), found.findings) == ([1, 2, 3, 4], ())
    assert len(segments(tmp_path / ".fullcycle")) == 2
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("DELETE FROM orders WHERE id = 1")
    found = read(growing, tmp_path)
    assert whole(found)["id"].to_list() == [2, 3, 4]
    assert found.findings[0].check == "earlier_rows_changed"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A shop whose orders are written and changed."""
    with sqlite3.connect(tmp_path / "shop.db", isolation_level=None) as shop:
        shop.execute("CREATE TABLE orders (id INTEGER, written TIMESTAMP, paid REAL, changed TEXT)")
        for number in range(1, 5):
            shop.execute("INSERT INTO orders VALUES (?, ?, 1.5, 'day 1')", (number, f"2024-01-0{number} 10:00:00"))
        yield shop


ORDERS = {"location": "sqlite:///shop.db", "table": "orders", "since": "written"}


def told(source: Source, folder: Path) -> tuple[pl.DataFrame, list[tuple[str, float | None]]]:
    found = read(source, folder)
    return whole(found), [(one.check, one.value) for one in found.findings]


@pytest.mark.parametrize("updated_at", ["", "changed"])
def test_a_cell_that_is_changed_in_place_is_seen(tmp_path: Path, shop: sqlite3.Connection, updated_at: str) -> None:
    source = Source(name="orders", updated_at=updated_at, **ORDERS)
    assert told(source, tmp_path)[1] == []
    shop.execute("UPDATE orders SET paid = 9.5, changed = 'day 2' WHERE id = 2")
    rows, findings = told(source, tmp_path)
    assert findings == [("earlier_rows_changed", 1.0)]
    assert rows["paid"].to_list() == [1.5, 9.5, 1.5, 1.5]
    assert told(source, tmp_path)[1] == []
    shop.execute("INSERT INTO orders VALUES (5, '2024-01-05 10:00:00', 2.5, 'day 3')")
    shop.execute("UPDATE orders SET paid = 0.5, changed = 'day 3' WHERE id = 4")  # landed last, and changed since
    rows, findings = told(source, tmp_path)
    assert findings == [("earlier_rows_changed", 1.0)]
    assert rows["paid"].to_list() == [1.5, 9.5, 1.5, 0.5, 2.5]
    shop.execute("DELETE FROM orders WHERE id < 3")
    rows, findings = told(source, tmp_path)
    assert (rows.height, findings) == (3, [("earlier_rows_changed", 2.0)])
    assert told(source, tmp_path)[1] == []


def test_a_change_between_the_mark_and_the_rows_is_seen_the_next_time(
    tmp_path: Path, shop: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(name="orders", **ORDERS)
    told(source, tmp_path)
    rows_of = Growing.rows

    def rows(self: Growing, since: Any) -> pl.DataFrame:
        shop.execute("INSERT INTO orders VALUES (5, '2024-01-05 10:00:00', 2.5, '')")
        monkeypatch.setattr(Growing, "rows", rows_of)
        return rows_of(self, since)

    monkeypatch.setattr(Growing, "rows", rows)
    assert told(source, tmp_path)[0].height == 5
    shop.execute("UPDATE orders SET paid = 7.5 WHERE id = 5")  # it was not there when the mark was taken
    shop.execute("INSERT INTO orders VALUES (6, '2024-01-06 10:00:00', 2.5, '')")
    rows_now, findings = told(source, tmp_path)
    assert findings == [("earlier_rows_changed", 1.0)]
    assert rows_now["paid"].to_list() == [1.5, 1.5, 1.5, 1.5, 7.5, 2.5]


def test_rows_that_were_never_landed_are_not_taken_for_changes(tmp_path: Path, shop: sqlite3.Connection) -> None:
    source = Source(name="orders", **ORDERS)
    for number in (6, 7):
        found = read(source, tmp_path, forget=lambda rows: rows.filter(pl.col("id") != 2))
        assert (2 in whole(found)["id"], found.findings) == (False, ())
        shop.execute("INSERT INTO orders VALUES (?, ?, 2.5, '')", (number, f"2024-01-0{number} 10:00:00"))


def test_without_a_mark_earlier_rows_are_counted(tmp_path: Path, shop: sqlite3.Connection) -> None:
    source = Source(name="orders", **ORDERS)
    told(source, tmp_path)
    (tmp_path / ".fullcycle/landed/orders/mark").write_bytes(b"of an older version")
    shop.execute("DELETE FROM orders WHERE id = 1")
    assert told(source, tmp_path)[1] == [("earlier_rows_changed", 1.0)]
    assert told(source, tmp_path)[1] == []


def test_files_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id\n1\n")
    with pytest.raises(InputError, match="only functions and databases are read by increments"):
        read(Source(name="rows", location="rows.csv", since="id"), tmp_path)
