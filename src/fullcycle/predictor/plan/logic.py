"""Operations on truth and absence. Truth is 1.0, falsehood 0.0, the unknown NaN; any other number counts as true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.operation import Binary, Operation, Unary, register
from fullcycle.predictor.plan.values import NAN, Column, Numbers, RowStep, Slots, Sort

Relation = Literal["lt", "le", "gt", "ge", "eq", "ne"]


@register
class Missing(Unary, frozen=True, kw_only=True, tag="missing"):
    """1.0 where a number or string is missing, else 0.0.

    >>> step = Missing(output="b", input="a").row({"a": 0})
    >>> step([None]), step([float("nan")]), step([""])
    (1.0, 1.0, 0.0)
    """

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        return _absent(slots, self.input).astype(np.float64)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i = places[self.input]
        return lambda s: 1.0 if s[i] is None or s[i] != s[i] else 0.0


@register
class Impute(Unary, frozen=True, kw_only=True, tag="impute"):
    """The input, or *value* where it is missing: a number for numbers, a string for strings.

    >>> Impute(output="b", input="a", value=7.0).row({"a": 0})([float("nan")])
    7.0
    """

    value: float | str

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        return self.expect(sorts, "string" if isinstance(self.value, str) else "number")

    def columns(self, slots: Slots) -> Column:
        if isinstance(self.value, str):
            return slots.strings(self.input).fill_null(self.value)
        x = slots.numbers(self.input)
        return np.where(np.isnan(x), self.value, x)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, value = places[self.input], self.value
        if isinstance(value, str):
            return lambda s: value if s[i] is None else s[i]
        return lambda s: s[i] if s[i] == s[i] else value


@register
class Compare(Binary, frozen=True, kw_only=True, tag="compare"):
    """Whether ``left relation right``; unknown if one is missing. Strings know only ``eq`` and ``ne``.

    >>> Compare(output="c", relation="lt", left="a", right="b").row({"a": 0, "b": 1})([1.0, 2.0])
    1.0
    """

    relation: Relation

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        if self.relation not in _ROWS:
            raise InputError(
                "unknown relation", place=self.place, found=self.relation, expected="lt, le, gt, ge, eq or ne"
            )
        self.expect(sorts, sorts[0])
        if sorts[0] == "string" and self.relation not in ("eq", "ne"):
            raise InputError("strings have no order", place=self.place, found=self.relation, expected="eq or ne")
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        left, right = slots[self.left], slots[self.right]
        unknown = _absent(slots, self.left) | _absent(slots, self.right)
        if isinstance(left, pl.Series):
            same = (left == slots.strings(self.right)).fill_null(False).to_numpy()
            holds = same if self.relation == "eq" else ~same
        else:
            holds = _COLUMNS[self.relation](left, right)
        return np.where(unknown, NAN, holds.astype(np.float64))

    def row(self, places: Mapping[str, int]) -> RowStep:
        return _ROWS[self.relation](places[self.left], places[self.right])


_COLUMNS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


def _equal(i: int, j: int, holds: float, fails: float) -> RowStep:
    def equal(s: list[Any]) -> float:
        a, b = s[i], s[j]
        if a is None or b is None or a != a or b != b:
            return NAN
        return holds if a == b else fails

    return equal


# Where neither a relation nor its opposite holds, a number is missing.
_ROWS: dict[str, Callable[[int, int], RowStep]] = {
    "lt": lambda i, j: lambda s: 1.0 if s[i] < s[j] else 0.0 if s[i] >= s[j] else NAN,
    "le": lambda i, j: lambda s: 1.0 if s[i] <= s[j] else 0.0 if s[i] > s[j] else NAN,
    "gt": lambda i, j: lambda s: 1.0 if s[i] > s[j] else 0.0 if s[i] <= s[j] else NAN,
    "ge": lambda i, j: lambda s: 1.0 if s[i] >= s[j] else 0.0 if s[i] < s[j] else NAN,
    "eq": lambda i, j: _equal(i, j, 1.0, 0.0),
    "ne": lambda i, j: _equal(i, j, 0.0, 1.0),
}


@register
class Both(Binary, frozen=True, kw_only=True, tag="both"):
    """Kleene's *and*: false if one is false, else unknown if one is unknown.

    >>> step = Both(output="c", left="a", right="b").row({"a": 0, "b": 1})
    >>> step([0.0, float("nan")]), step([1.0, float("nan")])
    (0.0, nan)
    """

    def columns(self, slots: Slots) -> Numbers:
        a, b = slots.numbers(self.left), slots.numbers(self.right)
        return np.where((a == 0) | (b == 0), 0.0, np.where(np.isnan(a) | np.isnan(b), NAN, 1.0))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]
        return lambda s: 0.0 if s[i] == 0 or s[j] == 0 else 1.0 if s[i] == s[i] and s[j] == s[j] else NAN


@register
class Either(Binary, frozen=True, kw_only=True, tag="either"):
    """Kleene's *or*: true if one is true, else unknown if one is unknown.

    >>> step = Either(output="c", left="a", right="b").row({"a": 0, "b": 1})
    >>> step([1.0, float("nan")]), step([0.0, float("nan")])
    (1.0, nan)
    """

    def columns(self, slots: Slots) -> Numbers:
        a, b = slots.numbers(self.left), slots.numbers(self.right)
        unknown = np.isnan(a) | np.isnan(b)
        true = ((a != 0) & ~np.isnan(a)) | ((b != 0) & ~np.isnan(b))
        return np.where(true, 1.0, np.where(unknown, NAN, 0.0))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j = places[self.left], places[self.right]

        def either(s: list[float]) -> float:
            a, b = s[i], s[j]
            if (a and a == a) or (b and b == b):
                return 1.0
            return 0.0 if a == a and b == b else NAN

        return either


@register
class Invert(Unary, frozen=True, kw_only=True, tag="invert"):
    """Kleene's *not*: unknown stays unknown.

    >>> Invert(output="b", input="a").row({"a": 0})([0.0])
    1.0
    """

    def columns(self, slots: Slots) -> Numbers:
        x = slots.numbers(self.input)
        return np.where(np.isnan(x), NAN, (x == 0).astype(np.float64))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i = places[self.input]
        return lambda s: 1.0 if s[i] == 0 else 0.0 if s[i] == s[i] else NAN


@register
class Choose(Operation, frozen=True, kw_only=True, tag="choose"):
    """*then* where the condition is true, *otherwise* where it is false, missing where it is unknown.

    >>> Choose(output="d", condition="a", then="b", otherwise="c").row({"a": 0, "b": 1, "c": 2})([1.0, 5.0, 6.0])
    5.0
    """

    condition: str
    then: str
    otherwise: str

    def reads(self) -> tuple[str, ...]:
        return (self.condition, self.then, self.otherwise)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        if sorts[0] != "number" or sorts[1] != sorts[2]:
            raise InputError(
                "choose needs a truth value and two slots of one sort",
                place=self.place,
                found=", ".join(sorts),
                expected="number and twice the same",
            )
        return sorts[1]

    def columns(self, slots: Slots) -> Column:
        condition, then = slots.numbers(self.condition), slots[self.then]
        unknown = np.isnan(condition)
        if isinstance(then, pl.Series):
            chosen = then.zip_with(pl.Series(condition != 0), slots.strings(self.otherwise))
            return chosen.zip_with(pl.Series(~unknown), pl.repeat(None, slots.height, dtype=pl.String, eager=True))
        return np.where(unknown, NAN, np.where(condition != 0, slots.numbers(self.then), slots.numbers(self.otherwise)))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j, k = places[self.condition], places[self.then], places[self.otherwise]

        def choose(s: list[Any]) -> Any:
            condition = s[i]
            if condition == condition:
                return s[j] if condition else s[k]
            return NAN if isinstance(s[j], float) else None

        return choose


def _absent(slots: Slots, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    column = slots[name]
    return column.is_null().to_numpy() if isinstance(column, pl.Series) else np.isnan(slots.numbers(name))
