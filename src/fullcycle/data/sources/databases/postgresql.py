"""PostgreSQL through ADBC, and what speaks its protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import polars as pl

from fullcycle.data.sources.databases.adbc import EXTRA, Connection, standard
from fullcycle.data.sources.databases.address import Address
from fullcycle.data.sources.databases.result import Column, Reference, Result, Table, Wish, normal, once
from fullcycle.data.sources.databases.trouble import Kind, trouble
from fullcycle.data.sources.extra import require
from fullcycle.kernel.errors import nearest

_SESSION = "-c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601"
_PLAIN = {
    *(
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "boolean",
        "oid",
        "name",
        "text",
        "character varying",
    ),
    *(
        "character",
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "bytea",
    ),
}
_STATES: dict[str, Kind] = {
    "25006": "writes",
    "42P01": "table",
    "42703": "column",
    "42501": "rights",
    "3F000": "table",
    "57014": "silent",
    "28P01": "refused",
    "28000": "refused",
    "3D000": "database",
}
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("data-modifying statement|read-only transaction", "writes"),
    ("authentication failed", "refused"),
    ("no password supplied", "refused"),
    ("role .* does not exist", "refused"),
    ("no pg_hba.conf entry", "refused"),
    ("database .* does not exist", "database"),
    ("Failed to connect|server closed the connection|connection to server", "down"),
)
_TABLES = """
SELECT n.nspname::text AS space, c.relname::text AS name, c.oid::bigint AS id, c.reltuples::bigint AS rows,
  CASE WHEN c.relkind IN ('v', 'f') THEN NULL ELSE pg_total_relation_size(c.oid) END::bigint AS bytes
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'
  AND n.nspname <> 'information_schema' ORDER BY 1, 2"""
_COLUMNS = """
SELECT attrelid::bigint AS id, attname::text AS name, format_type(atttypid, atttypmod)::text AS type
FROM pg_catalog.pg_attribute WHERE attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum"""
_KEYS = """
SELECT i.indrelid::bigint AS id, a.attname::text AS name, i.indexrelid::bigint AS key
FROM pg_catalog.pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indisunique AND i.indpred IS NULL AND 0 <> ALL (i.indkey::int2[])
ORDER BY i.indrelid, NOT i.indisprimary, i.indexrelid, k.place"""
_REFERENCES = """
SELECT c.conrelid::bigint AS id, c.oid::bigint AS reference, c.confrelid::bigint AS other, a.attname::text AS ours,
  b.attname::text AS theirs
