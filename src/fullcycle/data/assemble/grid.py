"""Regular times at which rows are made, in the project's zone, across changes of the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count, takewhile
from zoneinfo import ZoneInfo

from fullcycle.kernel.clock import day_start, duration, parse_instant
from fullcycle.kernel.errors import InputError

MONTH = "month"
_DAY = timedelta(days=1)
_MOST = 1_000_000


def grid(first: datetime, last: datetime, every: str, *, zone: str, start: str = "") -> list[datetime]:
    """The times from *first* to *last*, in UTC.

    Whole days, weeks and months are steps of the local calendar: midnight stays midnight where the clock changes.
    Anything else is a step in time.

    Parameters
    ----------
    first : of the first event; times begin with its local day.
    every : a duration, or ``month`` for the first day of each month.
    start : of the first row, instead of *first*; a day, or a time from which steps that are no days go on.

    Raises
    ------
    InputError
        *every* is no duration, is zero, or makes more than a million times.

    Examples
    --------
    >>> from datetime import UTC
    >>> found = grid(datetime(2013, 3, 9, 15, tzinfo=UTC), datetime(2013, 3, 11, 5, tzinfo=UTC), "1d", zone="America/New_York")
    >>> [f"{at:%d %H:%M}" for at in found]
    ['09 05:00', '10 05:00', '11 04:00']
    """
    place = "cycle.toml, [data.examples]"
    begin = parse_instant(start, zone=zone, place=f"{place} start") if start else first
    day = begin.astimezone(ZoneInfo(zone)).date()
    if every == MONTH:
        return _until(last, begin if start else day_start(first, zone), zone, lambda n: _months(day, n))
    step = duration(every, place=f"{place} every")
    if step <= timedelta():
        raise InputError("the distance between rows is zero", place=f"{place} every", found=every, mend="write '7d'")
    if (last - begin) / step > _MOST:
        raise InputError(
            "rows would be made at more than a million times",
            place=f"{place} every",
            found=every,
            mend="lengthen 'every', or set 'start'",
        )
    if step % _DAY:
        origin = begin if start else day_start(first, zone)
        return [origin + step * n for n in range(max(0, (last - origin) // step + 1))]
    return _until(last, day_start(begin, zone), zone, lambda n: day + n * step)


def _until(last: datetime, begin: datetime, zone: str, nth: Callable[[int], date]) -> list[datetime]:
    """Local midnights of the days that *nth* counts, from *begin* to *last*."""
    midnights = takewhile(lambda at: at <= last, (_midnight(nth(n), zone) for n in count()))
    return [at for at in midnights if at >= begin]


def _midnight(day: date, zone: str) -> datetime:
    return day_start(datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)), zone)


def _months(day: date, n: int) -> date:
    months = day.year * 12 + day.month - 1 + n
    return date(months // 12, months % 12 + 1, 1)
