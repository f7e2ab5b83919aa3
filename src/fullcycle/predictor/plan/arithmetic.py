"""Operations from numbers to a number. Missing in, missing out.

The two executors agree to the bit: each formula is written with the same IEEE operations in the same order. Where
NumPy would be free to choose (which zero ``minimum`` gives, how ``log1p`` rounds in its vector loops), the columns use
the formula or the very function of the row.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping

import numpy as np

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.operation import Binary, Constant, Operation, Unary, register
from fullcycle.predictor.plan.values import NAN, Numbers, RowStep, Slots


@register
class Number(Constant, frozen=True, kw_only=True, tag="number"):
    """A constant; ``None`` is missing.

    >>> Number(output="two", value=2.0).row({})([])
    2.0
    """

    value: float | None

    def columns(self, slots: Slots) -> Numbers:
        return np.full(slots.height, NAN if self.value is None else self.value)

    def row(self, places: Mapping[str, int]) -> RowStep:
        value = NAN if self.value is None else self.value
        return lambda s: value


@register
class Add(Binary, frozen=True, kw_only=True, tag="add"):
    """``left + right``.

    >>> Add(output="c", left="a", right="b").row({"a": 0, "b": 1})([1.0, 2.0])
    3.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return slots.numbers(self.left) + slots.numbers(self.right)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[i] + s[j]


@register
class Subtract(Binary, frozen=True, kw_only=True, tag="subtract"):
    """``left - right``.

    >>> Subtract(output="c", left="a", right="b").row({"a": 0, "b": 1})([1.0, 2.0])
    -1.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return slots.numbers(self.left) - slots.numbers(self.right)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[i] - s[j]


@register
class Multiply(Binary, frozen=True, kw_only=True, tag="multiply"):
    """``left * right``.

    >>> Multiply(output="c", left="a", right="b").row({"a": 0, "b": 1})([3.0, 2.0])
    6.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return slots.numbers(self.left) * slots.numbers(self.right)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[i] * s[j]


@register
class Divide(Binary, frozen=True, kw_only=True, tag="divide"):
    """``left / right``; missing where *right* is zero.

    >>> step = Divide(output="c", left="a", right="b").row({"a": 0, "b": 1})
    >>> step([1.0, 4.0]), step([1.0, 0.0])
    (0.25, nan)
    """

    def columns(self, slots: Slots) -> Numbers:
        left, right = slots.numbers(self.left), slots.numbers(self.right)
        with np.errstate(all="ignore"):
            return np.where(right == 0, NAN, left / right)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[i] / s[j] if s[j] else NAN


@register
class Negate(Unary, frozen=True, kw_only=True, tag="negate"):
    """``-input``.

    >>> Negate(output="b", input="a").row({"a": 0})([2.0])
    -2.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return -slots.numbers(self.input)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i = places[self.input]
        return lambda s: -s[i]


@register
class Absolute(Unary, frozen=True, kw_only=True, tag="absolute"):
    """The number without its sign.

    >>> Absolute(output="b", input="a").row({"a": 0})([-2.0])
    2.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return np.abs(slots.numbers(self.input))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i = places[self.input]
        return lambda s: abs(s[i])


@register
class Minimum(Binary, frozen=True, kw_only=True, tag="minimum"):
    """The lesser of two, the left one if they are equal; missing if one is missing.

    >>> Minimum(output="c", left="a", right="b").row({"a": 0, "b": 1})([3.0, 2.0])
    2.0
    """

    def columns(self, slots: Slots) -> Numbers:
        left, right = slots.numbers(self.left), slots.numbers(self.right)
        return np.where(right < left, right, np.where(right == right, left, NAN))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[j] if s[j] < s[i] else s[i] if s[j] == s[j] else NAN


@register
class Maximum(Binary, frozen=True, kw_only=True, tag="maximum"):
    """The greater of two, the left one if they are equal; missing if one is missing.

    >>> Maximum(output="c", left="a", right="b").row({"a": 0, "b": 1})([3.0, 2.0])
    3.0
    """

    def columns(self, slots: Slots) -> Numbers:
        left, right = slots.numbers(self.left), slots.numbers(self.right)
        return np.where(right > left, right, np.where(right == right, left, NAN))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: s[j] if s[j] > s[i] else s[i] if s[j] == s[j] else NAN


@register
class Clip(Unary, frozen=True, kw_only=True, tag="clip"):
    """The number, no less than *low* and no more than *high*; a bound that is ``None`` does not bind.

    >>> Clip(output="b", input="a", low=0.0, high=1.0).row({"a": 0})([7.0])
    1.0
    """

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError("low lies above high", place=self.place, found=f"{self.low} > {self.high}")

    def _bounds(self) -> tuple[float, float]:
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high

    def columns(self, slots: Slots) -> Numbers:
        low, high = self._bounds()
        x = slots.numbers(self.input)
        return np.where(x < low, low, np.where(x > high, high, x))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, (low, high) = places[self.input], self._bounds()
        return lambda s: low if s[i] < low else high if s[i] > high else s[i]


