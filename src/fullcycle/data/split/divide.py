"""Divide: the Division that the settings ask for, from the span of the rows or the fractions of their classes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from fullcycle.data.split.boundaries import boundaries, embargo
from fullcycle.data.split.division import OTHER, PARTS, Division, Part, Span, Thresholds, part_of
from fullcycle.data.split.settings import By, Split
from fullcycle.kernel.errors import InputError

_PLACE = "cycle.toml, [data.split]"


def divide(
    settings: Split,
    by: By,
    *,
    entity: str,
    time: str,
    target: str,
    first: datetime,
    last: datetime,
    label_delay: timedelta,
    zone: str,
) -> Division:
    """How the rows are divided: by time from their span; else by shares of the fractions that their keys hash to.

    But for a division by time, no row's part depends on any other row, so that none moves when a batch comes. Each class
    of a stratified division has its declared shares but for chance; thresholds taken from its rows would be right to one
    row, and move with every batch.

    Parameters
    ----------
    first, last : times of the first and last row.

    Raises
    ------
    InputError
        The history is too short, a share is senseless, or the embargo is shorter than the label delay.

    Examples
    --------
    >>> from datetime import UTC
    >>> start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 10, tzinfo=UTC)
    >>> found = divide(Split(), "time", entity="id", time="at", target="late", first=start, last=end,
    ...     label_delay=timedelta(days=1), zone="UTC")
    >>> {name: f"{span.start:%d}-{span.end:%d}" for name, span in found.spans.items()}
    {'train': '01-06', 'validation': '07-08', 'test': '09-11'}
    """
    if by == "time":
        return Division(by=by, columns=(time,), spans=_spans(settings, first, last, label_delay, zone))
    shares = Thresholds(test=_share(settings.test), validation=_share(settings.test) + _share(settings.validation))
    if shares.validation >= 1:
        raise InputError(
            "no rows are left to learn from",
            place=_PLACE,
            found=f"validation {settings.validation} and test {settings.test}",
            expected="shares that add up to less than 1",
        )
    keys = {"group": (settings.group or entity,), "stratified": (entity, time, target), "random": (entity, time)}
    return Division(by=by, columns=keys[by], thresholds={OTHER: shares}, seed=settings.seed)


def parts_of(division: Division, frames: Iterable[pl.DataFrame], time: str) -> dict[str, Part]:
    """Each part of *frames*: how many rows, and between which times; by time, those of its span.

    Raises
    ------
    InputError
        A part has no rows.

    Examples
    --------
    >>> division = Division(by="random", columns=("id",), thresholds={"": Thresholds(test=0.3, validation=0.6)})
    >>> rows = pl.DataFrame({"id": range(9), "at": [datetime(2024, 1, day) for day in range(1, 10)]})
    >>> {name: part.rows for name, part in parts_of(division, [rows], "at").items()}
    {'train': 2, 'validation': 5, 'test': 2}
    """
    found: dict[str, Part] = {}
    for frame in frames:
        for (name,), rows in frame.select(time, part=part_of(division, frame)).group_by("part"):
            if name is not None:
                found[str(name)] = _joined(found.get(str(name)), rows[time])
    for name in PARTS:
        if name not in found:
            raise _no_rows(division, name)
    return {name: _within(found[name], division.spans.get(name)) for name in PARTS}


def _no_rows(division: Division, part: str) -> InputError:
    span = division.spans.get(part)
    return InputError(
        f"the {part} part has no rows",
        place=_PLACE,
        found=f"from {span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}" if span else f"divided by {division.by}",
        mend="change 'validation' and 'test', or take a longer history",
    )


def _within(part: Part, span: Span | None) -> Part:
    return part if span is None else Part(start=span.start, end=span.end, rows=part.rows)


def _joined(so_far: Part | None, times: pl.Series) -> Part:
    ordered = times.sort()
    start, end = ordered[0], ordered[-1] + timedelta(microseconds=1)
    if so_far is None:
        return Part(start=start, end=end, rows=len(times))
    return Part(start=min(so_far.start, start), end=max(so_far.end, end), rows=so_far.rows + len(times))


def _spans(settings: Split, first: datetime, last: datetime, label_delay: timedelta, zone: str) -> dict[str, Span]:
    bounds, gap = boundaries(first, last, settings, zone), embargo(settings, label_delay)
    return {
        "train": Span(start=first, end=max(first, bounds.validation - gap)),
        "validation": Span(start=bounds.validation, end=max(bounds.validation, bounds.test - gap)),
        "test": Span(start=bounds.test, end=bounds.end),
    }


def _share(share: float | str) -> float:
    if isinstance(share, str):
        raise InputError(
            "a duration divides rows by time only",
            place=_PLACE,
            found=share,
            expected="a share such as 0.2",
            mend="write a share, or by = 'time'",
        )
    if not 0 < share < 1:
        raise InputError("a share lies between 0 and 1", place=_PLACE, found=share)
    return share
