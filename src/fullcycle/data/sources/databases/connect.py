"""Connecting: the one place that knows which address is which database's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.result import Database
from fullcycle.kernel.errors import UnknownKey

KINDS = ("postgresql", "mysql", "sqlite", "duckdb", "adbc")


@contextlib.contextmanager
def connected(address: Address) -> Iterator[Database]:
    """The database at *address*, read-only; closed in the end.

    Raises
    ------
    InputError
        The address is of no known kind, a library or the database's file is missing, or user and password are refused.
    OutsideError
        Nothing answers there.
    """
    database = _opened(address)
    try:
        yield database
    finally:
        database.close()


def _opened(address: Address) -> Database:
    match address.kind:
        case "postgresql":
            from fullcycle.data.sources.databases.postgresql import PostgreSQL

            return PostgreSQL(address)
        case "mysql":
            from fullcycle.data.sources.databases.mysql import MySQL

            return MySQL(address)
        case "sqlite":
            from fullcycle.data.sources.databases.sqlite import SQLite

            return SQLite(address)
        case "duckdb":
            from fullcycle.data.sources.databases.duckdb import DuckDB

            return DuckDB(address)
        case "adbc":
            from fullcycle.data.sources.databases.adbc import Adbc

            return Adbc(address)
    raise UnknownKey(address.kind, KINDS, place=address.place, what="kind of database")
