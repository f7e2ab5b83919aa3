"""MySQL and MariaDB through PyMySQL, rows streamed from the server's side.

connectorx, which Polars would use, was tried: it repeats a wrong password for 30 s, answers a failing query with a panic and
a stack trace on standard error, and needs PyArrow. PyMySQL is a few files of Python; cells come as text here and are parsed
by Polars in whole columns, which keeps it quick enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl

from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.result import Column, Reference, Result, Table, Wish, column_frame, once
from fullcycle.data.sources.databases.trouble import Kind, trouble
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import InputError, nearest

EXTRA = "mysql"
_PORTION = 1 << 15
_UNSIGNED, _BYTES = 32, 63  # flag of a column; number of the character set that is none
_WHOLE, _BROKEN, _DECIMALS = {1, 2, 3, 8, 9, 13}, {4, 5}, {0, 246}
_TINY, _TIMESTAMP, _DATE, _DATETIME, _BIT = 1, 7, 10, 12, 16
_STRINGS = {15, 249, 250, 251, 252, 253, 254}
_NUMBERS: dict[int, Kind] = {
    1045: "refused",
    1698: "refused",
    1044: "database",
    1049: "database",
    1046: "database",
    1146: "table",
    1054: "column",
    1142: "rights",
    1143: "rights",
    1792: "writes",
    1290: "writes",
    2002: "down",
    2003: "down",
    2006: "down",
    1969: "silent",
    3024: "silent",
    1040: "down",
}
_OWN = "table_schema = DATABASE()"


class MySQL:
    """A connection within one read-only transaction."""

    backslash = True

    def __init__(self, address: Address) -> None:
        self.address = address
        self._pymysql: Any = require("pymysql", EXTRA)
        self._results: list[Any] = []
        parts = urlsplit(address.url)
        if not parts.path.strip("/"):
            raise InputError(
                "the address names no database", place=address.place, expected="mysql://user:password@host/database"
            )
        wait = max(1, round(address.timeout))
        try:
            self._connection = self._pymysql.connect(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.strip("/")),
                charset="utf8mb4",
                connect_timeout=wait,
                read_timeout=wait,
                conv=dict(self._pymysql.converters.encoders),
                cursorclass=self._pymysql.cursors.SSCursor,
                **_encryption(dict(parse_qsl(parts.query))),
            )
            for statement in (
                "SET time_zone = '+00:00'",
                "SET SESSION TRANSACTION READ ONLY",
                "START TRANSACTION READ ONLY",
            ):
                self._rows(statement)
        except self._pymysql.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """End the connection, at once even if rows are still on their way."""
        for result in self._results:
            result.unbuffered_active = False  # else it would wait for all its rows when it is forgotten
        self._connection._force_close()

    def result(self, query: str) -> Result:
        """The rows of *query*.

        ``TIMESTAMP`` is in UTC, ``DATETIME`` naive; zero dates are missing; ``TIME`` is text, since it may be longer than a
        day; ``TINYINT(1)`` and ``BIT(1)`` are boolean if they hold nothing but 0 and 1; bytes are hexadecimal text.
        """
        try:
            cursor = self._connection.cursor()
            cursor.execute(query)
            self._results.append(cursor._result)
        except self._pymysql.Error as error:
            raise self._trouble(error) from None
        fields = cursor._result.fields if cursor.description else []
        columns = once(tuple(field.name for field in fields), self.address)
        wishes: dict[str, Wish] = {
            field.name: "boolean" for field in fields if field.type_code in (_TINY, _BIT) and field.length == 1
        }
        return Result(columns, self._batches(cursor, columns, {field.name: field for field in fields}), wishes)

    def tables(self) -> tuple[str, ...]:
        """Names of all tables and views of the database."""
        return tuple(
            row[0] for row in self._rows(f"SELECT table_name FROM information_schema.tables WHERE {_OWN} ORDER BY 1")
        )

    def catalogue(self) -> tuple[Table, ...]:
        """All tables and views with columns, keys and references; rows as the engine estimates them."""
        schema = "information_schema"
        tables = self._rows(
            f"SELECT table_name, table_rows, data_length + index_length FROM {schema}.tables WHERE {_OWN} ORDER BY 1"
        )
        columns = self._rows(
            f"SELECT table_name, column_name, column_type FROM {schema}.columns WHERE {_OWN} ORDER BY 1, ordinal_position"
        )
        keys = self._rows(
            f"SELECT table_name, index_name, column_name FROM {schema}.statistics WHERE {_OWN} AND non_unique = 0"
            " ORDER BY 1, index_name <> 'PRIMARY', 2, seq_in_index"
        )
        references = self._rows(
            "SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name"
            f" FROM {schema}.key_column_usage WHERE {_OWN} AND referenced_table_schema = DATABASE()"
            " ORDER BY 1, 2, ordinal_position"
        )
        return tuple(
            Table(
                name=name,
                columns=tuple(Column(row[1], row[2]) for row in columns if row[0] == name),
                rows=None if rows is None else int(rows),
                bytes=None if size is None else int(size),
                keys=tuple(dict.fromkeys(_grouped([row[1:] for row in keys if row[0] == name]))),
                references=_references([row[1:] for row in references if row[0] == name]),
            )
            for name, rows, size in tables
        )

    def quoted(self, name: str) -> str:
        """*name*, maybe with its database before a dot, as an identifier."""
        return ".".join("`" + part.replace("`", "``") + "`" for part in name.split("."))

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str:
        """An expression: the sum of 60 bits of each row's MD5, as text; the order of rows does not matter."""
        row = f"CONCAT_WS(',', {', '.join(f'QUOTE({self.quoted(name)})' for name in columns)})"
        word = f"CAST(CONV(SUBSTR(MD5({row}), 1, 15), 16, 10) AS UNSIGNED)"
        return f"CAST(COALESCE(SUM({word}), 0) AS CHAR)"

    def _rows(self, query: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def _batches(self, cursor: Any, columns: tuple[str, ...], fields: dict[str, Any]) -> Iterator[pl.DataFrame]:
        def made(name: str, values: tuple[Any, ...]) -> pl.Series:
            return _series(name, values, fields[name])

        try:
            while rows := cursor.fetchmany(_PORTION):
                yield column_frame(columns, rows, made)
        except self._pymysql.Error as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> Exception:
        number, message = (*error.args, "")[:2]
        text = str(message)
        if number == 2013:
            kind: Kind = "silent" if "timed out" in text else "down"
        else:
            kind = _NUMBERS.get(number, "query")
        near = None
        if kind == "table" and (missing := re.search(r"Table '(?:.*?\.)?(.*?)' doesn't exist", text)):
            near = nearest(missing[1], self.tables())
        if line := re.search(r" at line (\d+)$", text):
            text = f"{text[: line.start()]} (line {line[1]})"
        return trouble(kind, self.address, text, near=near)


def _encryption(parameters: dict[str, str]) -> dict[str, Any]:
    """What ``?ssl-ca=…`` and ``?ssl-mode=…`` say."""
    authority, mode = parameters.get("ssl-ca"), parameters.get("ssl-mode", "").lower()
    if mode == "disabled":
        return {"ssl_disabled": True}
    return {"ssl_ca": authority, "ssl_verify_cert": True} if authority else {}


def _series(name: str, values: tuple[Any, ...], field: Any) -> pl.Series:
    """A column of cells that came as text, or bytes where their character set is none."""
    code = field.type_code
    if code == _BIT or (code in _STRINGS and field.charsetnr == _BYTES):
        cells = [None if value is None else _bytes(value) for value in values]
        if code == _BIT:
            return pl.Series(name, [None if cell is None else int.from_bytes(cell) for cell in cells], dtype=pl.Int64)
        return pl.Series(name, [None if cell is None else cell.hex() for cell in cells], dtype=pl.String)
    text = pl.Series(name, values, dtype=pl.String)
    if code in _WHOLE:
        return text.cast(pl.UInt64 if field.flags & _UNSIGNED and code == 8 else pl.Int64)
    if code in _BROKEN:
        return text.cast(pl.Float64)
    if code in _DECIMALS:
        return text.cast(pl.Decimal(38, field.scale) if field.length <= 38 else pl.Float64)
    if code == _DATE:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if code in (_DATETIME, _TIMESTAMP):
        moment = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        return moment.dt.replace_time_zone("UTC") if code == _TIMESTAMP else moment
    return text


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")


def _grouped(rows: list[Any]) -> list[tuple[str, ...]]:
    keys: dict[str, list[str]] = {}
    for name, column in rows:
        keys.setdefault(name, []).append(column)
    return [tuple(columns) for columns in keys.values()]


def _references(rows: list[Any]) -> tuple[Reference, ...]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return tuple(
        Reference(tuple(row[1] for row in group), group[0][2], tuple(row[3] for row in group))
        for group in groups.values()
    )
