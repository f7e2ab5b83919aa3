"""Numbers: what is kept of a column's numbers, or of the lengths of its texts. Any cutting of the rows gives the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.sketches.buckets import MOST, Buckets, Tally, keys, level_of
from fullcycle.measure.sketches.distinct import (
    REGISTERS,
    Registers,
    fill,
    hash_numbers,
    likely_least,
    registers,
)
from fullcycle.measure.sketches.sums import Sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 1 << 15  # rows whose keys and hashes stay in the processor's cache; with fewer, threads wait for each other
_FEW = 16  # rows a value, from which on counting values first is sooner


class Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of a column that are there.

    Attributes
    ----------
    below, above : how many are minus and plus infinity; all else is of the finite ones.
    zeros, negatives, whole : how many are 0, below 0, without a fraction.
    minimum, maximum : None without a finite number.
    sums : exact sums.
    buckets : how often they occur where.

    Examples
    --------
    >>> found = Numbers.of_counted(np.array([1.0, 2.5, -1.0]), np.array([1, 1, 1]))
    >>> found.negatives, found.whole, found.maximum
    (1, 2, 2.5)
    """

    below: int = 0
    above: int = 0
    zeros: int = 0
    negatives: int = 0
    whole: int = 0
    minimum: float | None = None
    maximum: float | None = None
    sums: Sums = Sums()
    buckets: Buckets = Buckets()

    @classmethod
    def of(cls, values: Floats) -> Numbers:
        """Of numbers that are there, (n,)."""
        finite = _finite(values, None)
        return cls._of(finite, Buckets.of(finite.values))

    @classmethod
    def _of(cls, finite: _Finite, buckets: Buckets) -> Numbers:
        values, low, high = finite.values, finite.low, finite.high
        whole = _whole(values)
        return cls(
            below=finite.below,
            above=finite.above,
            zeros=len(values) - int(np.count_nonzero(values)) if whole else 0,
            negatives=buckets.below_zero,
            whole=whole,
            minimum=low,
            maximum=high,
            sums=Sums.of(values, max(abs(low or 0.0), abs(high or 0.0))),
            buckets=buckets,
        )

    @classmethod
    def of_counted(cls, values: Floats, counts: Ints) -> Numbers:
        """Of different numbers, each with how often it occurs: the same as of all of them, sooner."""
        finite = _finite(values, counts)
        held = finite.values
        counts = counts if len(held) == len(values) else counts[np.isfinite(values)]
        return cls(
            below=finite.below,
            above=finite.above,
            zeros=int(counts[held == 0].sum()),
            negatives=int(counts[held < 0].sum()),
            whole=int(counts[held == np.rint(held)].sum()),
            minimum=finite.low,
            maximum=finite.high,
            sums=Sums.of_counted(held, counts),
            buckets=Buckets.of_counted(held, counts),
        )

    @classmethod
    def merged(cls, parts: Sequence[Numbers]) -> Numbers:
        """Those of all parts.

        >>> one = Numbers.of(np.array([1.0]))
        >>> Numbers.merged([one, one]) == Numbers.of(np.array([1.0, 1.0]))
        True
        """
        return cls(
            below=sum(part.below for part in parts),
            above=sum(part.above for part in parts),
            zeros=sum(part.zeros for part in parts),
            negatives=sum(part.negatives for part in parts),
            whole=sum(part.whole for part in parts),
            minimum=min((part.minimum for part in parts if part.minimum is not None), default=None),
            maximum=max((part.maximum for part in parts if part.maximum is not None), default=None),
            sums=Sums.merged([part.sums for part in parts]),
            buckets=Buckets.merged([part.buckets for part in parts]),
        )

    @property
    def n(self) -> int:
        """How many there are, infinite ones among them."""
        return self.sums.n + self.below + self.above

    @property
    def distinct(self) -> int:
        """How many different ones there are, where the buckets are exact."""
        return len(self.buckets.counts()) + bool(self.below) + bool(self.above)

    def registers(self) -> Registers:
        """The registers of the different ones, where the buckets are exact."""
        return number_registers(np.append(self.buckets.values(), _infinite(self.below, self.above)))

    def quantiles(self, shares: tuple[float, ...]) -> tuple[float, ...]:
        """Quantiles of the finite ones; none without one."""
        if self.minimum is None or self.maximum is None:
            return ()
        return self.buckets.quantiles(shares, self.minimum, self.maximum)


