"""Events searched in two times: when they happened, and when they could be known.

What is asked at time t may rest on an event only if it happened *and* was available by t. "The latest of those" is no
plain as-of join: an event that happened later may have been available earlier. Hence a search by the time of happening
(a binary search within the group) and, where availability varies, one for the last place whose availability is small
enough (a tree of minima, climbed and descended in step for all rows).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

EVER = -(1 << 62)
"""A time before all events, in microseconds: no lower bound."""

_NEVER = np.iinfo(np.int64).max
_PAIRS = 1 << 22
"""Pairs of a row and an event that are looked at together, so that memory stays bounded."""


class Spans(NamedTuple):
    """For a few rows, the events that each may use.

    Attributes
    ----------
    rows : which rows these are.
    starts, stops : shape (rows,); row i uses the places ``starts[i] <= place < stops[i]``, the earliest first.
    events : event at each place; None where places are the events themselves.
    """

    rows: slice
    starts: Ints
    stops: Ints
    events: Ints | None


class Total(NamedTuple):
    """The sum of a column for each row, shape (m,), and how many values it has."""

    sums: Floats
    known: Ints


class TwoTimes:
    """Events of many groups, ordered by group and then by when they happened.

    Parameters
    ----------
    groups : shape (n,), the group of each event, from 0, ascending.
    happened : shape (n,), microseconds, ascending within a group; of equal ones the later in the table is the latest.
    available : shape (n,), microseconds; an event that was announced beforehand counts from when it happened.

    Examples
    --------
    The second event happened later but was available earlier:

    >>> events = TwoTimes(np.array([0, 0]), np.array([10, 20]), np.array([50, 20]))
    >>> rows, at = np.array([0, 0, 0]), np.array([15, 30, 60])
    >>> events.latest(rows, np.full(3, EVER), at, at).tolist()
    [-1, 1, 1]
    """

    def __init__(self, groups: Ints, happened: Ints, available: Ints) -> None:
        self._times = np.unique(happened)
        self._width = len(self._times) + 1
        self._places = groups * self._width + np.searchsorted(self._times, happened)
        self.happened, self.available = happened, np.maximum(available, happened)
        lags = self.available - happened
        self._lag = int(lags[0]) if len(lags) and bool((lags == lags[0]).all()) else 0 if not len(lags) else None
        self._minima = _minima(self.available) if self._lag is None else []

    def latest(self, groups: Ints, after: Ints, until: Ints, seen: Ints, back: int = 1) -> Ints:
        """The *back*-th latest event with ``after < happened <= until`` and ``available <= seen``; -1 without one.

        Parameters
        ----------
        groups : shape (m,), the group of each row; -1 where it has none.
        after, until, seen : shape (m,), microseconds.
        """
        starts, stops = self._bounds(groups, after, until, seen)
        if self._lag is not None:
            found = stops - back
        else:
            found = stops
            for _ in range(back):
                found = self._last_seen(np.maximum(found, 0), seen)
        return np.where(found >= starts, found, -1)

    def spans(self, groups: Ints, after: Ints, until: Ints, seen: Ints) -> Iterator[Spans]:
        """All events with ``after < happened <= until`` and ``available <= seen``, for a few rows at a time."""
        starts, stops = self._bounds(groups, after, until, seen)
        if self._lag is not None:
            yield Spans(slice(0, len(groups)), starts, stops, None)
            return
        ends = np.cumsum(stops - starts)
        first = 0
        while first < len(groups):
            done = ends[first - 1] if first else 0
            last = max(int(np.searchsorted(ends, done + _PAIRS, side="right")), first + 1)
            yield self._available(slice(first, last), starts[first:last], stops[first:last], seen[first:last])
            first = last

    def totals(
        self, columns: Mapping[str, Floats], groups: Ints, after: Ints, until: Ints, seen: Ints
    ) -> tuple[Ints, dict[str, Total]]:
        """How many events each row may use, and by column the sum of their values and how many are known; NaN is not.

        Each sum runs over its own events alone, in their order, so that no other event can move its last bit.

        >>> events = TwoTimes(np.array([0, 0]), np.array([10, 20]), np.array([50, 20]))
        >>> at = np.array([30, 60])
        >>> counts, found = events.totals({"a": np.array([1.0, 2.0])}, np.array([0, 0]), at - 100, at, at)
        >>> counts.tolist(), found["a"].sums.tolist()
        ([1, 2], [2.0, 3.0])
        """
        counts = np.zeros(len(groups), np.int64)
        found = {name: Total(np.zeros(len(groups)), np.zeros(len(groups), np.int64)) for name in columns}
        for span in self.spans(groups, after, until, seen):
            counts[span.rows] = span.stops - span.starts
            for name, values in columns.items():
                picked = values if span.events is None else values[span.events]
                filled = ~np.isnan(picked)
                before = np.concatenate([[0], np.cumsum(filled)])
                starts, stops = before[span.starts], before[span.stops]
                found[name].sums[span.rows] = _sums(picked[filled], starts, stops)
                found[name].known[span.rows] = stops - starts
        return counts, found

    def _bounds(self, groups: Ints, after: Ints, until: Ints, seen: Ints) -> tuple[Ints, Ints]:
        """Places of the events with ``after < happened <= until``; of one availability, those available too."""
        by = until if self._lag is None else np.minimum(until, seen - self._lag)
        starts = self._place(groups, after)
        return starts, np.maximum(self._place(groups, by), starts)

    def _place(self, groups: Ints, at: Ints) -> Ints:
        """The place after the last event of the group that happened by *at*."""
        keys = groups * self._width + np.searchsorted(self._times, at, side="right")
        return np.searchsorted(self._places, keys, side="left").astype(np.int64)

    def _available(self, rows: slice, starts: Ints, stops: Ints, seen: Ints) -> Spans:
        lengths = stops - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        owner = np.repeat(np.arange(len(starts)), lengths)
        events = np.arange(offsets[-1]) - offsets[owner] + starts[owner]
        usable = self.available[events] <= seen[owner]
        kept = np.concatenate([[0], np.cumsum(usable)])[offsets]
        return Spans(rows, kept[:-1], kept[1:], events[usable])

    def _last_seen(self, stops: Ints, seen: Ints) -> Ints:
        """The last place before each stop, in whatever group, whose event was available by *seen*; -1 without one."""
        found = stops - 1  # mostly the very last: most events are known soon
        late = np.flatnonzero((found >= 0) & (self.available[found] > seen))
        if len(late):
            found[late] = self._climb(found[late], seen[late])
        return found

    def _climb(self, stops: Ints, seen: Ints) -> Ints:
        node, height = stops.copy(), np.full(len(stops), -1)
        for level, least in enumerate(self._minima):
            odd = (height < 0) & (node % 2 == 1)
            hit = odd & (least[np.where(odd, node - 1, 0)] <= seen)
            height[hit] = level
            node = np.where(hit, node - 1, np.where(height < 0, node // 2, node))
        for level in range(len(self._minima) - 1, 0, -1):
            below = height >= level
            right = np.where(below, 2 * node + 1, 0)
            node = np.where(below, right - (self._minima[level - 1][right] > seen), node)
        return np.where(height >= 0, node, -1)


def _minima(available: Ints) -> list[Ints]:
    """The least availability of each 1, 2, 4, … neighbours."""
    size = 1 << max(0, len(available) - 1).bit_length()
    levels = [np.concatenate([available, np.full(size - len(available), _NEVER)])]
    while len(levels[-1]) > 1:
        levels.append(np.minimum(levels[-1][0::2], levels[-1][1::2]))
    return levels


def _sums(values: Floats, starts: Ints, stops: Ints) -> Floats:
    """The sum of ``values[start:stop]`` for each pair; 0 where it is empty.

    >>> _sums(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 2]), np.array([3, 1, 3])).tolist()
    [7.0, 0.0, 4.0]
    """
    sums = np.zeros(len(starts))
    order = np.argsort(-starts, kind="stable")  # so that each stop lies after the next start: nothing between is added
    order = order[stops[order] > starts[order]]
    if len(order):
        pairs = np.column_stack([starts[order], stops[order]]).ravel()
        sums[order] = np.add.reduceat(np.append(values, 0.0), pairs)[::2]
    return sums