FROM pg_catalog.pg_constraint c CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(ours, theirs, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.ours
JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.theirs
WHERE c.contype = 'f' ORDER BY c.conrelid, c.oid, k.place"""


class PostgreSQL:
    """A connection whose transactions are read-only."""

    backslash = False

    def __init__(self, address: Address) -> None:
        self.address = address
        driver = require("adbc_driver_postgresql", EXTRA)
        self._manager: Any = require("adbc_driver_manager", EXTRA)
        try:
            self._connection = Connection(address, {"uri": _session(address)}, driver=driver._driver_path())
        except self._manager.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def result(self, query: str) -> Result:
        """The rows of *query*; what Polars has no type for comes as text, arrays and composites as JSON text."""
        try:
            schema = self._connection.schema(query) or ()
            columns = once(tuple(field.name for field in schema), self.address)
            types = self._types(query, columns)
        except (self._manager.Error, pl.exceptions.PolarsError) as error:
            raise self._trouble(error) from None
        wishes: dict[str, Wish] = {name: "decimal" for name, type_ in types.items() if type_ in ("numeric", "money")}
        return Result(columns, self._batches(_cast(query, types)), wishes)

    def tables(self) -> tuple[str, ...]:
        """Names of all tables and views, with their schema where it is not ``public``."""
        return tuple(_name(row) for row in self._rows(_TABLES))

    def catalogue(self) -> tuple[Table, ...]:
        """All tables and views with columns, keys and references; rows as of the last ANALYZE."""
        tables = self._rows(_TABLES)
        names = {row["id"]: _name(row) for row in tables}
        columns, keys, references = (_by_table(self._rows(query)) for query in (_COLUMNS, _KEYS, _REFERENCES))
        return tuple(
            Table(
                name=_name(row),
                columns=tuple(Column(column["name"], column["type"]) for column in columns.get(row["id"], [])),
                rows=row["rows"] if row["rows"] >= 0 else None,
                bytes=row["bytes"],
                keys=_keys(keys.get(row["id"], [])),
                references=_references(references.get(row["id"], []), names),
            )
            for row in tables
        )

    def quoted(self, name: str) -> str:
        """*name*, maybe with its schema, as an identifier."""
        return standard(name)

    def digest_of_rows(self, table: str, columns: Sequence[str]) -> str:
        """An expression: the sum of 60 bits of each row's MD5, as text; the order of rows does not matter."""
        return f"COALESCE(SUM(('x' || SUBSTR(MD5({table}::text), 1, 15))::bit(60)::bigint), 0)::text"

    def _types(self, query: str, columns: tuple[str, ...]) -> dict[str, str]:
        """The type of each column; the planner sees that nothing of *query* needs to be run."""
        asked = ", ".join(f"pg_typeof(q.{_one(name)})::text AS {_one(name)}" for name in columns)
        frame = self._connection.frame(f"SELECT {asked} FROM (SELECT 1) AS o LEFT JOIN (\n{query}\n) AS q ON false")
        return dict(zip(columns, frame.row(0), strict=True))

    def _batches(self, query: str) -> Iterator[pl.DataFrame]:
        try:
            for batch in self._connection.batches(query):
                yield normal(batch)
        except (self._manager.Error, pl.exceptions.PolarsError) as error:
            raise self._trouble(error) from None

    def _rows(self, query: str) -> list[dict[str, Any]]:
        try:
            return self._connection.frame(query).to_dicts()
        except (self._manager.Error, pl.exceptions.PolarsError) as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> Exception:
        text = str(error)
        said = re.search(r"(?:ERROR|FATAL):\s+(.*?)(?:\n|$)", text)
        line = re.search(r"^LINE (\d+): (.*)$", text, re.MULTILINE)
        message = said[1] if said else text.partition("Failed to connect: ")[2] or text
        if line:
            message = f"{message} (line {line[1]}: {line[2].strip()})"
        kind = _kind(getattr(error, "sqlstate", None), text)
        near = None
        if kind == "table" and (missing := re.search(r'relation "(.*?)" does not exist', text)):
            near = nearest(missing[1], self.tables())
        return trouble(kind, self.address, message, near=near)


def _kind(state: str | None, text: str) -> Kind:
    if state in _STATES:
        return _STATES[state]
    return next((kind for words, kind in _WORDS if re.search(words, text)), "query")


def _session(address: Address) -> str:
    """The address with the settings of the session: read-only, times in UTC."""
    parts = urlsplit(address.url)
    given = dict(parse_qsl(parts.query))
    options = f"{given.pop('options', '')} {_SESSION}".strip()
    wait = str(max(2, round(address.timeout)))
    settings = {"connect_timeout": wait, "application_name": "fullcycle", **given, "options": options}
    return urlunsplit(parts._replace(scheme="postgresql", query=urlencode(settings, quote_via=quote)))


def _cast(query: str, types: dict[str, str]) -> str:
    """*query*, with what ADBC has no plain type for cast to text."""
    if all(type_ in _PLAIN for type_ in types.values()):
        return query
    cells = ", ".join(_cell(_one(name), type_) for name, type_ in types.items())
    return f"SELECT {cells} FROM (\n{query}\n) AS q"


def _cell(name: str, type_: str) -> str:
    if type_ in _PLAIN:
        return name
    if type_ == "money":
        return f"{name}::numeric::text AS {name}"
    if type_.endswith("[]") or type_ == "record":
        return f"to_jsonb({name})::text AS {name}"
    return f"{name}::text AS {name}"


def _one(name: str) -> str:
    """*name* as one identifier, dots and all."""
    return '"' + name.replace('"', '""') + '"'


def _name(row: dict[str, Any]) -> str:
    return str(row["name"]) if row["space"] == "public" else f"{row['space']}.{row['name']}"


def _by_table(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    tables: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        tables.setdefault(row["id"], []).append(row)
    return tables


def _keys(rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    keys: dict[int, list[str]] = {}
    for row in rows:
        keys.setdefault(row["key"], []).append(row["name"])
    return tuple(dict.fromkeys(map(tuple, keys.values())))


def _references(rows: list[dict[str, Any]], names: dict[int, str]) -> tuple[Reference, ...]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["reference"], []).append(row)
    return tuple(
        Reference(tuple(row["ours"] for row in group), names[group[0]["other"]], tuple(row["theirs"] for row in group))
        for group in found.values()
        if group[0]["other"] in names
    )
