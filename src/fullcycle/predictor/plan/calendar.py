"""The calendar of a time in a declared zone: hour, weekday, month and so on."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.plan.operation import Unary, register
from fullcycle.predictor.plan.values import NAN, Numbers, RowStep, Slots, Sort
from fullcycle.predictor.plan.zones import DAY, Offsets

Part = Literal["hour", "minute", "weekday", "day", "month", "year", "day_of_year", "days", "minute_of_day"]

_MINUTE = 60_000_000
_HORIZON = 300_000_000_000_000_000  # microseconds: a little over the years 1 to 9999
_ORDINAL = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date.min.toordinal() - _ORDINAL, date.max.toordinal() - _ORDINAL


@register
class Calendar(Unary, frozen=True, kw_only=True, tag="calendar"):
    """A part of a time as its zone's clocks and calendar show it; missing outside the years 1 to 9999.

    *part* is ``hour`` 0–23, ``minute`` 0–59, ``minute_of_day`` 0–1439, ``weekday`` 0 (Monday) – 6, ``day`` 1–31,
    ``month`` 1–12, ``year``, ``day_of_year`` 1–366 or ``days`` since 1970-01-01. The zone is what *offsets* say, as
    :func:`zone_offsets` gives them (none: UTC); its name is kept for the reader.

    >>> Calendar(output="b", input="a", part="weekday").row({"a": 0})([0.0])  # 1970-01-01 was a Thursday
    3.0
    """

    part: Part
    zone: str = "UTC"
    offsets: Offsets = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.part not in _ROWS:
            raise UnknownKey(self.part, _ROWS, place=self.place, what="part")
        starts = [start for start, _ in self.offsets]
        if starts != sorted(set(starts)):
            raise InputError("the offsets are not in order of time", place=self.place)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        return self.expect(sorts, "number")

    def _table(self) -> tuple[list[int], list[int]]:
        """Starts, and the offsets before, between and after them."""
        offsets = [offset for _, offset in self.offsets] or [0]
        return [start for start, _ in self.offsets], [offsets[0], *offsets]

    def columns(self, slots: Slots) -> Numbers:
        time = slots.numbers(self.input)
        known = np.abs(time) <= _HORIZON
        utc = np.floor(np.where(known, time, 0.0)).astype(np.int64)
        starts, offsets = (np.array(side, dtype=np.int64) for side in self._table())
        local = utc + offsets[np.searchsorted(starts, utc, side="right")]
        days = local // DAY
        known &= (days >= _FIRST) & (days <= _LAST)
        days = np.where(known, days, 0)
        return np.where(known, _COLUMNS[self.part](days, local - days * DAY).astype(np.float64), NAN)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, part, (starts, offsets) = places[self.input], _ROWS[self.part], self._table()

        def calendar(s: list[Any]) -> float:
            time = s[i]
            if not -_HORIZON <= time <= _HORIZON:
                return NAN
            utc = math.floor(time)
            days, rest = divmod(utc + offsets[bisect_right(starts, utc)], DAY)
            return float(part(days, rest)) if _FIRST <= days <= _LAST else NAN

        return calendar


Whole = npt.NDArray[np.int64]


def _day_of_year(days: int, rest: int) -> int:
    today = date.fromordinal(days + _ORDINAL)
    return days + _ORDINAL - date(today.year, 1, 1).toordinal() + 1


# Each part of a day (since 1970-01-01) and the microseconds since its midnight, for one row and for columns.
_ROWS: dict[str, Callable[[int, int], int]] = {
    "hour": lambda days, rest: rest // (60 * _MINUTE),
    "minute": lambda days, rest: rest // _MINUTE % 60,
    "minute_of_day": lambda days, rest: rest // _MINUTE,
    "weekday": lambda days, rest: (days + 3) % 7,
    "day": lambda days, rest: date.fromordinal(days + _ORDINAL).day,
    "month": lambda days, rest: date.fromordinal(days + _ORDINAL).month,
    "year": lambda days, rest: date.fromordinal(days + _ORDINAL).year,
    "day_of_year": _day_of_year,
    "days": lambda days, rest: days,
}


def _since(days: Whole, unit: Literal["M", "Y"]) -> Whole:
    return days - days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype("datetime64[D]").astype(np.int64)


def _count(days: Whole, unit: Literal["M", "Y"]) -> Whole:
    return days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(np.int64)


_COLUMNS: dict[str, Callable[[Whole, Whole], Whole]] = {
    "hour": lambda days, rest: rest // (60 * _MINUTE),
    "minute": lambda days, rest: rest // _MINUTE % 60,
    "minute_of_day": lambda days, rest: rest // _MINUTE,
    "weekday": lambda days, rest: (days + 3) % 7,
    "day": lambda days, rest: _since(days, "M") + 1,
    "month": lambda days, rest: _count(days, "M") % 12 + 1,
    "year": lambda days, rest: _count(days, "Y") + 1970,
    "day_of_year": lambda days, rest: _since(days, "Y") + 1,
    "days": lambda days, rest: days,
}
