"""Erasing: rows of an entity that asked to be forgotten, or whose time is over, found in tables, and kept from coming back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.portrait import read as read_portrait
from fullcycle.data.sources.brokers import landed
from fullcycle.data.sources.files import parquet
from fullcycle.data.sources.reading import Reading
from fullcycle.data.sources.types import parse
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import canonical, digest
from fullcycle.measure.sketches import ColumnSketch
from fullcycle.measure.sketches.distinct import hash_texts, pack_registers, registers
from fullcycle.traffic.schema import entity_hash

_BETWEEN = re.compile(r"[,;|\t]")
_WORDS = re.compile(r"[\s,;|\"'{}\[\]:=]+")
_PLACE = re.compile(r"^[^:]*, row \d+: ")
RAW = "raw"
"""Column of a quarantine that holds what could not even be read as a row."""


class Doomed(NamedTuple):
    """Which rows have to go.

    Attributes
    ----------
    entity, time : columns that say whom a row is about, and when it happened.
    erased : keyed hashes of the entities to forget.
    key : under which entities are hashed; not asked for where none is to be forgotten.
    since : rows of before go; None where their age does not matter.
    """

    entity: str
    time: str
    erased: frozenset[str] = frozenset()
    key: bytes = b""
    since: datetime | None = None

    def rows(self, frame: pl.DataFrame, *, zone: str = "UTC") -> pl.Series:
        """Which rows of a table, (n,) true or false; a column that the table lacks tells nothing.

        Values of the entity may be plain or hashed already, typed or text as a person wrote them. A row whose time
        cannot be read is not old.

        >>> doomed = Doomed("who", "at", frozenset([entity_hash(b"secret", "7")]), b"secret")
        >>> doomed.rows(pl.DataFrame({"who": ["7", " 7.0", entity_hash(b"secret", "7"), "8", None]})).to_list()
        [True, True, True, False, False]
        """
        found = pl.repeat(False, len(frame), dtype=pl.Boolean, eager=True)
        if self.erased and self.entity in frame.columns:
            found |= _any(frame[self.entity], self._is_erased)
        if self.erased and RAW in frame.columns:
            found |= _any(frame[RAW], self._tells)
        if self.since is not None and self.time in frame.columns:
            found |= (_times(frame[self.time], zone) < self.since).fill_null(False)
        return found

    def _is_erased(self, text: str) -> bool:
        return any(way in self.erased or entity_hash(self.key, way) in self.erased for way in _ways(text))

    def _tells(self, raw: str) -> bool:
        """Whether a cell or word of a line that is no row is the entity."""
        line = _PLACE.sub("", raw)
        return any(self._is_erased(piece) for piece in {*_BETWEEN.split(line), *_WORDS.split(line)} if piece)


class Kept(NamedTuple):
    """What is left of a table, and how many rows went."""

    rows: pl.DataFrame
    dropped: int


def kept(rows: pl.DataFrame, doomed: Doomed) -> Kept:
    """Rows that may be landed; *rows* itself where none has to go.

    >>> doomed = Doomed("who", "at", frozenset([entity_hash(b"secret", "ada")]), b"secret")
    >>> kept(pl.DataFrame({"who": ["ada", "bob", "ada"]}), doomed).dropped
    2
    """
    if not doomed.erased and doomed.since is None:
        return Kept(rows, 0)
    stay = rows.filter(~doomed.rows(rows))
    return Kept(stay if len(stay) < len(rows) else rows, len(rows) - len(stay))


def forgetting(reading: Reading, doomed: Doomed) -> Reading:
    """A source without rows that have to go, for what is made of it and kept; its fingerprint stays.

    >>> from fullcycle.data.sources.reading import of_frame, whole
    >>> doomed = Doomed("who", "at", frozenset([entity_hash(b"secret", "ada")]), b"secret")
    >>> whole(forgetting(of_frame(pl.DataFrame({"who": ["ada", "bob"]}), "ab"), doomed))["who"].to_list()
    ['bob']
    """
    return reading._replace(
        batches=lambda: (kept(batch, doomed).rows for batch in reading.batches()),
        broken=lambda: kept(reading.broken(), doomed).rows,
    )


def forgotten(dropped: int) -> tuple[Finding, ...]:
    """How many rows of erased entities the source brought and were left out; nothing where there were none.

    >>> forgotten(0), forgotten(2)[0].value
    ((), 2.0)
    """
    if not dropped:
        return ()
    return (
        Finding(check="erased", subject="table", value=float(dropped), severity="note", unit="rows dropped by rule"),
    )


class Rest(NamedTuple):
    """A table with rows that have to go: the bytes of the rest, and the rows that go."""

    body: bytes
    gone: pl.DataFrame


def rest(body: bytes, doomed: Doomed, *, zone: str = "UTC") -> Rest | None:
    """The rest of a stored table (Parquet); None where no row of it has to go.

    >>> table = parquet(pl.DataFrame({"who": ["ada", "bob"], "n": [1, 2]}))
    >>> left = rest(table, Doomed("who", "at", frozenset([entity_hash(b"secret", "ada")]), b"secret"))
    >>> left.gone.rows(), pl.read_parquet(left.body).rows()
    ([('ada', 1)], [('bob', 2)])
    """
    names = pl.read_parquet_schema(io.BytesIO(body))
    asked = [name for name in (doomed.entity, doomed.time, RAW) if name in names]
    found = doomed.rows(pl.read_parquet(io.BytesIO(body), columns=asked), zone=zone)
    if not found.any():
        return None
    frame = pl.read_parquet(io.BytesIO(body))
    return Rest(parquet(frame.filter(~found)), frame.filter(found))


def rest_of_messages(path: Path, doomed: Doomed, *, zone: str = "UTC") -> tuple[bytes, int]:
    """The rest of a segment of landed messages, and how many go: those that tell of the entity, or of an old time, at any depth.

    How far the topic was read stays, so that none of them is landed again.

    Raises
    ------
    Corrupt
        The segment is damaged.
    """
    messages = list(landed.lines(path))
    told = [dict(_leaves(message.text, {doomed.entity, doomed.time})) for message in messages]
    columns = {name: [None if one.get(name) is None else str(one[name]) for one in told] for name in doomed[:2]}
    columns[RAW] = [message.text if not one else None for message, one in zip(messages, told, strict=True)]
    gone = doomed.rows(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String())), zone=zone).to_list()
    left = [message for message, goes in zip(messages, gone, strict=True) if not goes]
    body = msgspec.json.Encoder().encode_lines(left)
    said = msgspec.structs.replace(landed.head(path), count=len(left), digest=digest(body))
    return msgspec.json.encode(said) + b"\n" + body, sum(gone)


def _leaves(text: str | None, names: set[str]) -> Iterator[tuple[str, object]]:
    """Values under any of *names* in a JSON text; none in what is no JSON."""
    try:
        waiting = [msgspec.json.decode(text or "")]
    except msgspec.DecodeError:
        return
    while waiting:
        match waiting.pop():
            case dict() as found:
                yield from ((name, value) for name, value in found.items() if name in names)
                waiting += found.values()
            case list() as found:
                waiting += found


def untold(body: bytes, entity: str) -> bytes | None:
    """A portrait that names no entity any more; None where it names none.

    How many rows and entities there were stays: that is about nobody.
    """
    portrait = read_portrait(body)
    sketch = portrait.sketches.get(entity)
    if sketch is None or not sketch.told:
        return None
    return canonical(msgspec.structs.replace(portrait, sketches={**portrait.sketches, entity: _unnamed(sketch)}))


def _unnamed(sketch: ColumnSketch) -> ColumnSketch:
    packed = sketch.registers
    if not packed and sketch.names is not None:
        packed = pack_registers(registers(hash_texts(pl.Series(sketch.names.names, dtype=pl.String))))
    elif not packed and sketch.numbers is not None:
        packed = pack_registers(sketch.numbers.registers())
    return msgspec.structs.replace(sketch, names=None, numbers=None, registers=packed)


def _any(values: pl.Series, test: Callable[[str], bool]) -> pl.Series:
    """*test* of each distinct value as text; a missing one never fits."""
    texts = values.cast(pl.String)
    distinct = texts.drop_nulls().unique()
    hits = [text for text in distinct if test(text)]
    return texts.is_in(hits).fill_null(False)


def _ways(text: str) -> set[str]:
    """How an entity may have been written where its type is not known: with blanks, in quotes, ``7.0`` for 7."""
    bare = text.strip().strip("\"'")
    ways = {text, bare}
    try:
        number = float(bare)
    except ValueError:
        return ways
    return {*ways, str(int(number))} if number.is_integer() else ways


def _times(values: pl.Series, zone: str) -> pl.Series:
    """Times in UTC, null where a text cannot be read as one."""
    if values.dtype == pl.String:
        values = values.str.replace(r" UTC$", "Z")
    return pl.select(at=parse(pl.lit(values), values.dtype, ColumnFact(type="time"), zone)).to_series()
