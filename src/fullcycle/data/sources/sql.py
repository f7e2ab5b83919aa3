"""Sources that are databases: one query or one table, read in one read-only transaction."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from fullcycle.data.sources.databases.address import located
from fullcycle.data.sources.databases.answer import Answer
from fullcycle.data.sources.databases.connect import connected
from fullcycle.data.sources.databases.result import Database
from fullcycle.data.sources.databases.statement import asked, plain, reads
from fullcycle.data.sources.databases.trouble import trouble
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
    query = asked(source, folder)
    address = located(source.location, folder, source=source.name, timeout=source.timeout)
    with connected(address) as database:
        if source.table:
            query = _whole_table(source.table, database)
        query = _reading(query, database)
        result = database.result(query)
        answer = Answer(result, folder)
    if not answer.rows:
        raise InputError(
            "the query gives no rows" if source.query else "the table has no rows",
            place=address.place,
            expected="one row at least",
            mend="mend its conditions, or wait until there are some",
        )
    return Reading(result.columns, answer.batches, lambda: pl.DataFrame(schema=BROKEN), answer.fingerprint)


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
