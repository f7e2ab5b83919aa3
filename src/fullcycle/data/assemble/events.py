"""A source's rows as events: each with the time when it happened and the time when it could be known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.assemble.keys import places
from fullcycle.data.assemble.stream import gathered
from fullcycle.data.assemble.two_times import Floats, Ints, TwoTimes
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.reading import BROKEN, Reading
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.types import parse as parse_cell
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import parse

HAPPENED, AVAILABLE = "\0happened", "\0available"
"""Columns of the two times, in microseconds since 1970; no source has such names."""

_WRONG = 0.5
"""Share of cells that do not parse from which the type is wrong, not the cells."""

_GUESSES = ("category", "float", "boolean", "time")

_EXPECTED = {"time": "ISO 8601, such as 2013-01-01T05:15:00", "integer": "a whole number", "float": "a number"}


class Needed(NamedTuple):
    """What is asked of a source of events.

    Attributes
    ----------
    keys : columns by which they are told apart.
    numbers : columns that are added up.
    others : columns that are taken as they are.
    where : expressions that are evaluated.
    """

    keys: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


def both(a: Needed, b: Needed) -> Needed:
    """What is asked twice of a source, asked once.

    >>> both(Needed(keys=("a",)), Needed(keys=("a", "b"))).keys
    ('a', 'b')
    """
    return Needed(*(tuple(dict.fromkeys([*one, *other])) for one, other in zip(a, b, strict=True)))


class Events(NamedTuple):
    """Events whose two times are known.

    Attributes
    ----------
    rows : the columns asked for, and :data:`HAPPENED` and :data:`AVAILABLE`.
    kinds : kind of every column of the source, as expressions read it; ``text`` for those that none reads.
    broken : events that cannot be used, in the columns of ``reading.BROKEN``.
    """

    source: str
    rows: pl.DataFrame
    kinds: dict[str, str]
    broken: pl.DataFrame


class Grouped(NamedTuple):
    """Events by key, in an order that does not depend on the source's.

    Attributes
    ----------
    keys : one row a group, the key's columns.
    rows : the events, by group, then by when they happened, then by when they were available, then by their values.
    unkeyed : how many events lack their key and belong to nobody.
    """

    keys: pl.DataFrame
    rows: pl.DataFrame
    times: TwoTimes
    unkeyed: int

    def groups(self, rows: pl.DataFrame, *, place: str) -> Ints:
        """The group of each row, by its columns in the order of the key; -1 where it has no events."""
        return places(rows, self.keys, place=place)

    def numbers(self, column: str) -> Floats:
        """A column of the events as numbers, shape (n,); NaN where it is missing."""
        return self.rows[column].cast(pl.Float64).to_numpy().astype(np.float64)


def columns(source: Source, there: Sequence[str], needed: Needed, *, time: str = "") -> list[str]:
    """The columns of a source that have to be read for what is *needed*; see :func:`read_events`.

    >>> orders = Source(name="orders", location="orders.csv", time="at")
    >>> columns(orders, ["at", "customer", "amount", "note"], Needed(keys=("customer",), where=("amount > 0",)))
    ['at', 'customer', 'amount']
    """
    happened, available, _ = _times(source, there, time)
    asked = [happened, *available, *needed.keys, *needed.numbers, *needed.others, *_read(needed, there)]
    for name in asked:
        if name not in there:
            raise ColumnMissing(name, there, source=f"source {source.name}")
    return list(dict.fromkeys(asked))


def read_events(
    source: Source, reading: Reading, needed: Needed, facts: Mapping[str, ColumnFact], *, zone: str, time: str = ""
) -> Events:
    """The events of a source, with only the columns that are *needed*, and those that cannot be used.

    What is added up has to be a number; an event without one of its two times can never be used.

    Parameters
    ----------
    facts : types of columns, where they are declared. An expression reads any other as it is stored, and a text as
        what makes the expression hold together.
    time : the column that says when an event happened, where the source does not name one.

    Raises
    ------
    InputError
        The source does not say when its events happened, or more than half of a column does not parse.
    ColumnMissing
        It lacks a column; names the nearest.
    """
    happened, available, delay = _times(source, reading.columns, time)
    read = _read(needed, reading.columns)
    wanted = columns(source, reading.columns, needed, time=time)
    raw = gathered([batch.select(wanted) for batch in reading.batches()], wanted)
    every = _kinds(raw, read, needed, facts, there=reading.columns, source=source.name, zone=zone)
    kinds = {name: every[name] for name in read} | dict.fromkeys(needed.numbers, "float")
    instants = {name: _parsed(raw[name], _fact(facts.get(name), "time"), zone) for name in (happened, *available)}
    values = {name: _parsed(raw[name], _fact(facts.get(name), kind), zone) for name, kind in kinds.items()}
    for name, cells in (values | instants).items():
        _refuse_wrong_type(raw[name], cells, kinds.get(name, "time"), source.name)
    since = [instants[name].to_physical() for name in (happened, *available)]
    rows = raw.with_columns(
        since[0].alias(HAPPENED),
        (since[-1] + delay // timedelta(microseconds=1)).alias(AVAILABLE),
        *(cells.alias(name) for name, cells in values.items() if name not in needed.keys),
    )
    reasons = pl.Series(_reasons(raw, values, kinds, instants), dtype=pl.String)
    fits = reasons == ""
    return Events(
        source.name,
        rows.filter(fits),
        {**every, **kinds},
        _broken(source.name, raw, reasons).filter(~fits),
    )


def grouped(
    events: Events, keys: Sequence[str], columns: Sequence[str], where: str, *, place: str, zone: str
) -> Grouped:
    """The events that fulfil *where*, by their keys, with these columns; what is unknown does not fulfil it."""
    rows = events.rows
    if where:
        truth = parse(where, events.kinds, place=f"{place} where", zone=zone)
        if truth.kind != "boolean":
            raise InputError(
                "'where' is neither true nor false", place=place, found=where, mend="compare it, as in amount > 0"
            )
        rows = rows.filter(pl.Series(truth.evaluate(rows), dtype=pl.Float64) == 1.0)
    names = list(dict.fromkeys([*keys, *columns]))
    keyed = rows.select(*names, HAPPENED, AVAILABLE).drop_nulls(list(keys))
    plain = (name for name in names if name not in keys and not keyed.schema[name].is_nested())
    keyed = keyed.sort([*keys, HAPPENED, AVAILABLE, *plain]).rechunk()
    groups = keyed.select(pl.struct(keys).rle_id()).to_series().to_numpy().astype(np.int64)
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    times = TwoTimes(groups, *(keyed[name].to_numpy().astype(np.int64) for name in (HAPPENED, AVAILABLE)))
    return Grouped(keyed[first].select(keys), keyed, times, len(rows) - len(keyed))


def _times(source: Source, columns: Sequence[str], time: str) -> tuple[str, tuple[str, ...], timedelta]:
    """The column of happening, that of availability if there is one, and the delay otherwise."""
    place = f"cycle.toml, [[data.sources]] {source.name}"
    happened = source.time or (time if time in columns else "")
    if not happened:
        raise InputError(
            "the source does not say when its events happened",
            place=place,
            expected=f"time = one of {', '.join(columns[:12])}",
            mend='add time = "…", and available = "…" if an event is known later than it happens',
        )
    if source.available in columns:
        return happened, (source.available,), timedelta()
    if source.available and not source.available[0].isdigit():
        raise ColumnMissing(source.available, columns, source=place, needed_by="'available'")
    return happened, (), duration(source.available, place=f"{place} available") if source.available else timedelta()


def _read(needed: Needed, there: Sequence[str]) -> list[str]:
    """Columns that an expression may read: those whose name stands in it."""
    words = {name: re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in there}
    return [name for name, word in words.items() if any(word.search(where) for where in needed.where)]


def _fact(declared: ColumnFact | None, kind: str) -> ColumnFact:
    """How a column is parsed: as declared if that is of this kind, else plainly."""
    if declared is not None and declared.type == kind:
        return declared
    return msgspec.convert({"type": kind}, ColumnFact)


def _parsed(cells: pl.Series, fact: ColumnFact, zone: str) -> pl.Series:
    return pl.select(value=parse_cell(pl.lit(cells), cells.dtype, fact, zone)).to_series()


def _kinds(
    raw: pl.DataFrame,
    read: Sequence[str],
    needed: Needed,
    facts: Mapping[str, ColumnFact],
    *,
    there: Sequence[str],
    source: str,
    zone: str,
) -> dict[str, str]:
    """What the expressions take each column that they read for; ``text`` for those that they do not.

    A text column that nobody declared is what makes the expressions hold together: ``amount > 10`` wants a number. The
    cells have no say, or a later event could change what an earlier row sees.

    Raises
    ------
    InputError
        An expression holds together with none.
    """
    told = {name: _told(name, raw.schema[name], needed, facts) for name in read}
    unsaid = [name for name, kind in told.items() if not kind]
    failed: list[InputError] = []
    for guess in product(_GUESSES, repeat=len(unsaid)):
        kinds = {**dict.fromkeys(there, "text"), **told, **dict(zip(unsaid, guess, strict=True))}
        try:
            for where in needed.where:
                parse(where, kinds, place=f"source {source}, where", zone=zone)
        except InputError as error:
            failed.append(error)
        else:
            return kinds
    raise failed[0]


def _told(name: str, stored: pl.DataType, needed: Needed, facts: Mapping[str, ColumnFact]) -> str:
    """The kind of a column as far as anything tells; keys stay as they are stored."""
    if name in needed.numbers:
        return "float"
    if name in needed.keys:
        return _stored(stored) or "category"
    return facts[name].type if name in facts else _stored(stored)


def _stored(kind: pl.DataType) -> str:
    """The kind that a stored type tells; none for text, which may be anything."""
    if kind.is_integer():
        return "integer"
    if kind.is_float():
        return "float"
    if kind.is_temporal():
        return "time"
    return "boolean" if kind == pl.Boolean else ""


def _refuse_wrong_type(raw: pl.Series, parsed: pl.Series, kind: str, source: str) -> None:
    wrong, filled = int((raw.is_not_null() & parsed.is_null()).sum()), len(raw) - raw.null_count()
    if wrong > _WRONG * filled:
        raise InputError(
            f"column {raw.name!r} does not parse as {kind}",
            place=f"source {source}",
            found=f"{wrong} of {filled} cells that do not",
            expected=_EXPECTED.get(kind, "true or false"),
            mend=f"name another column, or mend the values of {raw.name!r}",
        )


def _reasons(
    raw: pl.DataFrame, values: Mapping[str, pl.Series], kinds: Mapping[str, str], instants: Mapping[str, pl.Series]
) -> pl.Series:
    """Why an event cannot be used, empty where it can."""

    def parts() -> Iterator[pl.Expr]:
        for name, cells in instants.items():
            yield pl.when(pl.lit(raw[name].is_null())).then(pl.lit(f"{name}: missing"))
            yield pl.when(pl.lit(raw[name].is_not_null() & cells.is_null())).then(pl.lit(f"{name}: not of type time"))
        for name, cells in values.items():
            wrong = pl.lit(raw[name].is_not_null() & cells.is_null())
            yield pl.when(wrong).then(pl.lit(f"{name}: not of type {kinds[name]}"))

    return raw.select(pl.concat_str(list(parts()), separator="; ", ignore_nulls=True).alias("reason")).to_series()


def _broken(source: str, raw: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    cells = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in raw.columns], separator=",")
    return raw.select(
        source=pl.lit(source), row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), raw=cells, reason=reasons
    ).select(list(BROKEN))
