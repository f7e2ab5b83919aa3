"""Time as a value. Only the loop and the service hold a clock; steps get ``as_of``; elapsed time comes from a stopwatch."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from fullcycle.kernel.errors import InputError

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d|w)\s*")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Clock(Protocol):
    """Tells the time of a timeline, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The clock of the ``live`` timeline."""

    def now(self) -> datetime:
        """The machine's time, in UTC."""
        return datetime.now(UTC)


class SetClock:
    """The clock of a replay: it stands where it was set.

    >>> clock = SetClock(datetime(2013, 7, 1, tzinfo=UTC))
    >>> clock.set(datetime(2013, 7, 2, tzinfo=UTC))
    >>> instant(clock.now())
    '2013-07-02T00:00:00.000000Z'
    """

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The time at which the replay stands."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move to *at*."""
        self._at = at


class Stopwatch:
    """Real elapsed seconds, in replays too.

    >>> with Stopwatch() as watch:
    ...     pass
    >>> watch.seconds >= 0
    True
    """

    seconds: float = 0.0

    def __enter__(self) -> Stopwatch:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.seconds = self.so_far

    @property
    def so_far(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._start


def duration(text: str, *, place: str = "") -> timedelta:
    """A duration such as ``1d``, ``90 min`` written ``90m``, or ``1h 30m``.

    >>> duration("1d"), duration("1h 30m"), duration("20ms")
    (datetime.timedelta(days=1), datetime.timedelta(seconds=5400), datetime.timedelta(microseconds=20000))
    """
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part.group(0) for part in parts) != text:
        raise InputError(
            "not a duration",
            place=place,
            found=text,
            expected="a number and a unit",
            mend="write '1d', '90m' or '20ms'",
        )
    try:
        return timedelta(seconds=sum(float(part.group(1)) * _SECONDS[part.group(2)] for part in parts))
    except OverflowError:
        raise InputError("too long a duration", place=place, found=text, mend="write fewer digits") from None


def size(text: str, *, place: str = "") -> int:
    """A size in bytes.

    >>> size("50MiB"), size("1GB")
    (52428800, 1000000000)
    """
    units = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    if not match or match.group(2) not in units:
        raise InputError(
            "not a size", place=place, found=text, expected="a number and a unit", mend="write '50MiB' or '1GB'"
        )
    return int(float(match.group(1)) * units[match.group(2)])


def instant(at: datetime) -> str:
    """The canonical text of a time: UTC with microseconds.

    >>> instant(datetime(2013, 1, 1, 12, tzinfo=UTC))
    '2013-01-01T12:00:00.000000Z'
    """
    if at.tzinfo is None:
        raise ValueError(f"time without a zone: {at!r}")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str, *, zone: str = "UTC", place: str = "") -> datetime:
    """Read a time or a date; a naive one is read in *zone*.

    >>> instant(parse_instant("2013-07-01", zone="America/New_York"))
    '2013-07-01T04:00:00.000000Z'
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "not a time",
            place=place,
            found=text,
            expected="ISO 8601",
            mend="write '2026-03-01' or '2026-03-01T08:00:00Z'",
        ) from None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        raise InputError("a time before the first or after the last that UTC has", place=place, found=text) from None


def day_start(at: datetime, zone: str) -> datetime:
    """The first moment, in UTC, of the local day in which *at* lies.

    >>> instant(day_start(datetime(2013, 7, 1, 3, tzinfo=UTC), "America/New_York"))
    '2013-06-30T04:00:00.000000Z'
    """
    local = at.astimezone(ZoneInfo(zone))
    return datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
