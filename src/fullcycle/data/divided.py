"""How the rows of a past are divided: chosen from the question and the rows, or as the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.outliers import Fitted, fit
from fullcycle.data.clean.settings import Clean
from fullcycle.data.history import History
from fullcycle.data.split import Choice, Division, boundaries, choose, divide, part_of
from fullcycle.data.split.choose import spans_time
from fullcycle.data.split.settings import Split
from fullcycle.kernel.errors import ColumnMissing, InputError

Span = tuple[datetime, datetime]


class Divided(NamedTuple):
    """What was chosen, and the division that follows."""

    choice: Choice
    division: Division


def divided(history: History, settings: Split, as_of: datetime, *, task: str) -> Divided:
    """The division of the rows whose outcome was known at *as_of*.

    Raises
    ------
    InputError
        No row is old enough, the history is too short for the split, or a share is senseless.
    """
    if settings.group and settings.group not in history.rows.empty.columns:
        raise ColumnMissing(settings.group, history.rows.empty.columns, needed_by="[data.split] group")
    if settings.by == "stratified" and not history.target:
        raise InputError(
            "rows without a target have no classes to keep alike",
            place="cycle.toml, [data.split] by",
            found="stratified",
            expected="time, random or group",
        )
    first, last = span = _span(history, as_of)
    choice = _choice(history, settings, span, as_of, task)
    division = divide(
        settings,
        choice.by,
        entity=history.entity,
        time=history.time,
        target=history.target,
        first=first,
        last=last,
        label_delay=history.label_delay,
        zone=history.zone,
    )
    return Divided(choice, division)


def _choice(history: History, settings: Split, span: Span, as_of: datetime, task: str) -> Choice:
    """The kind of split. Whether entities come again is looked at only where the rows span too little time."""
    first, last = span
    repeated = not spans_time(first, last, history.zone) and _repeats(history, as_of, settings.group or history.entity)
    return choose(settings, task=task, first=first, last=last, zone=history.zone, repeated=repeated)


def learnt(history: History, division: Division, settings: Clean, as_of: datetime) -> Fitted:
    """What cleaning has to learn, from training rows alone."""
    if not settings.outliers:
        return Fitted()
    columns = list(dict.fromkeys((*settings.outliers, *division.columns)))
    frames = [rows.select(columns).filter(part_of(division, rows) == "train") for _, rows in history.due(as_of)]
    return fit(pl.concat(frames), settings)


def looked_at_until(history: History, settings: Split, as_of: datetime, *, task: str) -> datetime:
    """Before which time a person's question may be held against the rows: the test rows', where time divides them."""
    span = _span(history, as_of)
    if _choice(history, settings, span, as_of, task).by != "time":
        return as_of
    return boundaries(*span, settings, history.zone).test


def _span(history: History, as_of: datetime) -> Span:
    """First and last time of the rows whose outcome is known; only the ends of the history are read."""
    first = next((rows[history.time] for rows in _keys(history, as_of) if len(rows)), None)
    last = next((rows[history.time] for rows in _keys(history, as_of, backwards=True) if len(rows)), None)
    if first is None or last is None:
        raise InputError(
            "no row has a known outcome",
            found=f"as of {as_of:%Y-%m-%d}",
            mend="check the time column, the target's expression and the label delay",
        )
    return first[0], last[-1]


def _keys(history: History, as_of: datetime, *, backwards: bool = False) -> Iterator[pl.DataFrame]:
    for _, rows in history.due(as_of, backwards=backwards):
        yield rows.filter(history.has_outcome).select(history.keys)


def _repeats(history: History, as_of: datetime, column: str) -> bool:
    cells = [rows[column] for _, rows in history.due(as_of)]
    return bool(pl.concat(cells).is_duplicated().any())
