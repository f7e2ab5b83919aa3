"""Numbers: what is kept of a column's numbers, or of the lengths of its texts. Any cutting of the rows gives the same."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.sketches.buckets import MOST, Buckets, Tally, keys, level_of
from fullcycle.measure.sketches.distinct import REGISTERS, Registers, fill, hash_numbers
from fullcycle.measure.sketches.sums import Sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 15 << 10  # below 128 KiB, above which the allocator asks the system anew each time
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
        finite, below, above = _finite(values, None)
        return cls._of(finite, below, above, Buckets.of(finite))

    @classmethod
    def _of(cls, finite: Floats, below: int, above: int, buckets: Buckets) -> Numbers:
        low, high = _ends(finite)
        whole = sum(_whole(finite[start : start + _BLOCK]) for start in range(0, len(finite), _BLOCK))
        return cls(
            below=below,
            above=above,
            zeros=len(finite) - int(np.count_nonzero(finite)) if whole else 0,
            negatives=buckets.below_zero,
            whole=whole,
            minimum=low,
            maximum=high,
            sums=Sums.of(finite),
            buckets=buckets,
        )

    @classmethod
    def of_counted(cls, values: Floats, counts: Ints) -> Numbers:
        """Of different numbers, each with how often it occurs: the same as of all of them, sooner."""
        every = counts
        finite, below, above = _finite(values, counts)
        counts = every if len(finite) == len(values) else every[np.isfinite(values)]
        low, high = _ends(finite)
        return cls(
            below=below,
            above=above,
            zeros=int(counts[finite == 0].sum()),
            negatives=int(counts[finite < 0].sum()),
            whole=int(counts[finite == np.rint(finite)].sum()),
            minimum=low,
            maximum=high,
            sums=Sums.of_counted(finite, counts),
            buckets=Buckets.of_counted(finite, counts),
        )

    def merge(self, other: Numbers) -> Numbers:
        """Those of both.

        >>> one = Numbers.of(np.array([1.0]))
        >>> one.merge(one) == Numbers.of(np.array([1.0, 1.0]))
        True
        """
        return Numbers(
            below=self.below + other.below,
            above=self.above + other.above,
            zeros=self.zeros + other.zeros,
            negatives=self.negatives + other.negatives,
            whole=self.whole + other.whole,
            minimum=min((end for end in (self.minimum, other.minimum) if end is not None), default=None),
            maximum=max((end for end in (self.maximum, other.maximum) if end is not None), default=None),
            sums=self.sums.merge(other.sums),
            buckets=self.buckets.merge(other.buckets),
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
    finite, below, above = _finite(values, None)
    buckets, filled = _scanned(finite, level)
    fill(filled, hash_numbers(keys(_infinite(below, above))))
    found = Numbers._of(finite, below, above, buckets)
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


def _scanned(finite: Floats, level: int) -> tuple[Buckets, Registers]:
    """Buckets and registers, filled block by block while the numbers' keys are in the processor's cache."""
    tally = Tally(level, float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf)))
    found = np.zeros(REGISTERS, np.uint8)
    for start in range(0, len(finite), _BLOCK):
        ranks = keys(finite[start : start + _BLOCK])
        fill(found, hash_numbers(ranks))
        tally.add(ranks)
    return tally.buckets(), found


def _infinite(below: int, above: int) -> Floats:
    return np.array([end for end, times in ((-np.inf, below), (np.inf, above)) if times], dtype=np.float64)


def _whole(values: Floats) -> int:
    return int(np.count_nonzero(values == np.rint(values)))


def _finite(values: Floats, counts: Ints | None) -> tuple[Floats, int, int]:
    """The finite ones, and how many there are at each infinite end."""
    if np.isfinite(values.min(initial=0.0)) and np.isfinite(values.max(initial=0.0)):
        return values, 0, 0
    finite = np.isfinite(values)
    times = np.ones(len(values), np.int64) if counts is None else counts
    return values[finite], int(times[values == -np.inf].sum()), int(times[values == np.inf].sum())


def _ends(finite: Floats) -> tuple[float | None, float | None]:
    return (float(finite.min()) + 0.0, float(finite.max()) + 0.0) if len(finite) else (None, None)
