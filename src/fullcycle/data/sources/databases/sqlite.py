"""SQLite with Python's own module.

A column of SQLite may hold anything, and a driver that fixes its type after the first rows (ADBC) fails at the first that
differs. Here the query is asked first which kinds of values each column holds, and then for all of them in one.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.result import Column, Reference, Result, Table, Wish, column_frame, once
from fullcycle.data.sources.databases.trouble import Kind, Patience, patient, trouble
from fullcycle.kernel.errors import InputError, nearest

_PORTION = 1 << 16
_INTEGER, _REAL, _TEXT, _BLOB, _NO_DATE, _NO_TIME = 1, 2, 4, 8, 16, 32
_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIMES = ("DATETIME", "TIMESTAMP")
_TIME = f"{_DATE}[ T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]"


class _DigestOfRows:
    """SQLite has no digest of its own: the sum of 64 bits of each text's BLAKE2."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, row: Any) -> None:
        self._sum += int.from_bytes(hashlib.blake2b(row.encode("utf-8", "surrogatepass"), digest_size=8).digest())

    def finalize(self) -> Any:
        return f"{self._sum:x}"


class SQLite:
    """A file that is opened for reading only."""

    backslash = False

    def __init__(self, address: Address) -> None:
        self.address = address
        path = Path(address.path)
        require_file(path, address)
        name = f"file:{quote(str(path.absolute()))}?mode=ro"
        try:
            self._connection = sqlite3.connect(
                name, uri=True, isolation_level=None, timeout=address.timeout, check_same_thread=False
            )
            self._connection.create_aggregate("digest_of_rows", 1, _DigestOfRows)
            self._rows("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def result(self, query: str) -> Result:
        """The rows of *query*.

        A column of whole numbers is Int64 (boolean where declared so), with others among them Float64, of text String; a
        column that is declared a date or a timestamp is one if all its values are written so; bytes are hexadecimal text.
        """
        try:
            if self._connection.in_transaction:
                self._rows("COMMIT")  # of a query whose rows were not all taken
            self._rows("DROP VIEW IF EXISTS temp.fullcycle_rows")
            self._rows(f"CREATE TEMP VIEW fullcycle_rows AS\n{query}")
            declared = {row[1]: str(row[2]).upper() for row in self._rows("PRAGMA temp.table_info(fullcycle_rows)")}
            columns = once(tuple(declared), self.address)
            self._rows("BEGIN")  # what the values are is asked of the same rows that are read
            with Patience(self.address, self._connection.interrupt):
                kinds = ", ".join(_kinds(name, declared[name]) for name in columns)
                seen = self._rows(f"SELECT {kinds} FROM temp.fullcycle_rows")[0]
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        types = {name: _type(held, declared[name]) for name, held in zip(columns, seen, strict=True)}
        wishes: dict[str, Wish] = {
            name: "boolean" for name in columns if types[name] == pl.Int64 and declared[name].startswith("BOOL")
        }
        return Result(columns, self._batches(columns, types), wishes)

    def tables(self) -> tuple[str, ...]:
        """Names of all tables and views."""
        named = (
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        return tuple(row[0] for row in self._rows(named + " ORDER BY name"))

    def catalogue(self) -> tuple[Table, ...]:
        """All tables and views with columns, keys and references, their rows counted."""
        return tuple(map(self._described, self.tables()))

    def quoted(self, name: str) -> str:
        """*name* as an identifier."""
        return _quoted(name)

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str:
        """An expression: the sum of 64 bits of each row's BLAKE2, as text; the order of rows does not matter."""
        cells = " || ',' || ".join(f"quote({self.quoted(name)})" for name in columns)
        return f"digest_of_rows({cells})"

    def _described(self, name: str) -> Table:
        try:
            columns = self._rows(f"PRAGMA table_info({_quoted(name)})")
            rows = self._rows(f"SELECT count(*) FROM {_quoted(name)}")[0][0]
        except sqlite3.Error:
            return Table(name, ())  # a view whose tables have changed
        return Table(
            name=name,
            columns=tuple(Column(row[1], row[2].lower() or "any") for row in columns),
            rows=rows,
            exact=True,
            keys=self._keys(name, columns),
            references=self._references(name),
        )

    def _keys(self, name: str, columns: list[Any]) -> tuple[tuple[str, ...], ...]:
        primary = tuple(row[1] for row in sorted((row for row in columns if row[5]), key=lambda row: int(row[5])))
        indexes = [row[1] for row in self._rows(f"PRAGMA index_list({_quoted(name)})") if row[2] and not row[4]]
        unique = [tuple(row[2] for row in self._rows(f"PRAGMA index_info({_quoted(index)})")) for index in indexes]
        return tuple(dict.fromkeys(key for key in (primary, *sorted(unique, key=str)) if key and None not in key))

    def _references(self, name: str) -> tuple[Reference, ...]:
        groups: dict[int, list[Any]] = {}
        for row in self._rows(f"PRAGMA foreign_key_list({_quoted(name)})"):
            groups.setdefault(row[0], []).append(row)
        return tuple(
            Reference(tuple(row[3] for row in group), group[0][2], tuple(row[4] or row[3] for row in group))
            for _, group in sorted(groups.items())
        )

    def _batches(self, columns: tuple[str, ...], types: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        cells = ", ".join(_cell(name, types[name]) for name in columns)

        def made(name: str, values: tuple[Any, ...]) -> pl.Series:
            return _series(name, values, types[name])

        try:
            cursor = self._connection.execute(f"SELECT {cells} FROM temp.fullcycle_rows")
            portions = iter(lambda: cursor.fetchmany(_PORTION), [])
            for rows in patient(portions, self.address, self._connection.interrupt):
                yield column_frame(columns, rows, made)
            self._rows("COMMIT")
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def _rows(self, statement: str) -> list[Any]:
        return self._connection.execute(statement).fetchall()

    def _trouble(self, error: sqlite3.Error) -> Exception:
        message, kind, near = str(error), _kind(str(error)), None
        if kind == "table" and (missing := re.search(r"no such table: (?:\w+\.)?(\S+)", message)):
            near = nearest(missing[1], self.tables())
        return trouble(kind, self.address, message, near=near)


def require_file(path: Path, address: Address) -> None:
    """Stop where the file of a database is missing.

    Raises
    ------
    InputError
        Names the nearest file that is there.
    """
    if not path.is_file():
        near = nearest(path.name, sorted(file.name for file in path.parent.glob("*")))
        raise InputError(
            "the file of the database is missing",
            place=address.place,
            found=str(path.name),
            mend=f"did you mean {near!r}?" if near else "mend the path in 'from'; four slashes begin one from the root",
        )


def _kind(message: str) -> Kind:
    words: tuple[tuple[str, Kind], ...] = (
        ("no such table", "table"),
        ("no such column", "column"),
        ("readonly|read-only", "writes"),
        ("locked|busy|disk I/O|unable to open", "down"),
        ("not a database|malformed", "database"),
    )
    return next((kind for pattern, kind in words if re.search(pattern, message)), "query")


def _kinds(name: str, declared: str) -> str:
    """Which kinds of values the column *name* holds, as the sum of their bits."""
    cell = _quoted(name)
    kinds = ((_INTEGER, "integer"), (_REAL, "real"), (_TEXT, "text"), (_BLOB, "blob"))
    tests = {bit: f"typeof({cell}) = '{kind}'" for bit, kind in kinds}
    if declared == "DATE":
        tests[_NO_DATE] = f"{tests[_TEXT]} AND NOT ({cell} GLOB '{_DATE}' AND date({cell}) = {cell})"
    if declared.startswith(_TIMES):
        fraction = f"substr({cell}, 20) GLOB '.[0-9]*' AND substr({cell}, 21) NOT GLOB '*[^0-9]*'"
        written = f"substr({cell}, 1, 19) GLOB '{_TIME}' AND datetime({cell}) IS NOT NULL"
        tests[_NO_TIME] = f"{tests[_TEXT]} AND NOT ({written} AND (length({cell}) = 19 OR {fraction}))"
    return " + ".join(f"{bit} * coalesce(max({test}), 0)" for bit, test in tests.items())


def _type(kinds: int, declared: str) -> pl.DataType:
    held = kinds & (_INTEGER | _REAL | _TEXT | _BLOB)
    if held == _TEXT and declared == "DATE" and not kinds & _NO_DATE:
        return pl.Date()
    if held == _TEXT and declared.startswith(_TIMES) and not kinds & _NO_TIME:
        return pl.Datetime("us")
    if held == _BLOB:
        return pl.Binary()
    if held and not held & (_TEXT | _BLOB):
        return pl.Int64() if held == _INTEGER else pl.Float64()
    return pl.String()


def _cell(name: str, type_: pl.DataType) -> str:
    cell = _quoted(name)
    if type_ == pl.Float64:
        return f"CAST({cell} AS REAL)"
    if type_ == pl.Binary:
        return f"CASE WHEN {cell} IS NOT NULL THEN lower(hex({cell})) END"
    if type_ == pl.String:
        return f"CASE typeof({cell}) WHEN 'blob' THEN lower(hex({cell})) ELSE CAST({cell} AS TEXT) END"
    return cell


def _series(name: str, values: tuple[Any, ...], type_: pl.DataType) -> pl.Series:
    if type_ == pl.Date:
        return pl.Series(name, values, dtype=pl.String).str.to_date("%Y-%m-%d")
    if isinstance(type_, pl.Datetime):
        text = pl.Series(name, values, dtype=pl.String).str.replace("T", " ", literal=True)
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
    return pl.Series(name, values, dtype=pl.String() if type_ == pl.Binary else type_)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
