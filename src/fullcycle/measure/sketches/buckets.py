"""Buckets: how often numbers occur in cells that double in width until few enough are in use.

The order of floats is the order of their bits read as an integer. Level 0 has a bucket for each float, level k for 2^k
neighbours: within a power of two, buckets are of equal width, and 2^(52 − k) of them fill it. The level is the lowest
at which the rows fill at most `MOST` buckets, so it follows from the rows alone, whatever their order and however they
were cut; few different values keep a bucket each and stay exact.

References: Masson, Rim and Lee 2019, *DDSketch*; Epicoco et al. 2020, *UDDSketch* (uniform collapse); Tene's
HdrHistogram (buckets that are linear within a power of two).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

import msgspec
import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.sketches.packing import pack, unpack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 1536
"""Buckets in use, at most; below level 40, where a bucket takes more room to write down, a third as many."""
_FINE = 40
_LEVELS = 54  # 1024 buckets for all floats there are
_LOWEST = np.iinfo(np.int64).min
_MAGNITUDE = np.iinfo(np.int64).max
_DENSE = 1 << 19
_SAMPLE = 1 << 14


class Buckets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts of finite numbers by bucket.

    Attributes
    ----------
    level : a bucket holds 2^level neighbouring floats.
    cells : packed: the first bucket's number, its count, then for each other its distance from the last and its count.

    Examples
    --------
    >>> small = Buckets.of(np.array([1.0, 1.0, 2.5]))
    >>> small.level, small.values().tolist(), small.counts().tolist()
    (0, [1.0, 2.5], [2, 1])
    >>> small.merge(Buckets.of(np.array([1.0]))).counts().tolist()
    [3, 1]
    """

    level: int = 0
    cells: str = ""

    @classmethod
    def of(cls, values: Floats) -> Buckets:
        """Finite *values* counted, (n,)."""
        ends = (float(values.min()), float(values.max())) if len(values) else (None, None)
        tally = Tally(level_of(values), *ends)
        tally.add(keys(values))
        return tally.buckets()

    @classmethod
    def of_counted(cls, values: Floats, counts: Ints) -> Buckets:
        """Different finite values, each with how often it occurs.

        >>> Buckets.of_counted(np.array([2.5, 1.0]), np.array([1, 2])) == Buckets.of(np.array([1.0, 1.0, 2.5]))
        True
        """
        return cls.of_found(*_added(keys(values), counts.astype(np.int64)), 0)

    @classmethod
    def of_found(cls, found: Ints, times: Ints, level: int) -> Buckets:
        """Rising bucket numbers of *level* with their counts, made as coarse as they need to be.

        >>> Buckets.of_found(keys(np.array([1.0])), np.array([2]), 0).counts().tolist()
        [2]
        """
        coarse = _level(found, level)
        if coarse > level:
            found, times = _added(found >> (coarse - level), times)
        steps = np.diff(found, prepend=0) if len(found) else found
        return cls(level=coarse if len(found) else 0, cells=pack(np.stack((steps, times), axis=1).ravel()))

    @classmethod
    def merged(cls, parts: Sequence[Buckets]) -> Buckets:
        """The buckets of all parts, one at least.

        >>> Buckets.merged([Buckets.of(np.array([1.0])), Buckets.of(np.array([1.0, 2.0]))]).counts().tolist()
        [2, 1]
        """
        level = max(part.level for part in parts)
        found, times = zip(*(part.at(level) for part in parts), strict=True)
        return cls.of_found(*_added(np.concatenate(found), np.concatenate(times)), level)

    def merge(self, other: Buckets) -> Buckets:
        """The buckets of both."""
        return Buckets.merged((self, other))

    def at(self, level: int) -> tuple[Ints, Ints]:
        """Bucket numbers and counts at *level*, its own or a coarser one."""
        if level < self.level:
            raise InputError("buckets do not become finer", found=level, expected=f"{self.level} or more")
        pairs = unpack(self.cells).reshape(-1, 2)
        found, times = np.cumsum(pairs[:, 0]), pairs[:, 1]
        return (found, times) if level == self.level else _added(found >> (level - self.level), times)

    def counts(self) -> Ints:
        """The counts of the buckets in use, in order."""
        return self.at(self.level)[1]

    def values(self) -> Floats:
        """The lower edges of the buckets in use; at level 0 the values themselves."""
        return edges(self.at(self.level)[0], self.level)

    @property
    def below_zero(self) -> int:
        """How many numbers are negative: no bucket holds both signs."""
        found, times = self.at(self.level)
        return int(times[found < 0].sum())

    @property
    def exact(self) -> bool:
        """Whether every different value has a bucket of its own."""
        return self.level == 0

    def quantiles(self, shares: tuple[float, ...], least: float, most: float) -> tuple[float, ...]:
        """The values at ranks ``floor(share · (n − 1))``; within a bucket as if its rows were spread evenly.

        Parameters
        ----------
        least, most : the smallest and largest value, which no quantile passes.

        Examples
        --------
        >>> Buckets.of(np.arange(101.0)).quantiles((0.0, 0.25, 1.0), 0.0, 100.0)
        (0.0, 25.0, 100.0)
        """
        found, times = self.at(self.level)
        low, high = edges(found, self.level).tolist(), edges(found + 1, self.level).tolist()
        before = [0, *accumulate(times.tolist())]
        answers = []
        for share in shares:
            rank = int(share * (before[-1] - 1))
            place = bisect_right(before, rank) - 1
            within = (rank - before[place] + 0.5) / (before[place + 1] - before[place])
            value = low[place] if self.exact else low[place] * (1 - within) + high[place] * within
            ends = {0: least, before[-1] - 1: most}
            answers.append(min(max(ends.get(rank, value), least), most) + 0.0)
        return tuple(answers)


