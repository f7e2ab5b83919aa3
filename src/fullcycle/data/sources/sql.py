"""Sources that are databases: one query or one table, read in one read-only transaction."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.sources.databases.address import located
from fullcycle.data.sources.databases.answer import Answer
from fullcycle.data.sources.databases.connect import connected
from fullcycle.data.sources.databases.result import Database
from fullcycle.data.sources.databases.statement import asked, plain, reads
from fullcycle.data.sources.databases.trouble import trouble
from fullcycle.data.sources.mark import Mark
from fullcycle.data.sources.reading import BROKEN, Reading
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError, nearest


def read_sql(source: Source, folder: Path) -> Reading:
    """The rows of a query or a table, in the database's order.

    ``postgresql://``, ``mysql://``, ``sqlite:///file`` (three slashes: beside cycle.toml, four: from the root),
    ``duckdb:///file`` and ``duckdb:///:memory:`` with a query over files, and ``adbc:DRIVER?uri=…`` for every ADBC driver that
    is installed. The query is asked once and its rows kept in a temporary file until nobody reads them any more, so that
    they and the fingerprint are of one moment. The fingerprint is of the content alone: the same rows in another order have
    the same (see :class:`Answer`). The source's ``timeout`` is how long to wait for a connection, and then for each next
    part of the rows; a long read that goes on is not cut off.

    Raises
    ------
    InputError
        The query or address is wrong, user or password are refused, the query writes, or no rows come back.
    OutsideError
        The database is down, or gives no answer in time.

    >>> import sqlite3, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shop = sqlite3.connect(Path(folder, "shop.db"))
    ...     _ = shop.executescript("CREATE TABLE orders (id INTEGER, paid BOOLEAN); INSERT INTO orders VALUES (1, 1)")
    ...     shop.close()
    ...     reading = read_sql(Source(name="orders", location="sqlite:///shop.db", table="orders"), Path(folder))
    ...     next(reading.batches()).row(0, named=True)
    {'id': 1, 'paid': True}
    """
    address = located(source.location, folder, source=source.name, timeout=source.timeout)
    with connected(address) as database:
        result = database.result(_query(source, folder, database))
        answer = Answer(result, folder)
    if not answer.rows:
        raise InputError(
            "the query gives no rows" if source.query else "the table has no rows",
            place=address.place,
            expected="one row at least",
            mend="mend its conditions, or wait until there are some",
        )
    return Reading(result.columns, answer.batches, lambda: pl.DataFrame(schema=BROKEN), answer.fingerprint)


class Growing:
    """A query or table that grows by the column that the source names under ``since``.

    >>> import sqlite3, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shop = sqlite3.connect(Path(folder, "shop.db"))
    ...     _ = shop.executescript("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2), (3)")
    ...     shop.close()
    ...     source = Source(name="orders", location="sqlite:///shop.db", table="orders", since="id")
    ...     growing = Growing(source, Path(folder))
    ...     growing.rows(2)["id"].to_list(), growing.mark(None)[:2], growing.mark(2)[:2]
    ([2, 3], (3, 2), (2, 1))
    """

    def __init__(self, source: Source, folder: Path) -> None:
        self._source, self._folder = source, folder

    def rows(self, since: Any) -> pl.DataFrame:
        """Rows whose cell is *since* or more; all for None. Raises what `read_sql` does, but for no rows."""
        with self._connected() as database:
            query = _query(self._source, self._folder, database)
            if since is None:
                return self._taken(database, query)
            return self._taken(database, f"SELECT * {self._where(query, '>=', since, database)}")

    def mark(self, before: Any) -> Mark | None:
        """The mark of the rows whose cell is below *before*, or below the largest; None without rows.

        The rows are told by the largest cell of the column that says when they were last changed, where the source names
        one under ``updated_at``; else by the sum of digests of the rows, which the database computes.
        """
        with self._connected() as database:
            query = _query(self._source, self._folder, database)
            grows = database.quoted(self._source.since)
            if before is None:
                filled = f"SELECT {grows} FROM ({query}) AS landed WHERE {grows} IS NOT NULL"
                largest = self._taken(database, f"{filled} ORDER BY {grows} DESC LIMIT 1")
                if not largest.height:
                    return None
                before = largest.item()
            if self._source.updated_at:
                told = f"MAX({database.quoted(self._source.updated_at)})"
            else:
                none = self._taken(database, f"SELECT * FROM ({query}) AS landed LIMIT 1")
                told = database.digest_of_rows("landed", none.columns)
            where = self._where(query, "<", before, database)
            rows, found = self._taken(database, f"SELECT COUNT(*) AS counted, {told} AS told {where}").row(0)
        return Mark(before, int(rows), "" if found is None else str(found))

    def _connected(self) -> AbstractContextManager[Database]:
        source = self._source
        return connected(located(source.location, self._folder, source=source.name, timeout=source.timeout))

    def _where(self, query: str, sign: str, value: Any, database: Database) -> str:
        cell = _literal(value, backslash=database.backslash)
        return f"FROM ({query}) AS landed WHERE {database.quoted(self._source.since)} {sign} {cell}"

    def _taken(self, database: Database, query: str) -> pl.DataFrame:
        frames = list(Answer(database.result(query), self._folder).batches())
        return pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame()


def _literal(value: Any, *, backslash: bool) -> str:
    """A cell as it is written in SQL."""
    match value:
        case bool():
            raise InputError("rows cannot be told by a column of true and false", found=value)
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            text = value.isoformat(sep=" ")
        case _:
            text = str(value)
    quoted = text.replace("\\", "\\\\") if backslash else text
    return "'" + quoted.replace("'", "''") + "'"


def _query(source: Source, folder: Path, database: Database) -> str:
    """What is asked for all rows of the source; it only reads."""
    query = asked(source, folder)
    return _reading(_whole_table(source.table, database) if source.table else query, database)


def _whole_table(name: str, database: Database) -> str:
    known = database.tables()
    if known and name not in known and "." not in name:
        raise trouble("table", database.address, name, near=nearest(name, known))
    return f"SELECT * FROM {database.quoted(name)}"


def _reading(query: str, database: Database) -> str:
    stripped = plain(query, backslash=database.backslash)
    if not reads(stripped) or re.search(r"\bINTO\s+(OUTFILE|DUMPFILE)\b", stripped, re.IGNORECASE):
        raise trouble("writes", database.address, " ".join(stripped.split()[:2]) or "an empty query")
    return stripped
