"""Rows made from events, month by month: an entity, a time, what had happened by then, and what happened next."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.assemble import windows
from fullcycle.data.assemble.events import AVAILABLE, HAPPENED, Grouped, Needed
from fullcycle.data.assemble.grid import grid
from fullcycle.data.assemble.settings import Examples, Window
from fullcycle.data.assemble.two_times import EVER, Ints
from fullcycle.data.sources.reading import BATCH
from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding

VERSION = 1
"""Raised when the same events give other rows; what was kept of an older version is then not read."""

_PLACE = "cycle.toml, [data.examples]"
_TIME = pl.Datetime("us", "UTC")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What is asked of the events.

    Attributes
    ----------
    time, target : columns that hold a row's time and its label.
    label_delay : how long after a row's time its label is known: events that came to be known by then count.
    zone : in whose calendar rows are made.
    """

    examples: Examples
    time: str
    target: str
    label_delay: timedelta
    zone: str

    @property
    def within(self) -> int:
        """How long after a row's time its label looks, in microseconds."""
        return duration(self.examples.label.within, place=f"{_PLACE} label.within") // _MICROSECOND

    @property
    def settled(self) -> int:
        """How long after a row's time its label is known, in microseconds."""
        return self.label_delay // _MICROSECOND

    @property
    def active_within(self) -> int:
        """How long an entity stays active after an event, in microseconds."""
        text = self.examples.active_within
        return -EVER if text is None else duration(text, place=f"{_PLACE} active_within") // _MICROSECOND


class Sides(NamedTuple):
    """The events that rows are made from, by entity.

    Attributes
    ----------
    activity : those that make an entity active.
    label : those that the label looks at.
    windows : by position in the settings, those of each window.
    label_until : the latest time at which an event of the label's source was available, where its data ends.
    """

    activity: Grouped
    label: Grouped
    windows: tuple[tuple[Window, Grouped], ...]
    label_until: int


def check(question: Question) -> None:
    """Refuse examples that contradict themselves.

    Raises
    ------
    InputError
        The label asks for none or several things, or looks further than the outcome's delay.

    Examples
    --------
    >>> from fullcycle.data.assemble.settings import Label
    >>> label = Label(origin="orders", within="90d", any=True)
    >>> examples = Examples(entity="customer", origin="orders", every="7d", label=label)
    >>> check(Question(examples, "at", "buys", timedelta(days=30), "UTC"))
    Traceback (most recent call last):
    ...
    fullcycle.kernel.errors.InputError: cycle.toml, [scoping] label_delay: the label looks further ahead than the outcome \
is waited for: found '30d', expected at least '90d', as [data.examples] label.within says. To mend it: write label_delay = "90d".
    """
    label = question.examples.label
    asked = [name for name in ("any", "count", "sum", "mean") if getattr(label, name)]
    if len(asked) != 1:
        raise InputError(
            "the label needs one thing to ask",
            place=f"{_PLACE} label",
            found=", ".join(asked) or "nothing",
            expected="any, count, sum or mean",
            mend='write any = true, or sum = "amount"',
        )
    if question.within <= 0:
        raise InputError("the label looks at no time", place=f"{_PLACE} label.within", found=label.within)
    if question.settled < question.within:
        days = question.settled / 86_400_000_000
        raise InputError(
            "the label looks further ahead than the outcome is waited for",
            place="cycle.toml, [scoping] label_delay",
            found=f"{days:g}d",
            expected=f"at least {label.within!r}, as [data.examples] label.within says",
            mend=f'write label_delay = "{label.within}"',
        )


def label_needed(examples: Examples) -> Needed:
    """What the label asks of its source.

    >>> from fullcycle.data.assemble.settings import Label
    >>> label = Label(origin="orders", within="90d", sum="amount", where="amount > 0")
    >>> label_needed(Examples(entity="customer", origin="orders", every="7d", label=label)).numbers
    ('amount',)
    """
    label = examples.label
    numbers = tuple(name for name in (label.sum, label.mean) if name)
    return Needed(keys=(examples.entity,), numbers=numbers, where=(label.where,) if label.where else ())


def columns(question: Question, of: Sequence[Window]) -> tuple[str, ...]:
    """Names of the columns of the rows."""
    named = (name for window in of for name in windows.names(window))
    return (question.examples.entity, question.time, question.target, *named)