class Tally:
    """Counts being taken of finite values between *low* and *high* (None: of none), at a *level* `level_of` allows.

    >>> tally = Tally(0, 1.0, 2.5)
    >>> tally.add(keys(np.array([1.0])))
    >>> tally.add(keys(np.array([2.5, 1.0])))
    >>> tally.buckets().counts().tolist()
    [2, 1]
    """

    def __init__(self, level: int, low: float | None, high: float | None) -> None:
        self._level = level
        ends: list[int] = [0, -1] if low is None or high is None else keys(np.array([low, high]), level).tolist()
        self._first, last = ends
        self._dense = np.zeros(last - self._first + 1, np.int64) if last - self._first < _DENSE else None
        self._sparse: list[tuple[Ints, Ints]] = []

    def add(self, ranks: Ints) -> None:
        """Count values that are given as their `keys`, (n,), which are written over."""
        cells = np.right_shift(ranks, self._level, out=ranks)
        if self._dense is None:
            self._sparse.append(np.unique(cells, return_counts=True))
        else:
            np.add.at(self._dense, np.subtract(cells, self._first, out=cells), 1)

    def buckets(self) -> Buckets:
        """What was counted."""
        if self._dense is None:
            found, times = (np.concatenate(parts) for parts in zip(*self._sparse, strict=True))
            return Buckets.of_found(*_added(found, times), self._level)
        used = np.flatnonzero(self._dense)
        return Buckets.of_found(used + self._first, self._dense[used], self._level)


def keys(values: Floats, level: int = 0, out: Ints | None = None, room: Ints | None = None) -> Ints:
    """The bucket of each value: its bits as an integer that rises with it, less the lowest *level* bits.

    Parameters
    ----------
    out, room : arrays of as many, for the result and for what is thrown away; they spare the allocator's work.

    Examples
    --------
    >>> keys(np.array([-1.0, -0.0, 0.0, 1.0]), 52).tolist()
    [-1023, 0, 0, 1023]
    """
    bits = np.ascontiguousarray(values).view(np.int64)
    sign = np.right_shift(bits, 63, out=room)
    found: Ints = np.bitwise_and(bits, _MAGNITUDE, out=out)
    np.bitwise_xor(found, sign, out=found)
    np.subtract(found, sign, out=found)  # minus the magnitude where the sign is set
    return np.right_shift(found, level, out=found) if level else found


def edges(found: Ints, level: int) -> Floats:
    """The smallest value of each bucket; beyond the largest float, infinity.

    >>> edges(np.array([-1023, 0, 1023]), 52).tolist()
    [-1.0, 0.0, 1.0]
    """
    last = int(np.float64(np.inf).view(np.int64))
    most = last >> level
    whole = np.where(np.abs(found) > most, np.sign(found) * last, np.clip(found, -most, most) << level)
    values: Floats = np.where(whole < 0, _LOWEST - whole, whole).view(np.float64)
    return values


def _level(found: Ints, level: int) -> int:
    """The lowest level, *level* or more, at which ordered bucket numbers are few enough."""

    def few(coarser: int) -> bool:
        shifted = found >> (coarser - level)
        return int(np.count_nonzero(np.diff(shifted))) < (MOST if coarser >= _FINE else MOST // 3)

    return bisect_left(range(_LEVELS), True, lo=level, key=few)


def level_of(values: Floats) -> int:
    """A level not above that of all values, read off some of them; above 0 only where many are different.

    >>> level_of(np.arange(100.0))
    0
    """
    return _level(np.sort(keys(values[:: max(1, len(values) // _SAMPLE)])), 0)


def _added(found: Ints, times: Ints) -> tuple[Ints, Ints]:
    """Numbers made one where they are equal, rising, with the sums of their counts."""
    order = np.argsort(found, kind="stable")
    found, times = found[order], times[order]
    starts = np.flatnonzero(np.diff(found, prepend=found[0] - 1 if len(found) else 0))
    return found[starts], np.add.reduceat(times, starts) if len(starts) else times
