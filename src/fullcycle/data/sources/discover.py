"""Discovery: what tables a database, a folder or a bucket has, how they fit together, and which sources to declare."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import polars as pl
from msgspec import Struct

from fullcycle.data.sources.databases.address import ALIASES, located
from fullcycle.data.sources.databases.connect import KINDS, connected
from fullcycle.data.sources.databases.result import Database, Reference, Table
from fullcycle.data.sources.location import scheme, shown
from fullcycle.kernel.errors import FullcycleError, InputError

SAMPLE = 10_000
"""Rows of a table that are looked at."""

_VALUES, _MET, _KEYS = 500, 0.9, 3
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?")


class ColumnFound(Struct, frozen=True):
    """A column and its type, in the words of where it lies."""

    name: str
    type: str


class KeyFound(Struct, frozen=True):
    """Columns that tell rows apart, and how that is known: declared, or seen in the rows."""

    columns: tuple[str, ...]
    because: str


class JoinFound(Struct, frozen=True):
    """Columns of *table* whose values are found in the key of *other*, and how that is known."""

    table: str
    columns: tuple[str, ...]
    other: str
    key: tuple[str, ...]
    because: str


class TableFound(Struct, frozen=True):
    """A table, view, file, or files of one shape.

    Attributes
    ----------
    location : what ``from`` of its source would be.
    rows : how many; *exact*, or an estimate of the database; None where that would mean to read them.
    bytes : on disk, where known.
    times : columns that hold times.
    note : why something is not known.
    """

    name: str
    location: str
    columns: tuple[ColumnFound, ...]
    rows: int | None
    exact: bool
    bytes: int | None
    keys: tuple[KeyFound, ...]
    times: tuple[str, ...]
    note: str = ""


class Discovery(Struct, frozen=True):
    """All tables at *location*, and which could be joined."""

    location: str
    tables: tuple[TableFound, ...]
    joins: tuple[JoinFound, ...]


class Peek(NamedTuple):
    """A table with some of its rows.

    Attributes
    ----------
    met : how many of some values occur in a column of the whole table; None where that is not looked up.
    """

    table: Table
    location: str
    sample: pl.DataFrame
    met: Callable[[str, pl.Series], int | None]
    note: str = ""


def discover(url: str, folder: Path) -> Discovery:
    """The tables at *url*: a database, a folder of files, or a bucket.

    Of each table at most :data:`SAMPLE` rows are read, of a bucket's objects only names, sizes and heads.

    Raises
    ------
    InputError
        The address is wrong, or nothing is there.
    OutsideError
        It does not answer.

    >>> import sqlite3, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shop = sqlite3.connect(Path(folder, "shop.db"))
    ...     _ = shop.executescript("CREATE TABLE people (id INTEGER PRIMARY KEY, born DATE)")
    ...     shop.close()
    ...     discover("sqlite:///shop.db", Path(folder)).tables[0].keys
    (KeyFound(columns=('id',), because='declared'),)
    """
    kind = scheme(url)
    if kind == "adbc":
        raise InputError(
            "the tables behind an ADBC driver are not listed",
            place=shown(url),
            mend="name one as 'table', or a 'query', under [[data.sources]]",
        )
    if ALIASES.get(kind, kind) in KINDS:
        with connected(located(url, folder)) as database:
            return _discovery(url, [_peek(table, without_password(url), database) for table in database.catalogue()])
    from fullcycle.data.sources.discover_files import peeked

    return _discovery(url, peeked(url, folder))


def proposal(discovery: Discovery) -> str:
    """``[[data.sources]]`` and ``[[data.joins]]`` for ``cycle.toml``: the table that refers to the most others, and these.

    >>> column = ColumnFound("id", "integer")
    >>> table = TableFound("people", "people.csv", (column,), 2, True, 20, (), ())
    >>> print(proposal(Discovery(".", (table,), ())))
    [[data.sources]]
    name = "people"
    from = "people.csv"
    <BLANKLINE>
    """
    if not discovery.tables:
        return "# nothing was found\n"
    joins = {table.name: [join for join in discovery.joins if join.table == table.name] for table in discovery.tables}
    main = max(discovery.tables, key=lambda table: (len(joins[table.name]), table.rows or 0))
    meets = {join.other for join in joins[main.name]} - {main.name}
    used = [main, *(table for table in discovery.tables if table.name in meets)]
    parts = [_source(table, discovery.location, main=table is main) for table in used]
    taken = {column.name for column in main.columns}
    for join in joins[main.name]:
        if join.other != main.name:
            other = next(table for table in discovery.tables if table.name == join.other)
            parts.append(_join(join, main, other, taken))
    left = [table.name for table in discovery.tables if table not in used]
    if left:
        parts.append("".join(f"# not joined: {name}\n" for name in left))
    return "\n".join(parts)


def _discovery(url: str, peeks: list[Peek]) -> Discovery:
    tables = tuple(map(_table, peeks))
    return Discovery(without_password(url), tables, tuple(dict.fromkeys(_joins(peeks, tables))))


def _peek(table: Table, location: str, database: Database) -> Peek:
    """A table of a database; one that cannot be read, such as a view that fails, is listed with a note."""
    sample, note = pl.DataFrame(), ""
    try:
        result = database.result(f"SELECT * FROM {database.quoted(table.name)} LIMIT {SAMPLE}")
        frames = list(result.batches)
        sample = pl.concat(frames) if frames else sample
    except FullcycleError as error:
        note = f"not read: {error.problem}" + (f" ({error.found})" if error.found else "")
    if len(sample) < SAMPLE and not note:
        table = table._replace(rows=len(sample), exact=True)

    def met(column: str, values: pl.Series) -> int:
        cell, listed = database.quoted(column), ", ".join(map(_literal, values.to_list()))
        query = f"SELECT COUNT(DISTINCT {cell}) AS n FROM {database.quoted(table.name)} WHERE {cell} IN ({listed})"
        return int(pl.concat(database.result(query).batches).item())

    return Peek(table, location, sample, met, note)


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _table(peek: Peek) -> TableFound:
    table = peek.table
    keys = tuple(KeyFound(key, "declared") for key in table.keys) or _seen_keys(peek)
    return TableFound(
        name=table.name,
        location=peek.location,
        columns=tuple(ColumnFound(column.name, column.type) for column in table.columns),
        rows=table.rows,
        exact=table.exact,
        bytes=table.bytes,
        keys=keys,
        times=tuple(name for name in peek.sample.columns if _holds_times(peek.sample[name])),
        note=peek.note,
    )


def _seen_keys(peek: Peek) -> tuple[KeyFound, ...]:
    """One column, else two, whose values are never missing and never repeat in the rows that were seen."""
    sample = peek.sample
    if len(sample) < 2:
        return ()
    whole = peek.table.exact and peek.table.rows == len(sample)
    because = f"unique in {'all' if whole else 'a sample of'} {len(sample)} rows"
    able = [name for name, dtype in sample.schema.items() if not dtype.is_float() and not sample[name].has_nulls()]
    single = [name for name in able if sample[name].n_unique() == len(sample)]
    if single:
        named = sorted(single, key=lambda name: not re.search(r"(?i)id$|key|code|number|^nr$", name))
        return tuple(KeyFound((name,), because) for name in named[:_KEYS])
    pairs = itertools.combinations(able[:12], 2)
    return tuple(KeyFound(pair, because) for pair in pairs if sample.select(pair).is_unique().all())[:_KEYS]


def _holds_times(cells: pl.Series) -> bool:
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        return True
    texts = cells.drop_nulls().head(100).to_list() if cells.dtype == pl.String else []
    return bool(texts) and all(_TIME.fullmatch(text) for text in texts)


def _joins(peeks: list[Peek], tables: Iterable[TableFound]) -> Iterable[JoinFound]:
    """Declared references; and columns named like another table's key of one column, whose values are in it."""
    declared = {(peek.table.name, reference.columns) for peek in peeks for reference in peek.table.references}
    for peek in peeks:
        yield from (_declared(peek.table.name, reference) for reference in peek.table.references)
    keys = [
        (peek, key.columns[0])
        for peek, table in zip(peeks, tables, strict=True)
        for key in table.keys
        if len(key.columns) == 1
    ]
    for ours, (theirs, key) in itertools.product(peeks, keys):
        for name in ours.sample.columns:
            if (
                ours is theirs
                or (ours.table.name, (name,)) in declared
                or not _named_alike(name, theirs.table.name, key)
            ):
                continue
            if because := _contained(ours.sample[name], theirs, key):
                yield JoinFound(ours.table.name, (name,), theirs.table.name, (key,), because)