class Rows:
    """Rows from events, a month (UTC) at a time, in order of time and entity.

    Parameters
    ----------
    kept : folder of months that were made before, by :func:`month_key`; None keeps none.
    """

    def __init__(self, question: Question, sides: Sides, *, kept: Path | None = None) -> None:
        self._question, self._sides, self._kept = question, sides, kept
        self._groups = _others(question, sides)
        self.rows = self.unlabelled = 0

    def months(self) -> Iterator[pl.DataFrame]:
        """The rows of each month that has times; a month whose events are as before is read, not made."""
        self.rows = self.unlabelled = 0
        for times in by_month(self._times()):
            frame = self._month(times)
            self.rows += len(frame)
            self.unlabelled += frame[self._question.target].null_count()
            yield from frame.iter_slices(BATCH)

    def finding(self) -> Finding:
        """How many rows were made, and for how many the data ends before their label is known."""
        return Finding(
            check="label_not_known_yet",
            subject="examples",
            value=self.unlabelled / max(1, self.rows),
            severity="note",
            evidence={"rows": self.rows, "unknown": self.unlabelled},
        )

    def _times(self) -> list[int]:
        times = self._sides.activity.times
        if not len(times.available):
            return []
        examples, ends = self._question.examples, (int(times.happened.min()), int(times.available.max()))
        first, last = (_instant(at) for at in ends)
        found = grid(first, last, examples.every, zone=self._question.zone, start=examples.start)
        return [_micros(at) for at in found]

    def _month(self, times: Sequence[int]) -> pl.DataFrame:
        if self._kept is None:
            return self._make(times)
        path = self._kept / f"{month_key(self._question, self._sides, times)}.parquet"
        if (frame := _read(path)) is not None:
            return frame
        frame = self._make(times)
        write_aside(path, _written(frame))
        _log.info("rows of %s made from events", f"{_instant(times[0]):%Y-%m}")
        return frame

    def _make(self, times: Sequence[int]) -> pl.DataFrame:
        found = [self._active(at) for at in times]
        entities = np.concatenate(found)
        at = np.repeat(np.array(times, np.int64), [len(groups) for groups in found])
        keys = self._sides.activity.keys[entities].to_series()
        rows = {keys.name: keys, self._question.time: pl.Series(at).cast(pl.Int64).cast(_TIME)}
        rows[self._question.target] = self._label(self._groups[0][entities], at)
        for (window, events), groups in zip(self._sides.windows, self._groups[1:], strict=True):
            rows |= windows.features(window, events, groups[entities], at)
        return pl.DataFrame(rows)

    def _active(self, at: int) -> Ints:
        """Entities with an event that had happened, not too long ago, and was available."""
        groups = np.arange(len(self._sides.activity.keys))
        now = np.full(len(groups), at)
        after = np.maximum(now - self._question.active_within, EVER)
        return np.flatnonzero(self._sides.activity.times.latest(groups, after, now, now) >= 0)

    def _label(self, groups: Ints, at: Ints) -> pl.Series:
        """The label of each row, missing where the data ends before it is known."""
        asked, settled = self._question.examples.label, at + self._question.settled
        span = (groups, at, at + self._question.within, settled)
        label = self._sides.label
        columns = {name: label.numbers(name) for name in (asked.sum, asked.mean) if name}
        counts, totals = label.times.totals(columns, *span)
        if asked.sum or asked.mean:
            values = pl.Series(totals[asked.sum].sums) if asked.sum else windows.mean(totals[asked.mean])
        else:
            values = pl.Series(counts > 0 if asked.any else counts)
        return pl.select(pl.when(pl.Series(settled <= self._sides.label_until)).then(values)).to_series()


def by_month(times: Sequence[int]) -> list[list[int]]:
    """Times, ascending, by their calendar month in UTC.

    >>> [len(month) for month in by_month([_micros(datetime.fromisoformat(f"2013-{day}T00:00Z")) for day in ("01-05", "01-31", "02-01")])]
    [2, 1]
    """
    return [list(month) for _, month in groupby(times, key=lambda at: (_instant(at).year, _instant(at).month))]


def month_key(question: Question, sides: Sides, times: Sequence[int]) -> str:
    """SHA-256 of exactly what the rows at *times* depend on: the settings, and the events that they may read.

    An event that happened, or came to be known, after the last of the times (and after the span of the label) is not
    among them, nor is one too long ago for every window; it can come, go or change and the key stays.

    Parameters
    ----------
    times : of one month, in microseconds, ascending.
    """
    first, last = times[0], times[-1]
    settled = last + question.settled
    said = (VERSION, pl.__version__, np.__version__, question.time, question.target, question.within, question.settled)
    settings = (question.examples, [window for window, _ in sides.windows])
    found = hashlib.sha256(msgspec.json.encode((said, settings, list(times), min(sides.label_until, settled))))
    _add(found, sides.activity, first - question.active_within, last, last)
    _add(found, sides.label, first, last + question.within, settled)
    for window, events in sides.windows:
        _add(found, events, first - windows.reach(window), last, last)
    return found.hexdigest()


def _add(found: hashlib._Hash, events: Grouped, after: int, until: int, seen: int) -> None:
    """Add the events with ``after < happened <= until`` and ``available <= seen``, in their order."""
    happened, available = pl.col(HAPPENED), pl.col(AVAILABLE)
    used = events.rows.filter(happened > max(after, EVER), happened <= until, available <= seen)
    sink = io.BytesIO()
    used.rechunk().write_parquet(sink, compression="uncompressed", statistics=False, row_group_size=1 << 17)
    found.update(len(used).to_bytes(8, "big") + sink.getbuffer())


def _others(question: Question, sides: Sides) -> tuple[Ints, ...]:
    """For the label's events, and each window's, the group of each entity that was ever active."""
    named = [(f"{_PLACE} label", sides.label), *((windows.place(window), events) for window, events in sides.windows)]
    return tuple(events.groups(sides.activity.keys, place=place) for place, events in named)


def _read(path: Path) -> pl.DataFrame | None:
    """The rows kept at *path*; None if there are none, or what is there is no whole table."""
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        return None


def _written(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.rechunk().write_parquet(sink, compression="zstd", compression_level=3, statistics=False)
    return sink.getvalue()


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
