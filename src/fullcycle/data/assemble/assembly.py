"""The declared sources, checked against each other before a row is read; then read, joined, and made into rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.assemble import examples, joins, windows
from fullcycle.data.assemble.events import AVAILABLE, Events, Grouped, Needed, both, grouped, read_events
from fullcycle.data.assemble.events import columns as event_columns
from fullcycle.data.assemble.examples import Question, Rows, Sides
from fullcycle.data.assemble.keys import pairs
from fullcycle.data.assemble.settings import Join, Window
from fullcycle.data.assemble.stream import gathered, members, united
from fullcycle.data.assemble.two_times import EVER, Ints
from fullcycle.data.contract.settings import ColumnFact
from fullcycle.data.sources.reading import BROKEN, Reading
from fullcycle.data.sources.types import parse as parse_cell
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.kernel.finding import Finding

if TYPE_CHECKING:  # data.settings holds this folder's settings
    from fullcycle.data.settings import Data

LANDED = Path("landed") / "examples"
"""Where, in a project's state, the rows made from events are kept by month."""


class Assembly:
    """What :func:`fullcycle.data.assemble.assemble` hands out, and what came of the last pass through it.

    Attributes
    ----------
    columns : names of the columns, in order.
    """

    def __init__(
        self,
        settings: Data,
        readings: Mapping[str, Reading],
        facts: Mapping[str, ColumnFact],
        *,
        zone: str,
        entity: str,
        time: str,
        target: str,
        label_delay: timedelta,
        state: Path | None,
    ) -> None:
        self._settings, self._facts, self._zone, self._time, self._entity = settings, facts, zone, time, entity
        self._kept = None if state is None else state / LANDED
        self._main = settings.sources[0].name
        self._question = _question(settings, time, target, label_delay, zone)
        self._readings = self._united(readings)
        self._needed = self._all_needed()
        self.columns = self._check()
        self._events: dict[str, Events] = {}
        self._joined: list[joins.Joined] = []
        self._made: Rows | None = None
        self._unkeyed: dict[str, int] = {}

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows, a few at a time."""
        self._events = {name: self._read(name, needed) for name, needed in self._needed.items()}
        self._unkeyed = {}
        self._joined = [self._join(join) for join in self._settings.joins]
        later = [(window, self._of(window)) for window in self._windows(with_rows=False)]
        stream = self._stream()
        self._events = {name: events._replace(rows=events.rows.clear()) for name, events in self._events.items()}
        for rows in stream:  # events are held once, by their groups
            at = self._times(rows)
            for joined in self._joined:
                rows = joined.attach(rows, at)
            for window, events in later:
                groups = events.groups(rows.select(windows.by(window)), place=windows.place(window))
                rows = rows.with_columns(list(windows.features(window, events, groups, at).values()))
            yield rows

    def broken(self) -> pl.DataFrame:
        """What could not be read, and events that cannot be used; rows of the stream are judged by their types later."""
        lost = [reading.broken().select(list(BROKEN)) for reading in self._readings.values()]
        lost += [events.broken for name, events in self._events.items() if self._question or name != self._main]
        return pl.concat([pl.DataFrame(schema=BROKEN), *lost])

    def findings(self) -> tuple[Finding, ...]:
        """What was seen while opening sources, joining them and making rows."""
        found = [finding for _, reading in sorted(self._readings.items()) for finding in reading.findings]
        found += [joined.finding() for joined in self._joined]
        if self._made is not None:
            found.append(self._made.finding())
        found += [
            Finding(check="key_missing", subject=place, value=float(rows), severity="warn", passed=False, unit="events")
            for place, rows in self._unkeyed.items()
            if rows
        ]
        found += [
            Finding(
                check="source_unused",
                subject=name,
                severity="warn",
                passed=False,
                evidence={"mend": f"join it, read events from it, let it extend {self._main!r}, or take it away"},
            )
            for name in self._unused
        ]
        return tuple(found)

    def _united(self, readings: Mapping[str, Reading]) -> dict[str, Reading]:
        """The sources that are used, each with those that extend it."""
        asked = {join.source: joins.place(join) for join in self._settings.joins}
        asked |= {window.origin: windows.place(window) for window in self._settings.windows}
        if self._question is not None:
            label = self._question.examples.label.origin
            asked |= {self._question.examples.origin: "[data.examples] from", label: "[data.examples] label.from"}
        else:
            asked[self._main] = "[[data.sources]]"
        for name, place in asked.items():
            if name not in readings:
                raise UnknownKey(name, readings, place=place, what="source")
        sources = self._settings.sources
        _refuse_twice([source.name for source in sources])
        used = {one for name in asked for one in members(name, sources)}
        self._unused = tuple(source.name for source in sources if source.name not in used)
        return {
            name: united([readings[one] for one in members(name, sources)], self._key if name == self._main else None)
            for name in asked
        }

    def _all_needed(self) -> dict[str, Needed]:
        """What is asked of each source of events."""
        asked = [(window.origin, windows.needed(window)) for window in self._settings.windows]
        asked += [(join.source, self._join_needed(join)) for join in self._settings.joins if join.as_of]
        if self._question is not None:
            made = self._question.examples
            asked += [(made.origin, Needed(keys=(made.entity,))), (made.label.origin, examples.label_needed(made))]
        found: dict[str, Needed] = {}
        for name, needed in asked:
            found[name] = both(found.get(name, Needed()), needed)
        return found

    def _join_needed(self, join: Join) -> Needed:
        taken = joins.columns(join, self._readings[join.source].columns)
        return Needed(keys=tuple(pairs(join.on).values()), others=taken)

    def _check(self) -> tuple[str, ...]:
        """Names of the columns; what is named anywhere is there, and no name comes twice."""
        sources = {source.name: source for source in self._settings.sources}
        for name, needed in self._needed.items():
            event_columns(sources[name], self._readings[name].columns, needed, time=self._event_time(name))
        made = list(self._windows(with_rows=True))
        first = self._readings[self._main].columns if self._question is None else examples.columns(self._question, made)
        there = dict.fromkeys(first, "the rows" if self._question is None else "the rows that are made")
        if len(there) < len(first):
            raise InputError(
                "two columns of the rows have one name", place="cycle.toml, [data]", found=", ".join(first)
            )
        for join in self._settings.joins:
            joins.check(join)
            _require(pairs(join.on), there, joins.place(join))
            taken = joins.columns(join, self._readings[join.source].columns)
            _add(there, [f"{join.prefix}{name}" for name in taken], joins.place(join))
        for window in self._windows(with_rows=False):
            _require(windows.by(window), there, windows.place(window))
            _add(there, windows.names(window), windows.place(window))
        if self._needed and self._time not in there:
            raise ColumnMissing(self._time, there, source="cycle.toml", needed_by="[scoping] time")
        return tuple(there)

    def _windows(self, *, with_rows: bool) -> Iterator[Window]:
        """Windows whose events belong to the entity itself are made, and kept, with the rows; the others later."""
        for window in self._settings.windows:
            own = self._question is not None and windows.by(window) == (self._question.examples.entity,)
            if own == with_rows:
                yield window

    def _event_time(self, name: str) -> str:
        """The rows' own time serves where the stream itself is taken as events."""
        return self._time if name == self._main and self._question is None else ""

    def _read(self, name: str, needed: Needed) -> Events:
        source = next(source for source in self._settings.sources if source.name == name)
        reading = self._readings[name]
        return read_events(source, reading, needed, self._facts, zone=self._zone, time=self._event_time(name))

    def _join(self, join: Join) -> joins.Joined:
        reading = self._readings[join.source]
        taken = joins.columns(join, reading.columns)
        on = pairs(join.on)
        private = any(name not in self._facts or self._facts[name].personal != "no" for name in on)
        if join.as_of:
            return joins.Joined(
                join, self._group(join.source, list(on.values()), taken, "", join), taken, private=private
            )
        names = list(dict.fromkeys([*on.values(), *taken]))
        table = gathered([batch.select(names) for batch in reading.batches()], names)
        return joins.Joined(join, table, taken, private=private)

    def _of(self, window: Window) -> Grouped:
        asked = windows.needed(window)
        return self._group(window.origin, asked.keys, (*asked.numbers, *asked.others), window.where, window)

    def _group(
        self,
        name: str,
        keys: tuple[str, ...] | list[str],
        columns: tuple[str, ...],
        where: str,
        by: Join | Window | None,
    ) -> Grouped:
        place = "cycle.toml, [data.examples]"
        if by is not None:
            place = joins.place(by) if isinstance(by, Join) else windows.place(by)
        found = grouped(self._events[name], keys, columns, where, place=place, zone=self._zone)
        self._unkeyed[f"source {name}"] = max(found.unkeyed, self._unkeyed.get(f"source {name}", 0))
        return found

    def _stream(self) -> Iterator[pl.DataFrame]:
        if self._question is None:
            return self._readings[self._main].batches()
        made = self._question.examples
        needed = examples.label_needed(made)
        label = self._group(made.label.origin, needed.keys, needed.numbers, made.label.where, None)
        ends = self._events[made.label.origin].rows[AVAILABLE]
        sides = Sides(
            self._group(made.origin, (made.entity,), (), "", None),
            label,
            tuple((window, self._of(window)) for window in self._windows(with_rows=True)),
            int(ends.to_numpy().max()) if len(ends) else EVER,
        )
        self._made = Rows(self._question, sides, kept=self._kept)
        return self._made.months()

    def _key(self, rows: pl.DataFrame) -> pl.Series:
        """What a row is about, and when, as one text; null where either is not known."""
        if not {self._entity, self._time} <= set(rows.columns):
            return pl.Series("", [None], pl.String).new_from_index(0, len(rows))
        text = pl.format("{} {}", pl.col(self._entity).cast(pl.String), self._parsed(rows).to_physical())
        return rows.select(text.alias("")).to_series()

    def _times(self, rows: pl.DataFrame) -> Ints:
        """Each row's time in microseconds; before all events where it is not known."""
        if not self._needed:
            return np.full(len(rows), EVER)
        return self._parsed(rows).to_physical().fill_null(EVER).to_numpy().astype(np.int64)

    def _parsed(self, rows: pl.DataFrame) -> pl.Series:
        """Each row's time."""
        cells = rows[self._time]
        fact = self._facts.get(self._time, ColumnFact(type="time"))
        if fact.type != "time":
            fact = msgspec.structs.replace(fact, type="time")
        return pl.select(at=parse_cell(pl.lit(cells), cells.dtype, fact, self._zone)).to_series()


def _question(settings: Data, time: str, target: str, label_delay: timedelta, zone: str) -> Question | None:
    if settings.examples is None:
        return None
    if not target:
        raise InputError(
            "rows made from events have a label, and a clustering has none",
            place="cycle.toml, [data.examples]",
            mend="bring a table of one row for each thing that is to be clustered",
        )
    question = Question(settings.examples, time, target, label_delay, zone)
    examples.check(question)
    return question


def _refuse_twice(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            "two sources have one name",
            place="cycle.toml, [[data.sources]]",
            found=", ".join(twice),
            mend="name each differently; rows of one kind from several places are one source with 'extends' of the first",
        )


def _require(names: Mapping[str, object] | tuple[str, ...], there: Mapping[str, str], place: str) -> None:
    for name in names:
        if name not in there:
            raise ColumnMissing(name, there, source=place)


def _add(there: dict[str, str], added: tuple[str, ...] | list[str], by: str) -> None:
    """Note columns that are added, unless one is there already."""
    for name in added:
        if name in there:
            raise InputError(
                f"column {name!r} is there already",
                place=by,
                found=f"it comes from {there[name]}",
                mend="add a prefix, or take fewer columns",
            )
        there[name] = by
