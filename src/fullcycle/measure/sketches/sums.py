"""Sums: of numbers and of their squares, exact, so that no order of rows and no cutting of them changes a digit.

A float is an integer times a power of two. Numbers are cut into integers of 19 bits, whose products add up in floats
without rounding for 2^15 rows, and from there in Python's integers. Mean and standard deviation are divided out at
the end and rounded once: no cancellation, however large the mean beside the spread.

References: Rump, Ogita and Oishi 2008, *Accurate floating-point summation* (cutting by adding and taking away a large
number); Demmel and Nguyen 2015, *Parallel reproducible summation*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 30 << 10
"""Rows at a time, at most: 2^15 products of 2 × 19 bits stay within 2^53."""
_BITS = 19
_PIECES = 8
_FEW = 16  # one row in as many, at most, is left for another grid before a piece more is cut
_MANTISSA = 53
_LARGE, _SMALL = 2.0**300, 2.0**-300


class Sums(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exact sums of *n* finite numbers.

    ``total`` is the sum and ``squares`` the sum of squares: a hexadecimal integer, ``p``, and the power of two that it
    is multiplied by.

    Examples
    --------
    >>> halves = Sums.of(np.array([0.5, 1.0]))
    >>> halves
    Sums(n=2, total='3p-1', squares='5p-2')
    >>> halves.merge(Sums.of(np.array([0.0]))).mean
    0.5
    """

    n: int = 0
    total: str = "0p0"
    squares: str = "0p0"

    @classmethod
    def of(cls, values: Floats, largest: float | None = None) -> Sums:
        """The sums of finite *values*, (n,); *largest*, of their magnitudes, spares looking for it."""
        total, squares = Fraction(0), Fraction(0)
        rest, top = values, largest
        while len(rest):
            late = [rest[:0]]
            for part, power, most in _moderate(rest, top):
                grid = _Grid(part, most)
                late.append(np.ldexp(part[grid.late], power))
                total += _scaled(grid.total, grid.unit + power)
                squares += _scaled(grid.squares, 2 * (grid.unit + power))
            rest, top = np.concatenate(late), None
        return cls(n=len(values), total=_text(total), squares=_text(squares))

    @classmethod
    def of_counted(cls, values: Floats, counts: Ints) -> Sums:
        """The sums of a few different values, each with how often it occurs.

        >>> Sums.of_counted(np.array([0.5]), np.array([2])) == Sums.of(np.array([0.5, 0.5]))
        True
        """
        parts, powers = np.frexp(values)
        lowest = int(powers.min(initial=0))
        total = squares = 0
        wholes = np.ldexp(parts, _MANTISSA).astype(np.int64).tolist()
        for whole, shift, times in zip(wholes, (powers - lowest).tolist(), counts.tolist(), strict=True):
            whole <<= shift
            total, squares = total + whole * times, squares + whole * whole * times
        unit = lowest - _MANTISSA
        return cls(n=int(counts.sum()), total=_text(_scaled(total, unit)), squares=_text(_scaled(squares, 2 * unit)))

    @classmethod
    def merged(cls, parts: Sequence[Sums]) -> Sums:
        """The sums of all parts.

        >>> Sums.merged([Sums.of(np.array([0.5])), Sums.of(np.array([1.0]))]).total
        '3p-1'
        """
        return cls(
            n=sum(part.n for part in parts),
            total=_text(sum((_exact(part.total) for part in parts), Fraction(0))),
            squares=_text(sum((_exact(part.squares) for part in parts), Fraction(0))),
        )

    def merge(self, other: Sums) -> Sums:
        """The sums of both."""
        return Sums.merged((self, other))

    @property
    def mean(self) -> float | None:
        """The mean, rounded once; None without a row."""
        return _rounded(_exact(self.total) / self.n) if self.n else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of a sample (n − 1), None with fewer than two rows, or where it is no float."""
        if self.n < 2:
            return None
        spread = self.n * _exact(self.squares) - _exact(self.total) ** 2
        return _root(spread / (self.n * (self.n - 1)))


class _Grid:
    """Numbers cut into pieces on one grid of units, and their sums.

    Attributes
    ----------
    total, squares : whole numbers of *unit* and its square, as a power of two.
    late : rows that reach below the grid, and are not in the sums.
    """

    def __init__(self, values: Floats, largest: float) -> None:
        top = math.frexp(largest)[1]
        self.units = [top - _BITS - place * (_BITS + 1) for place in range(_PIECES)]  # what is left is half a unit
        self.unit = self.units[-1]
        self.size = min(BLOCK, len(values))
        self.rest, self.pieces = np.empty(self.size), [np.empty(self.size)]
        self.total = self.squares = 0
        late = [self._add(values[start : start + BLOCK]) + start for start in range(0, len(values), BLOCK)]
        self.late = np.concatenate(late) if late else np.empty(0, np.int64)

    def _add(self, values: Floats) -> Ints:
        """Add a block; which of its rows were left out."""
        late = self._cut(values)
        pieces = [piece[: len(values)] for piece in self.pieces]
        for place, unit in enumerate(self.units[: len(pieces)]):
            self.total += int(math.ldexp(pieces[place].sum(), -unit)) << unit - self.unit
        for one, other in combinations_with_replacement(range(len(pieces)), 2):
            power = self.units[one] + self.units[other]
            product = int(math.ldexp(np.dot(pieces[one], pieces[other]), -power)) << power - 2 * self.unit
            self.squares += product if one == other else 2 * product
        return late

    def _cut(self, values: Floats) -> Ints:
        """*values* as a sum of pieces: integers of 19 bits times their units, as many as most rows so far needed."""
        rest, left = self.rest[: len(values)], values
        for place, unit in enumerate(self.units):
            if place >= len(self.pieces):
                late = np.flatnonzero(rest != 0)
                if len(late) <= len(values) // _FEW:
                    break
                self.pieces.append(np.empty(self.size))
            shifter, piece = math.ldexp(1.5, 52 + unit), self.pieces[place][: len(values)]
            np.add(left, shifter, out=piece)
            np.subtract(piece, shifter, out=piece)
            left = np.subtract(left, piece, out=rest)
        else:
            late = np.flatnonzero(rest)
        if len(late):
            for piece in self.pieces:
                piece[late] = 0.0
        return late


def _moderate(values: Floats, largest: float | None = None) -> Iterator[tuple[Floats, int, float]]:
    """*values* in parts whose squares neither overflow nor vanish, each scaled by a power of two (to be undone).

    With each part come that power and the largest magnitude in it.
    """
    largest = _largest(values) if largest is None else largest
    if largest >= _LARGE:
        large = np.abs(values) >= _LARGE
        yield np.ldexp(values[large], -600), 600, math.ldexp(largest, -600)
        yield from _moderate(values[~large])
    elif largest >= _SMALL:
        yield values, 0, largest
    elif largest > 0:
        yield np.ldexp(values, 600), -600, math.ldexp(largest, 600)


def _largest(values: Floats) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _scaled(number: int, exponent: int) -> Fraction:
    return Fraction(number << exponent) if exponent >= 0 else Fraction(number, 1 << -exponent)


def _text(number: Fraction) -> str:
    if not number:
        return "0p0"
    twos = number.numerator & -number.numerator  # of an integer, the power of two that divides it
    power = twos.bit_length() - 1 - (number.denominator.bit_length() - 1)
    return f"{number.numerator // twos:x}p{power}"


def _exact(text: str) -> Fraction:
    digits, _, power = text.partition("p")
    return _scaled(int(digits, 16), int(power))


def _rounded(number: Fraction) -> float:
    """The nearest float; the largest stands for what is larger."""
    try:
        return number.numerator / number.denominator + 0.0  # of two integers: rounded once
    except OverflowError:
        return math.copysign(float(np.finfo(np.float64).max), number)


def _root(number: Fraction) -> float | None:
    """The square root through an integer one of at least 64 bits, so that large and small ones are right too."""
    if number <= 0:
        return 0.0
    shift = 128 - (number.numerator.bit_length() - number.denominator.bit_length())
    shift += shift % 2
    whole = int(_scaled(1, shift) * number)
    return _rounded(_scaled(math.isqrt(whole), -shift // 2))