@register
class Standardise(Unary, frozen=True, kw_only=True, tag="standardise"):
    """``(input - mean) / scale``.

    >>> Standardise(output="b", input="a", mean=1.0, scale=2.0).row({"a": 0})([7.0])
    3.0
    """

    mean: float
    scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale == 0:
            raise InputError("the scale is zero", place=self.place, mend="use 1.0 for a column that does not vary")

    def columns(self, slots: Slots) -> Numbers:
        return (slots.numbers(self.input) - self.mean) / self.scale

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, mean, scale = places[self.input], self.mean, self.scale
        return lambda s: (s[i] - mean) / scale


@register
class Bin(Unary, frozen=True, kw_only=True, tag="bin"):
    """How many of the rising *edges* are at or below the number: 0.0 to ``len(edges)``.

    >>> Bin(output="b", input="a", edges=(0.0, 10.0)).row({"a": 0})([10.0])
    2.0
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(b <= a for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise InputError("the edges do not rise", place=self.place, mend="sort them and leave out doubles")

    def columns(self, slots: Slots) -> Numbers:
        x = slots.numbers(self.input)
        found = np.searchsorted(np.array(self.edges, dtype=np.float64), x, side="right").astype(np.float64)
        return np.where(np.isnan(x), NAN, found)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, edges = places[self.input], list(self.edges)
        return lambda s: float(bisect_right(edges, s[i])) if s[i] == s[i] else NAN


def mapped(function: Callable[[float], float], x: Numbers) -> Numbers:
    """The row's own function on every row: one implementation, since NumPy's vector loops round otherwise.

    >>> mapped(math.sqrt, np.array([4.0, 9.0])).tolist()
    [2.0, 3.0]
    """
    return np.fromiter(map(function, x.tolist()), dtype=np.float64, count=len(x))


def _log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else NAN


@register
class Log1p(Unary, frozen=True, kw_only=True, tag="log1p"):
    """``log(1 + input)``; missing at and below -1.

    >>> Log1p(output="b", input="a").row({"a": 0})([0.0])
    0.0
    """

    def columns(self, slots: Slots) -> Numbers:
        return mapped(_log1p, slots.numbers(self.input))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i = places[self.input]
        return lambda s: _log1p(s[i])


@register
class Power(Unary, frozen=True, kw_only=True, tag="power"):
    """``input ** exponent``; missing where that is no finite real number.

    >>> step = Power(output="b", input="a", exponent=0.5).row({"a": 0})
    >>> step([9.0]), step([-9.0])
    (3.0, nan)
    """

    exponent: float

    def _power(self) -> Callable[[float], float]:
        exponent = self.exponent

        def power(x: float) -> float:
            try:
                result = math.pow(x, exponent) if x == x else NAN  # NaN ** 0 would be 1
            except (ValueError, OverflowError):
                return NAN
            return result if math.isfinite(result) else NAN

        return power

    def columns(self, slots: Slots) -> Numbers:
        return mapped(self._power(), slots.numbers(self.input))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, power = places[self.input], self._power()
        return lambda s: power(s[i])


@register
class Projection(Operation, frozen=True, kw_only=True, tag="projection"):
    """``offset + w1 * x1 + w2 * x2 + …``, summed in that order: one column of a matrix of weights.

    A projection to k dimensions is k of these. No BLAS and no ``sum()`` take part, since both may add in another way.

    >>> Projection(output="c", inputs=("a", "b"), weights=(1.0, 10.0)).row({"a": 0, "b": 1})([1.0, 2.0])
    21.0
    """

    inputs: tuple[str, ...]
    weights: tuple[float, ...]
    offset: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.inputs) != len(self.weights):
            raise InputError(
                "weights and inputs differ in number",
                place=self.place,
                found=len(self.weights),
                expected=f"{len(self.inputs)} weights",
            )

    def reads(self) -> tuple[str, ...]:
        return self.inputs

    def columns(self, slots: Slots) -> Numbers:
        total = np.full(slots.height, self.offset)
        for name, weight in zip(self.inputs, self.weights, strict=True):
            total = total + weight * slots.numbers(name)
        return total

    def row(self, places: Mapping[str, int]) -> RowStep:
        pairs = tuple((places[name], weight) for name, weight in zip(self.inputs, self.weights, strict=True))
        offset = self.offset

        def project(s: list[float]) -> float:
            total = offset
            for i, weight in pairs:
                total = total + weight * s[i]
            return total

        return project
