"""Any database with an ADBC driver: Snowflake, BigQuery, Flight SQL and others, as ``adbc:DRIVER?uri=…``.

Tried with the drivers of SQLite, PostgreSQL and DuckDB. Snowflake, BigQuery and Flight SQL need an account or a server and
could not be tried where this was written. All parameters after the ``?`` go to the driver as they are, so its own
documentation says what may stand there (``adbc.snowflake.sql.account=…``, ``username=…``); see https://arrow.apache.org/adbc/.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import polars as pl

from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.arrow_schema import Field, fields
from fullcycle.data.sources.databases.result import Result, Table, normal, once
from fullcycle.data.sources.databases.trouble import Patience, patient, trouble
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import InputError

EXTRA = "sql"


class Connection:
    """A connection through a driver, to be closed."""

    def __init__(self, address: Address, options: Mapping[str, str], *, driver: str) -> None:
        self.manager: Any = require("adbc_driver_manager", EXTRA)
        self.address = address
        self._stack = contextlib.ExitStack()
        try:
            database = self._stack.enter_context(self.manager.AdbcDatabase(driver=driver, **options))
            self._connection = self._stack.enter_context(self.manager.AdbcConnection(database))
        except self.manager.Error:
            self._stack.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self._stack.close()

    def schema(self, query: str) -> tuple[Field, ...] | None:
        """The columns of *query*, without running it; None where the driver cannot tell."""
        with self.manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(query)
            try:
                handle = statement.execute_schema()
            except self.manager.NotSupportedError:
                return None
            return fields(handle.address)

    def batches(self, query: str) -> Iterator[pl.DataFrame]:
        """The rows of *query*, as the driver hands them over."""
        with self.manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(query)
            with Patience(self.address, statement.cancel):
                stream, _ = statement.execute_query()
            frames = pl.scan_arrow_c_stream(stream).collect_batches(maintain_order=True)
            yield from patient(iter(frames), self.address, statement.cancel)

    def frame(self, query: str) -> pl.DataFrame:
        """All rows of a small *query*; text where a type is none of Polars. Without rows also without columns."""
        batches = list(self.batches(query))
        return normal(pl.concat(batches)) if batches else pl.DataFrame()


class Adbc:
    """A database behind an ADBC driver that is named in the address."""

    backslash = False

    def __init__(self, address: Address) -> None:
        self.address = address
        name, _, parameters = address.url.partition(":")[2].partition("?")
        options = dict(parse_qsl(parameters))
        self._name = unquote(name.strip("/"))
        try:
            self._connection = Connection(address, options, driver=_driver(self._name))
        except require("adbc_driver_manager", EXTRA).Error as error:
            raise self._connecting(error) from None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def result(self, query: str) -> Result:
        """The rows of *query*."""
        try:
            schema = self._connection.schema(query)
        except self._connection.manager.Error as error:
            raise trouble("query", self.address, str(error)) from None
        _refuse_unknown(schema or (), self.address)
        batches = self._batches(query)
        first = next(batches, None)
        columns = tuple(field.name for field in schema) if schema else tuple(first.columns if first is not None else ())
        return Result(once(columns, self.address), _again(first, batches))

    def tables(self) -> tuple[str, ...]:
        """Nothing: catalogues differ too much from driver to driver."""
        return ()

    def catalogue(self) -> tuple[Table, ...]:
        """Nothing: catalogues differ too much from driver to driver."""
        return ()

    def quoted(self, name: str) -> str:
        """*name* as an identifier of standard SQL."""
        return standard(name)

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str:
        """Nothing: what a database of any kind can compute is not known."""
        return "''"

    def _batches(self, query: str) -> Iterator[pl.DataFrame]:
        try:
            for batch in self._connection.batches(query):
                yield normal(batch)
        except (self._connection.manager.Error, pl.exceptions.PolarsError) as error:
            raise trouble("query", self.address, str(error)) from None

    def _connecting(self, error: Exception) -> Exception:
        if "driver" in str(error).lower() and any(word in str(error) for word in ("load", "not find", "NOT_FOUND")):
            return InputError(
                f"the ADBC driver {self._name!r} is not installed",
                place=self.address.place,
                mend=f"pip install adbc-driver-{self._name}",
            )
        return trouble("down", self.address, str(error))


def standard(name: str) -> str:
    """*name*, maybe with its schema before a dot, as an identifier of standard SQL.

    >>> standard("shop.my orders")
    '"shop"."my orders"'
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _driver(name: str) -> str:
    """Path of the library in the package of the driver, or its name, under which the manager looks for a manifest."""
    try:
        package = importlib.import_module(f"adbc_driver_{name}")
    except ModuleNotFoundError:
        return name
    path = getattr(package, "_driver_path", None) or getattr(package, "driver_path", None)
    return str(path()) if path else name


def _refuse_unknown(schema: tuple[Field, ...], address: Address) -> None:
    for field in schema:
        if not field.known:
            raise InputError(
                f"column {field.name!r} has a type that is not read",
                place=address.place,
                found="an interval",
                mend=f"cast it in the query: CAST({field.name} AS VARCHAR) AS {field.name}",
            )


def _again(first: pl.DataFrame | None, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    if first is not None:
        yield first
    yield from rest
