"""Cleaning before typing: raw cells, as the source wrote them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.dates import read
from fullcycle.data.clean.missing import emptied, markers
from fullcycle.data.clean.numerals import plain
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import Facts, Touched, difference, merge
from fullcycle.data.clean.words import respelt
from fullcycle.data.contract.settings import ColumnFact


class Prepared(NamedTuple):
    """Raw rows, ready to be typed, as many as came; and what was touched."""

    frame: pl.DataFrame
    touched: tuple[Touched, ...]


def prepare(frame: pl.DataFrame, facts: Facts, settings: Clean, *, zone: str = "UTC") -> Prepared:
    """Raw cells made readable: markers of missing values, spellings, numbers and times written as text.

    A column is changed only if something is declared for it, and only columns that *facts* has. Done twice, it
    does no more than once.

    Parameters
    ----------
    frame : rows as a source gives them; CSV cells are text.
    zone : of naive times, where the column's fact names none.

    Raises
    ------
    InputError
        A declared format is none.

    >>> facts = {"price": ColumnFact(type="float")}
    >>> ready = prepare(pl.DataFrame({"price": ["1,50", "n/a"]}), facts, Clean(missing=("n/a",), formats={"price": ("decimal comma",)}))
    >>> ready.frame["price"].to_list(), [(touch.step, touch.cells) for touch in ready.touched]
    (['1.50e0', None], [('formats', 1), ('missing', 1)])
    """
    touched: list[Touched] = []
    columns = []
    for name, fact in facts.items():
        if name not in frame.columns:
            continue  # typing names it, and the nearest that is there
        series = frame[name]
        for step, after in _steps(series, fact, settings, zone):
            touched += difference(step, series, after, facts)
            series = after
        columns.append(series)
    return Prepared(frame.with_columns(columns), merge(touched))


def formats_of(name: str, fact: ColumnFact, settings: Clean) -> tuple[str, ...]:
    """How the times or numbers of a column are written: by ``[data.clean]``, or else by the column's own line.

    >>> formats_of("at", ColumnFact(type="time", format="%d/%m/%Y"), Clean())
    ('%d/%m/%Y',)
    """
    return settings.formats.get(name, (fact.format,) if fact.format else ())


def _steps(series: pl.Series, fact: ColumnFact, settings: Clean, zone: str) -> list[tuple[str, pl.Series]]:
    """The column after each step that is declared for it. Markers are looked for first and last: as written, and as read."""
    name, number = series.name, fact.type in ("float", "integer")
    marks, formats = markers(settings, name), formats_of(name, fact, settings)
    steps = [("missing", emptied(series, marks, number=number))]
    if fact.type in ("category", "text"):
        steps.append(("words", respelt(steps[-1][1], fact)))
    if formats and fact.type == "time":
        steps.append(("formats", read(steps[-1][1], formats, fact.zone or zone)))
    if formats and number and series.dtype == pl.String:
        steps.append(("formats", plain(steps[-1][1], formats)))
    return [*steps, ("missing", emptied(steps[-1][1], marks, number=number))]
