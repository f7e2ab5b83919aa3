"""Windows: the periods over which production is watched and reviewed, whole local days, old enough to be judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError

Length = timedelta | Literal["month"]


def window_length(text: str, *, place: str = "") -> Length:
    """A window's length as settings write it: ``month``, or whole days.

    Raises
    ------
    InputError : it is no duration, or not one of whole days.

    Examples
    --------
    >>> window_length("month"), window_length("7d")
    ('month', datetime.timedelta(days=7))
    """
    if text == "month":
        return "month"
    length = duration(text, place=place)
    if length < timedelta(days=1) or length % timedelta(days=1):
        mend = "write 'month', '7d' or '1d'"
        raise InputError(
            "a window is made of whole days", place=place, found=text, expected="days or 'month'", mend=mend
        )
    return length


def window_ending(
    as_of: datetime, origin: datetime, length: Length, label_delay: timedelta, zone: str
) -> tuple[datetime, datetime] | None:
    """The last complete window, its outcomes matured: ``end + label_delay <= as_of``.

    Windows follow each other from the local day of *origin*: every *length* of local days (a day on which the clock
    changes is one of them), or by calendar months, of which the first may be a part.

    Parameters
    ----------
    as_of : what is not yet known then is not waited for.
    origin : when serving began.
    label_delay : how long until outcomes are known.
    zone : whose days they are.

    Returns
    -------
    Start and end in UTC, or None before the first window is complete.

    Examples
    --------
    >>> from fullcycle.kernel.clock import instant
    >>> found = window_ending(datetime(2013, 3, 20, 12, tzinfo=UTC), datetime(2013, 3, 5, 12, tzinfo=UTC),
    ...     timedelta(days=7), timedelta(days=1), "America/New_York")
    >>> [instant(at) for at in found]
    ['2013-03-12T04:00:00.000000Z', '2013-03-19T04:00:00.000000Z']
    """
    local = ZoneInfo(zone)
    first = origin.astimezone(local).date()
    # a local midnight is past exactly when its day has begun, so days can be compared instead of moments
    today = (as_of - label_delay).astimezone(local).date()
    days = _month(first, today) if length == "month" else _days(first, today, length.days)
    return None if days is None else (_midnight(days[0], local), _midnight(days[1], local))


def _days(first: date, today: date, length: int) -> tuple[date, date] | None:
    if length < 1:
        raise InputError("a window has no day", found=length, expected="1 day or more")
    complete = (today - first).days // length
    if complete < 1:
        return None
    end = first + timedelta(days=complete * length)
    return end - timedelta(days=length), end


def _month(first: date, today: date) -> tuple[date, date] | None:
    end = today.replace(day=1)
    if end <= first:
        return None
    return max((end - timedelta(days=1)).replace(day=1), first), end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
