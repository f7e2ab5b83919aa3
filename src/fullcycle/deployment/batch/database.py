"""Answers into a table of SQLite or PostgreSQL: rows are told by their id, all of them come in one transaction."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import polars as pl

from fullcycle.deployment.files import ISO
from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey

SCHEMES = ("sqlite", "postgresql", "postgres")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_MEND = "check the address and the rights of its user, then run again"


class TableAddress(NamedTuple):
    """A table of a database: the address without it (of SQLite the file), its name, and how the place is told."""

    scheme: str
    url: str
    table: str
    shown: str


def table_of(target: str) -> TableAddress:
    """The parts of ``sqlite:///FILE?table=NAME`` or ``postgresql://USER:${PASSWORD}@HOST/NAME?table=NAME``.

    Raises
    ------
    UnknownKey : another scheme.
    InputError : no table is named, or a variable of the environment is missing.

    >>> table_of("sqlite:///answers.db?table=night").table
    'night'
    """
    parts = urlsplit(_resolved(target))
    if parts.scheme not in SCHEMES:
        raise UnknownKey(parts.scheme, SCHEMES, place="OUT", what="kind of database")
    options = parse_qsl(parts.query)
    table = dict(options).get("table", "")
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if not _NAME.fullmatch(table):
        raise InputError("the address names no table", place=shown, found=table, mend="add ?table=NAME")
    rest = urlencode([one for one in options if one[0] != "table"])
    # of SQLite the file: three slashes begin where one stands, four at the root
    url = unquote(parts.path)[1:] if parts.scheme == "sqlite" else urlunsplit(parts._replace(query=rest))
    return TableAddress(parts.scheme, url, table, f"{shown}, table {table}")


def upsert(pieces: Sequence[Path], target: str) -> None:
    """Add the rows of *pieces*, or let them replace those of the same id; what says the same stays untouched.

    Raises
    ------
    InputError : the table that is there has other columns, or its id is not unique.
    OutsideError : the database does not answer or does not take the rows; it is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     piece = Path(folder, "a.arrow")
    ...     pl.DataFrame({"id": ["a"], "score": [0.5]}).write_ipc(piece)
    ...     for _ in range(2):
    ...         upsert([piece], f"sqlite:///{folder}/a.db?table=night")
    ...     with contextlib.closing(sqlite3.connect(f"{folder}/a.db")) as database:
    ...         database.execute("SELECT * FROM night").fetchall()
    [('a', 0.5)]
    """
    address = table_of(target)
    if address.scheme == "sqlite":
        _sqlite(pieces, address)
    else:
        _postgresql(pieces, address)


def _sqlite(pieces: Sequence[Path], address: TableAddress) -> None:
    with (
        _told(sqlite3.Error, address),
        contextlib.closing(sqlite3.connect(address.url, isolation_level=None)) as database,
    ):
        database.execute("BEGIN IMMEDIATE")
        for piece in pieces:
            frame = _plain(pl.read_ipc(piece), times=True)
            database.execute(_create(address.table, frame, {pl.Float64: "REAL", pl.Int64: "INTEGER"}))
            marks = ", ".join("?" * frame.width)
            columns = ", ".join(f'"{name}"' for name in frame.columns)
            insert = (
                f"INSERT INTO {_quoted(address.table)} ({columns}) VALUES ({marks}) {_conflict(address.table, frame)}"
            )
            database.executemany(insert, frame.iter_rows())
        database.execute("COMMIT")


def _postgresql(pieces: Sequence[Path], address: TableAddress) -> None:
    try:
        dbapi = importlib.import_module("adbc_driver_postgresql.dbapi")
    except ModuleNotFoundError:
        mend = "pip install 'fullcycle[sql]'"
        raise InputError("PostgreSQL needs a library that is not installed", place=address.shown, mend=mend) from None
    with _told(dbapi.Error, address), dbapi.connect(address.url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        for number, piece in enumerate(pieces):
            frame = _plain(pl.read_ipc(piece), times=False)
            types = {pl.Float64: "double precision", pl.Int64: "bigint", pl.Datetime: "timestamptz"}
            cursor.execute(_create(address.table, frame, types))
            columns = ", ".join(f'"{name}"' for name in frame.columns)
            cursor.adbc_ingest(f"fullcycle_{number}", frame, mode="create", temporary=True)
            cursor.execute(
                f"INSERT INTO {_quoted(address.table)} ({columns}) SELECT {columns} FROM pg_temp.fullcycle_{number} "
                + _conflict(address.table, frame)
            )
            cursor.execute(f"DROP TABLE pg_temp.fullcycle_{number}")
        connection.commit()


def _plain(frame: pl.DataFrame, *, times: bool) -> pl.DataFrame:
    """Each id once, the last; lists as JSON; *times* as text where the database has no type for them."""
    frame = frame.unique("id", keep="last", maintain_order=True)
    lists = [name for name, type_ in frame.schema.items() if isinstance(type_, pl.List)]
    texts = [pl.Series(name, [json.dumps(cell) for cell in frame[name].to_list()], pl.String) for name in lists]
    frame = frame.with_columns(texts)
    if times:
        frame = frame.with_columns(pl.col(pl.Datetime).dt.strftime(ISO))
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _create(table: str, frame: pl.DataFrame, types: dict[Any, str]) -> str:
    columns = []
    for name, type_ in frame.schema.items():
        of = "bigint" if type_.is_integer() else types.get(type_.base_type(), "text")
        columns.append(f'"{name}" {of}{" PRIMARY KEY" if name == "id" else ""}')
    return f"CREATE TABLE IF NOT EXISTS {_quoted(table)} ({', '.join(columns)})"


def _conflict(table: str, frame: pl.DataFrame) -> str:
    """What is done with a row that is there: nothing if it says the same."""
    others = [name for name in frame.columns if name != "id"]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    own = _quoted(table.rpartition(".")[2])
    differs = " OR ".join(f'{own}."{name}" IS DISTINCT FROM excluded."{name}"' for name in others)
    return f'ON CONFLICT ("id") DO UPDATE SET {sets} WHERE {differs}' if others else 'ON CONFLICT ("id") DO NOTHING'


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


@contextlib.contextmanager
def _told(error_of: type[Exception], address: TableAddress) -> Iterator[None]:
    """Errors of the database as ours, without the address's secrets."""
    try:
        yield
    except error_of as error:
        found = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        if re.search(r"ON CONFLICT clause does not match|no unique or exclusion", str(error)):
            mend = "give its column id a primary key or a unique index"
            raise InputError("ids of the table are not unique", place=address.shown, mend=mend) from None
        if re.search(r"has no column|column .* does not exist|of relation", str(error)):
            mend = "name another table: it is made where there is none"
            raise InputError(
                "the table has other columns than the answers", place=address.shown, found=found, mend=mend
            ) from None
        raise OutsideError(
            "the database does not take the answers", place=address.shown, found=found, mend=_MEND
        ) from None


def _resolved(text: str) -> str:
    """``${NAME}`` from the environment."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            mend = f"export {match[1]}=…"
            raise InputError("a variable of the environment is not set", place="OUT", found=match[1], mend=mend)
        return quote(found, safe="")

    return re.sub(r"\$\{(\w+)\}", value, text)
