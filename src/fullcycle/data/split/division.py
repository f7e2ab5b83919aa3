"""Division: which row belongs to which part, as a record that any later reader applies to the same rows.

By time the parts are spans with an embargo between. By group, class or chance a row's part is a function of its own
columns alone: the fraction that its key hashes to, held against thresholds. So no row needs a stored part, and none
changes its part when others come.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.data.split.hashing import fractions, key_text

PARTS = ("train", "validation", "test")
OTHER = ""
"""The key of the thresholds for rows whose class has none of its own."""


class Span(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times ``start <= time < end``."""

    start: datetime
    end: datetime


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part as it is filled: all of its rows lie in ``start <= time < end``."""

    start: datetime
    end: datetime
    rows: int


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fraction below *test* is a test row, one below *validation* a validation row, any other trains."""

    test: float
    validation: float


class Division(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the rows of a dataset are divided.

    Attributes
    ----------
    by : ``time``, ``group``, ``stratified`` or ``random``.
    columns : the columns that decide a row's part: the time; the group; entity and time (and, last, the class).
    spans : by part, for ``time``; what lies between them is the embargo.
    thresholds : under an empty name; older records of ``stratified`` divisions have some by class.
    seed : of the fractions.

    Examples
    --------
    >>> Division(by="random", columns=("id", "at"), thresholds={"": Thresholds(test=0.2, validation=0.4)}).seed
    0
    """

    by: Literal["time", "group", "stratified", "random"]
    columns: tuple[str, ...]
    spans: dict[str, Span] = {}
    thresholds: dict[str, Thresholds] = {}
    seed: int = 0


def part_of(division: Division, frame: pl.DataFrame) -> pl.Series:
    """The part of each row: ``train``, ``validation``, ``test``, or null within the embargo.

    Parameters
    ----------
    frame : n rows with the division's columns, in any order; a whole table or any piece of it.

    Returns
    -------
    n names, a series called ``part``.

    Examples
    --------
    >>> division = Division(by="group", columns=("shop",), thresholds={"": Thresholds(test=0.3, validation=0.6)})
    >>> part_of(division, pl.DataFrame({"shop": ["a", "b", "a"]})).to_list()
    ['test', 'validation', 'test']
    """
    if division.by == "time":
        return _by_span(division, frame[division.columns[0]])
    return _by_threshold(division, frame)


def deciding(division: Division, part: str, start: datetime | None, end: datetime | None) -> Division | None:
    """What of *division* decides which rows of ``start <= time < end`` (None: of any time) are of *part*.

    Two divisions of which this is the same give the same rows of that time. None where they give no row.

    >>> month = [datetime(2024, number, 1) for number in (1, 2)]
    >>> both = [Division(by="time", columns=("at",), spans={"train": Span(start=month[0], end=datetime(2024, 3, day))})
    ...     for day in (1, 20)]
    >>> deciding(both[0], "train", *month) == deciding(both[1], "train", *month)
    True
    """
    if division.by != "time":
        return division
    span = division.spans[part]
    first = span.start if start is None else max(span.start, start)
    last = span.end if end is None else min(span.end, end)
    if first >= last:
        return None
    return Division(by="time", columns=division.columns, spans={part: Span(start=first, end=last)})


def keys(division: Division) -> tuple[str, ...]:
    """The columns that are hashed.

    >>> keys(Division(by="stratified", columns=("id", "at", "late")))
    ('id', 'at')
    """
    return division.columns[:-1] if division.by == "stratified" else division.columns


def classes(division: Division, frame: pl.DataFrame) -> pl.Series:
    """The class of each row as text; of all rows the same where the division has none.

    >>> classes(Division(by="stratified", columns=("id", "late")), pl.DataFrame({"late": [True, None]})).to_list()
    ['true', '']
    """
    if division.by != "stratified":
        return pl.repeat(OTHER, len(frame), eager=True)
    cells = frame[division.columns[-1]]
    distinct = cells.unique()
    texts = [OTHER if value is None else key_text(value) for value in distinct.to_list()]
    return cells.replace_strict(distinct, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)


def _by_span(division: Division, times: pl.Series) -> pl.Series:
    part = pl.lit(None, dtype=pl.String)
    for name, span in division.spans.items():
        part = pl.when((pl.col("at") >= span.start) & (pl.col("at") < span.end)).then(pl.lit(name)).otherwise(part)
    return times.to_frame("at").select(part=part).to_series()


def _by_threshold(division: Division, frame: pl.DataFrame) -> pl.Series:
    fraction = fractions(frame, keys(division), seed=division.seed)
    found = np.zeros(len(frame), np.int64)
    for rows, limits in _by_class(division, frame):
        found[rows] = np.where(fraction[rows] < limits.test, 2, np.where(fraction[rows] < limits.validation, 1, 0))
    return pl.Series("part", np.array(PARTS, dtype=object)[found], dtype=pl.String)


def _by_class(
    division: Division, frame: pl.DataFrame
) -> Iterator[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Thresholds]]:
    """The rows that each pair of thresholds judges."""
    names = list(division.thresholds)
    code = {name: number for number, name in enumerate(names)}
    codes = classes(division, frame).replace_strict(names, list(code.values()), default=code[OTHER]).to_numpy()
    for name, limits in division.thresholds.items():
        yield np.flatnonzero(codes == code[name]), limits
