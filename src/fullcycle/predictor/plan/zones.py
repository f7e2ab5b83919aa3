"""Time zones as plain numbers, so that nothing reads a time zone database while serving."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from fullcycle.kernel.errors import InputError, nearest

Offsets = tuple[tuple[int, int], ...]  # (from this UTC instant on, the offset from UTC), both in microseconds

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
_YEARS = (1700, 2200)  # whose microseconds are whole in float64 and exact in JSON


def time_zone(name: str, *, place: str = "") -> ZoneInfo:
    """The zone of that name.

    Raises
    ------
    InputError
        There is none; the nearest is named.

    Examples
    --------
    >>> time_zone("Europe/Paris")
    zoneinfo.ZoneInfo(key='Europe/Paris')
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        from zoneinfo import available_timezones

        near = nearest(name, available_timezones())
        mend = f"write {near!r}" if near else "write a name such as 'Europe/Paris' or 'UTC'"
        raise InputError("unknown time zone", place=place, found=name, mend=mend) from None


@lru_cache(maxsize=64)
def zone_offsets(zone: str, first_year: int, last_year: int) -> Offsets:
    """Every change of a zone's offset from UTC in these years: ``((start_us, offset_us), …)``.

    The first entry starts with *first_year* and also holds before it; the last holds for ever.

    Raises
    ------
    InputError
        No such zone, or years outside 1700 to 2200.

    Examples
    --------
    >>> [(start // 1_000_000, offset // 3_600_000_000) for start, offset in zone_offsets("Europe/Paris", 2024, 2024)]
    [(1704067200, 1), (1711846800, 2), (1729990800, 1)]
    """
    if not _YEARS[0] <= first_year <= last_year <= _YEARS[1]:
        found = f"{first_year} to {last_year}"
        raise InputError("years out of range", found=found, expected=f"rising, in {_YEARS[0]} to {_YEARS[1]}")
    info = time_zone(zone)
    start, end = _seconds(datetime(first_year, 1, 1)), _seconds(datetime(last_year + 1, 1, 1))
    pairs = [(start, _offset(info, start))]
    for day in range(start, end, 86_400):
        until = min(day + 86_400, end - 1)
        if _offset(info, until) != pairs[-1][1]:
            change = _first_change(info, day, until)
            pairs.append((change, _offset(info, change)))
    return tuple((second * SECOND, offset * SECOND) for second, offset in pairs)


def _seconds(naive: datetime) -> int:
    return (naive.replace(tzinfo=EPOCH.tzinfo) - EPOCH) // timedelta(seconds=1)


def _offset(info: ZoneInfo, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _first_change(info: ZoneInfo, low: int, high: int) -> int:
    """The first second after *low* with the offset of *high*; between the two the offset changes once."""
    after = _offset(info, high)
    return low + bisect_right(range(low, high), 0, key=lambda second: int(_offset(info, second) == after))


def wall_to_utc(wall: npt.NDArray[np.int64], offsets: Offsets) -> npt.NDArray[np.int64]:
    """Wall-clock microseconds of shape (n,) as UTC, as Python reads them with ``fold=0`` (PEP 495).

    A time that comes twice is the first; one that a clock skips is read with the offset before the gap.

    >>> offsets = zone_offsets("Europe/Paris", 2024, 2024)
    >>> wall_to_utc(np.array([1704067200_000000]), offsets).tolist()
    [1704063600000000]
    """
    starts = [start + max(before, after) for (_, before), (start, after) in pairwise(offsets)]
    place = np.searchsorted(np.array(starts, dtype=np.int64), wall, side="right")
    return wall - np.array([offset for _, offset in offsets], dtype=np.int64)[place]