def _declared(table: str, reference: Reference) -> JoinFound:
    return JoinFound(table, reference.columns, reference.table, reference.key, "declared")


def _named_alike(name: str, table: str, key: str) -> bool:
    """Whether a column refers to *key* of *table* by its name: the same, or with the table's before it.

    >>> _named_alike("tailnum", "planes", "tailnum"), _named_alike("customer_id", "customers", "id")
    (True, True)
    >>> _named_alike("id", "customers", "id"), _named_alike("order_id", "customers", "id")
    (False, False)
    """
    plain = re.sub(r"\W|_", "", name).lower()
    last = table.rpartition(".")[2].lower()
    entities = {last, last.removesuffix("s"), last.removesuffix("es"), re.sub("ies$", "y", last)}
    prefixed = {re.sub(r"\W|_", "", entity + key).lower() for entity in entities}
    generic = key.lower() in ("id", "key", "name", "number")
    return plain in prefixed or (not generic and plain == re.sub(r"\W|_", "", key).lower())


def _contained(cells: pl.Series, theirs: Peek, key: str) -> str:
    """How many values of a sample are in the key, if enough are; empty otherwise."""
    if (
        key not in theirs.sample.columns
        or _sort(cells.dtype) != _sort(theirs.sample[key].dtype)
        or not _sort(cells.dtype)
    ):
        return ""
    values = cells.drop_nulls().unique().sort().head(_VALUES)
    if values.dtype == pl.String:
        values = values.filter(~values.str.contains(r"[\\\x00]"))  # no text that a database might read as an escape
    if not len(values):
        return ""
    met = theirs.met(key, values)
    if met is None or met < _MET * len(values):
        return ""
    return f"{met} of {len(values)} values of a sample are in it"


