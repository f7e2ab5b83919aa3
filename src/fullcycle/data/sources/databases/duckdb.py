"""DuckDB: a database file, or a query over files with ``duckdb:///:memory:``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.sources.databases.adbc import EXTRA, standard
from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.result import Column, Reference, Result, Table, normal, once
from fullcycle.data.sources.databases.sqlite import require_file
from fullcycle.data.sources.databases.trouble import Kind, Patience, patient, trouble
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import nearest

_NESTED = ("LIST", "ARRAY", "STRUCT", "MAP", "UNION")
_MEMORY = "1GB"  # a larger sort or join goes to disk
_TEXT = ("INTERVAL", "BIT", "TIME WITH TIME ZONE", "ENUM", "UUID")


class DuckDB:
    """A file that is opened for reading only, or nothing but memory."""

    backslash = False

    def __init__(self, address: Address) -> None:
        self.address = address
        self._duckdb: Any = require("duckdb", EXTRA)
        path = address.path or ":memory:"
        if path != ":memory:":
            require_file(Path(path), address)
        spool = address.folder / ".fullcycle" / "spool" / "duckdb"
        config = {"memory_limit": _MEMORY, "temp_directory": str(spool), "file_search_path": str(address.folder)}
        try:
            self._connection = self._duckdb.connect(path, read_only=path != ":memory:", config=config)
            self._connection.execute("SET TimeZone = 'UTC'")
        except self._duckdb.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def result(self, query: str) -> Result:
        """The rows of *query*; what is nested comes as JSON text, intervals and bits as text."""
        try:
            self._require_read(query)
            with Patience(self.address, self._connection.interrupt):
                relation = self._connection.sql(query)
            columns = once(tuple(relation.columns), self.address)
            cells = [_cell(name, type_) for name, type_ in zip(columns, relation.types, strict=True)]
            relation = relation.project(", ".join(cells))
        except self._duckdb.Error as error:
            raise self._trouble(error) from None
        return Result(columns, self._batches(relation))

    def tables(self) -> tuple[str, ...]:
        """Names of all tables and views, with their schema where it is not ``main``."""
        return tuple(_name(row) for row in self._tables())

    def catalogue(self) -> tuple[Table, ...]:
        """All tables and views with columns, keys and references; rows as DuckDB estimates them."""
        columns = self._rows(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            " ORDER BY schema_name, table_name, column_index"
        )
        rules = self._rows(
            "SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table,"
            " referenced_column_names FROM duckdb_constraints() ORDER BY schema_name, table_name, constraint_index"
        )
        return tuple(
            Table(
                name=_name(row),
                columns=tuple(Column(column[2], column[3].lower()) for column in columns if column[:2] == row[:2]),
                rows=row[2],
                keys=tuple(
                    dict.fromkeys(
                        tuple(rule[3]) for rule in rules if rule[:2] == row[:2] and rule[2] in ("PRIMARY KEY", "UNIQUE")
                    )
                ),
                references=tuple(
                    Reference(tuple(rule[3]), rule[4], tuple(rule[5]))
                    for rule in rules
                    if rule[:2] == row[:2] and rule[2] == "FOREIGN KEY"
                ),
            )
            for row in self._tables()
        )

    def quoted(self, name: str) -> str:
        """*name*, maybe with its schema, as an identifier."""
        return standard(name)

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str:
        """An expression: the sum of 64 bits of each row's MD5, as text; the order of rows does not matter."""
        return f"CAST(COALESCE(SUM(md5_number_lower(CAST({table} AS VARCHAR))), 0) AS VARCHAR)"

    def _tables(self) -> list[Any]:
        return self._rows(
            "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE NOT internal UNION ALL"
            " SELECT schema_name, view_name, NULL FROM duckdb_views() WHERE NOT internal ORDER BY 1, 2"
        )

    def _rows(self, query: str) -> list[Any]:
        found: list[Any] = self._connection.execute(query).fetchall()
        return found

    def _require_read(self, query: str) -> None:
        statements = self._connection.extract_statements(query)
        if [statement.type for statement in statements] != [self._duckdb.StatementType.SELECT]:
            raise trouble("writes", self.address, "; ".join(str(statement.type) for statement in statements))

    def _batches(self, relation: Any) -> Iterator[pl.DataFrame]:
        try:
            with Patience(self.address, self._connection.interrupt):
                frames = pl.scan_arrow_c_stream(relation).collect_batches(maintain_order=True)
            for batch in patient(iter(frames), self.address, self._connection.interrupt):
                yield normal(batch)
        except (self._duckdb.Error, pl.exceptions.PolarsError) as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> Exception:
        text = str(error)
        line = re.search(r"^LINE (\d+): (.*)$", text, re.MULTILINE)
        message = re.split(r"\n\s*\n|\nLINE |\nDid you mean", text)[0]
        if line:
            message = f"{message} (line {line[1]}: {line[2].strip()})"
        kind, near = _kind(text), None
        if kind == "table" and (missing := re.search(r"Table with name (\S+) does not exist", text)):
            near = nearest(missing[1], self.tables())
        return trouble(kind, self.address, message, near=near)


def _kind(text: str) -> Kind:
    words: tuple[tuple[str, Kind], ...] = (
        ("Table with name .* does not exist", "table"),
        ("Referenced column .* not found", "column"),
        ("read-only mode!", "writes"),
        ("not a valid DuckDB database file", "database"),
        ("Could not set lock", "down"),
    )
    return next((kind for pattern, kind in words if re.search(pattern, text)), "query")


def _cell(name: str, type_: Any) -> str:
    cell, spelt = '"' + name.replace('"', '""') + '"', str(type_)
    if type_.id.upper() in _NESTED:
        return f"CAST(to_json({cell}) AS VARCHAR) AS {cell}"
    return f"CAST({cell} AS VARCHAR) AS {cell}" if spelt.startswith(_TEXT) else cell


def _name(row: Any) -> str:
    return str(row[1]) if row[0] == "main" else f"{row[0]}.{row[1]}"
