"""Sums: of numbers and of their squares, exact, so that no order of rows and no cutting of them changes a digit.

A float is an integer times a power of two. Numbers are cut into integers of 19 bits, whose products add up in floats
without rounding for 2^14 rows, and from there in Python's integers. Mean and standard deviation are divided out at
the end and rounded once: no cancellation, however large the mean beside the spread.

References: Rump, Ogita and Oishi 2008, *Accurate floating-point summation* (cutting by adding and taking away a large
number); Demmel and Nguyen 2015, *Parallel reproducible summation*.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Terms: TypeAlias = dict[int, int]

BLOCK = 1 << 14
"""Rows at a time, at most: 2^14 products of 2 × 19 bits stay below 2^53."""
_BITS = 19
_PIECES = 6
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
    def of(cls, values: Floats) -> Sums:
        """The sums of finite *values*, (n,)."""
        total: Terms = defaultdict(int)
        squares: Terms = defaultdict(int)
        room = np.empty((_PIECES + 1, min(BLOCK, len(values))))
        for start in range(0, len(values), BLOCK):
            _add_block(values[start : start + BLOCK], room, total, squares)
        return cls(n=len(values), total=_text(_together(total)), squares=_text(_together(squares)))

    @classmethod
    def of_counted(cls, values: Floats, counts: Ints) -> Sums:
        """The sums of a few different values, each with how often it occurs.

        >>> Sums.of_counted(np.array([0.5]), np.array([2])) == Sums.of(np.array([0.5, 0.5]))
        True
        """
        total, squares = Fraction(0), Fraction(0)
        for value, times in zip(values.tolist(), counts.tolist(), strict=True):
            exact = Fraction(value)
            total, squares = total + exact * times, squares + exact * exact * times
        return cls(n=int(counts.sum()), total=_text(total), squares=_text(squares))

    def merge(self, other: Sums) -> Sums:
        """The sums of both."""
        return Sums(
            n=self.n + other.n,
            total=_text(_exact(self.total) + _exact(other.total)),
            squares=_text(_exact(self.squares) + _exact(other.squares)),
        )

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


def _add_block(values: Floats, room: Floats, total: Terms, squares: Terms) -> None:
    """Add the sum and the sum of squares of a block to the terms, which hold a whole number for each power of two."""
    for part, power in _moderate(values, room):
        units, pieces = _pieces(part, room)
        for place, unit in enumerate(units):
            total[unit + power] += int(math.ldexp(float(pieces[place].sum()), -unit))
            for other, also in enumerate(units[: place + 1]):
                product = int(math.ldexp(float(np.dot(pieces[place], pieces[other])), -unit - also))
                squares[unit + also + 2 * power] += product if other == place else 2 * product


def _moderate(values: Floats, room: Floats) -> Iterator[tuple[Floats, int]]:
    """*values* in parts whose squares neither overflow nor vanish, each scaled by a power of two (to be undone)."""
    size = np.abs(values, out=room[0, : len(values)])
    if size.max(initial=0.0) < _LARGE and (
        size.min(initial=1.0) >= _SMALL or size[size > 0].min(initial=1.0) >= _SMALL
    ):
        yield values, 0
        return
    large, small = size >= _LARGE, size < _SMALL
    yield values[~large & ~small], 0
    yield np.ldexp(values[large], -600), 600
    yield np.ldexp(values[small], 600), -600


def _pieces(values: Floats, room: Floats) -> tuple[list[int], Floats]:
    """*values* as a sum of pieces, (pieces, n): integers of 19 bits times two to the power of each piece's unit."""
    units: list[int] = []
    unit = math.frexp(max(float(values.max(initial=0.0)), -float(values.min(initial=0.0))))[1] - _BITS
    rest, pieces = room[0, : len(values)], room[1:, : len(values)]
    np.copyto(rest, values)
    while np.dot(rest, rest) > 0:
        if len(units) == len(pieces):
            pieces = np.concatenate((pieces, np.empty_like(pieces)))
        shifter, piece = math.ldexp(1.5, 52 + unit), pieces[len(units)]
        np.add(rest, shifter, out=piece)
        np.subtract(piece, shifter, out=piece)
        np.subtract(rest, piece, out=rest)
        units.append(unit)
        unit -= _BITS + 1  # what is left is at most half a unit
    return units, pieces[: len(units)]


def _together(terms: Terms) -> Fraction:
    return sum((_scaled(number, exponent) for exponent, number in terms.items()), Fraction(0))


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