def _sort(dtype: pl.DataType) -> str:
    return "whole" if dtype.is_integer() else "text" if dtype == pl.String else ""


def _source(table: TableFound, where: str, *, main: bool) -> str:
    lines = ["[[data.sources]]", f"name = {_toml(source_name(table.name))}", f"from = {_toml(table.location)}"]
    if scheme(where) in (*KINDS, *ALIASES):
        lines.append(f"table = {_toml(table.name)}")
    if main and len(table.times) == 1:
        lines.append(f"time = {_toml(table.times[0])}")
    elif table.times:
        lines.append(f"# columns that hold times: {', '.join(table.times)}")
    if "${DB_PASSWORD}" in table.location:
        lines.append("# export DB_PASSWORD=… before the command starts")
    return "\n".join(lines) + "\n"


def _join(join: JoinFound, main: TableFound, other: TableFound, taken: set[str]) -> str:
    """The TOML of a join; where columns of two tables have the same name, with a prefix. Adds to *taken* what it brings."""
    if join.columns == join.key:
        on = "[" + ", ".join(map(_toml, join.columns)) + "]"
    else:
        pairs = zip(join.columns, join.key, strict=True)
        on = "{ " + ", ".join(f"{_toml(ours)} = {_toml(theirs)}" for ours, theirs in pairs) + " }"
    lines = ["[[data.joins]]", f"source = {_toml(source_name(other.name))}", f"on = {on}"]
    if any(key.columns == join.columns and "sample" not in key.because for key in main.keys):
        lines.append('expect = "1:1"')
    brought = {column.name for column in other.columns} - set(join.key)
    if brought & taken:
        prefix = "_".join(join.columns).removesuffix("_id") + "_"
        lines.append(f"prefix = {_toml(prefix)}")
        brought = {prefix + name for name in brought}
    taken |= brought
    return "\n".join([*lines, f"# {join.because}"]) + "\n"


def source_name(table: str) -> str:
    """A name for the source of *table*.

    >>> source_name("sales.orders 2013")
    'sales_orders_2013'
    """
    return re.sub(r"\W+", "_", table).strip("_") or "rows"


def without_password(url: str) -> str:
    """*url* as it may stand in cycle.toml: its password, if it is written out, a variable.

    >>> without_password("mysql://ana:s3cret@host/shop"), without_password("mysql://ana:${PW}@host/shop")
    ('mysql://ana:${DB_PASSWORD}@host/shop', 'mysql://ana:${PW}@host/shop')
    """
    match = re.match(r"([A-Za-z][\w+.-]*://[^:/@]*:)(.*)(@[^@]*)$", url)
    if not match or re.fullmatch(r"\$\{\w+\}", match[2]):
        return url
    return f"{match[1]}${{DB_PASSWORD}}{match[3]}"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