def numbers_of(values: Floats) -> tuple[Numbers, Registers | None]:
    """What is kept of numbers that are there, and the registers that tell different ones where the buckets cannot.

    >>> numbers_of(np.array([1.0, 1.0, 2.0]))[0].distinct
    2
    """
    level = level_of(values)
    if level == 0 and len(table := pl.Series(values).value_counts(name=" ")) <= max(MOST, len(values) // _FEW):
        different, counts = table.to_series(0).to_numpy(), table.to_series(1).cast(pl.Int64).to_numpy()
        found = Numbers.of_counted(different + 0.0, counts)
        return found, None if found.buckets.exact else number_registers(different)
    finite = _finite(values, None)
    buckets, filled = _scanned(finite.values, Tally(level, finite.low, finite.high))
    fill(filled, hash_numbers(keys(_infinite(finite.below, finite.above))))
    found = Numbers._of(finite, buckets)
    return found, None if found.buckets.exact else filled


def number_registers(values: Floats) -> Registers:
    """The registers of numbers.

    >>> int(number_registers(np.array([1.0, 1.0])).astype(bool).sum())
    1
    """
    found = np.zeros(REGISTERS, np.uint8)
    for start in range(0, len(values), _BLOCK):
        fill(found, hash_numbers(keys(values[start : start + _BLOCK])))
    return found


def _scanned(finite: Floats, tally: Tally) -> tuple[Buckets, Registers]:
    """Buckets and registers, filled block by block while the numbers' keys are in the processor's cache.

    Of most columns a few hashes, the smallest, fill all registers to where no other can raise one.
    """
    least = likely_least(len(finite))
    size = min(_BLOCK, len(finite))
    ranks, hashes, room = np.empty(size, np.int64), np.empty(size, np.uint64), np.empty(size, np.uint64)
    small = []
    for start in range(0, len(finite), _BLOCK):
        block = finite[start : start + _BLOCK]
        n = len(block)
        found = keys(block, 0, ranks[:n], room[:n].view(np.int64))
        hashed = hash_numbers(found, hashes[:n], room[:n])
        small.append(hashed[np.flatnonzero(hashed < np.uint64(1 << (64 - least)))] if least else hashed.copy())
        tally.add(found)
    filled = registers(np.concatenate(small))
    if least and int(filled.min()) < least:  # many rows, but few different ones
        np.maximum(filled, number_registers(finite), out=filled)
    return tally.buckets(), filled


def _infinite(below: int, above: int) -> Floats:
    return np.array([end for end, times in ((-np.inf, below), (np.inf, above)) if times], dtype=np.float64)


def _whole(values: Floats) -> int:
    """How many are whole, block by block in the processor's cache."""
    room, found = np.empty(min(_BLOCK, len(values))), 0
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        found += int(np.count_nonzero(block == np.rint(block, out=room[: len(block)])))
    return found


class _Finite(NamedTuple):
    """The finite ones, their ends, and how many there are at each infinite end."""

    values: Floats
    below: int
    above: int
    low: float | None
    high: float | None


def _finite(values: Floats, counts: Ints | None) -> _Finite:
    if not len(values):
        return _Finite(values, 0, 0, None, None)
    low, high = float(values.min()), float(values.max())
    if math.isfinite(low) and math.isfinite(high):
        return _Finite(values, 0, 0, low + 0.0, high + 0.0)
    times = np.ones(len(values), np.int64) if counts is None else counts
    inside = _finite(values[np.isfinite(values)], None)
    return inside._replace(below=int(times[values == -np.inf].sum()), above=int(times[values == np.inf].sum()))
