"""Boundaries: the local midnights at which validation and test begin, and the embargo before each."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from fullcycle.data.split.settings import Split
from fullcycle.kernel.clock import day_start, duration
from fullcycle.kernel.errors import InputError


class Boundaries(Struct, frozen=True):
    """Where validation and test begin; *end* is after the last row that may be used."""

    validation: datetime
    test: datetime
    end: datetime


def boundaries(first: datetime, last: datetime, settings: Split, zone: str) -> Boundaries:
    """Local midnights at which the parts of ``first <= time <= last`` begin.

    Raises
    ------
    InputError
        The history is too short for the shares or durations asked for.

    Examples
    --------
    >>> from datetime import UTC
    >>> found = boundaries(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 10, tzinfo=UTC), Split(), "UTC")
    >>> found.validation.day, found.test.day, found.end.day
    (7, 9, 11)
    """
    first_day, last_day = (at.astimezone(ZoneInfo(zone)).date() for at in (first, last))
    days = (last_day - first_day).days + 1
    test, validation = (_days(share, days) for share in (settings.test, settings.validation))
    if test + validation >= days:
        raise InputError(
            "the history is too short for its split",
            place="cycle.toml, [data.split]",
            found=f"{days} days",
            expected=f"more than {test + validation} days",
            mend="shorten 'validation' and 'test', or take a longer history",
        )
    end = _midnight(last, 1, zone)
    return Boundaries(
        validation=_midnight(last, 1 - test - validation, zone), test=_midnight(last, 1 - test, zone), end=end
    )


def embargo(settings: Split, label_delay: timedelta) -> timedelta:
    """The gap before validation and test, in which outcomes of the rows before it become known.

    Raises
    ------
    InputError
        It is shorter than the label delay: rows would be learnt from whose outcome was not known yet.

    >>> embargo(Split(embargo="2d"), timedelta(days=1))
    datetime.timedelta(days=2)
    """
    if settings.embargo is None:
        return label_delay
    gap = duration(settings.embargo, place="cycle.toml, [data.split] embargo")
    if gap < label_delay:
        raise InputError(
            "the embargo is shorter than the label delay",
            place="cycle.toml, [data.split] embargo",
            found=settings.embargo,
            expected=f"at least {label_delay}",
            mend="lengthen it, or leave it out",
        )
    return gap


def _days(share: float | str, days: int) -> int:
    """Whole days, at least one."""
    if isinstance(share, str):
        return max(1, duration(share, place="cycle.toml, [data.split]").days)
    if not 0 < share < 1:
        raise InputError("a share lies between 0 and 1", place="cycle.toml, [data.split]", found=share)
    return max(1, int(share * days))


def _midnight(last: datetime, shift: int, zone: str) -> datetime:
    """Local midnight *shift* days after the start of the day of *last*, across changes of the clock."""
    return day_start(day_start(last, zone) + timedelta(days=shift, hours=12), zone)
