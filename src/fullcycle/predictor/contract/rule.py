"""What a column must look like, and what is said where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.plan.values import SORTS, Kind

LARGEST = 1.7976931348623157e308  # the largest float64
INT64 = (-(2**63), 2**63 - 1)


class Failure(msgspec.Struct, frozen=True):
    """One reason why a row is not accepted; facts, from which a sentence is made when it is shown.

    >>> Failure("distance", "-5", "a number, at least 0").column
    'distance'
    """

    column: str
    found: str
    expected: str


Parsed: TypeAlias = float | str | None
Parser: TypeAlias = Callable[[object], Parsed | Failure]
RowCheck: TypeAlias = Callable[[Mapping[str, object]], tuple[dict[str, Parsed], list[Failure]]]


class ColumnRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a column must look like.

    Attributes
    ----------
    required : the row must bring the key (or the table the column); if not, it may be left out and is then missing.
    nullable : what is brought may be null.
    low, high : inclusive bounds of a float or integer. An integer must fit in 64 bits.
    categories : the only strings that a category may be.

    Examples
    --------
    >>> ColumnRule(name="distance", kind="float", low=0.0).expected
    'a number, at least 0'
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = True
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        place = f"column {self.name!r}"
        if self.kind not in SORTS:
            raise UnknownKey(self.kind, SORTS, place=place, what="kind")
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        if bounds and self.kind not in ("float", "integer"):
            raise InputError("only numbers have bounds", place=place, found=f"a {self.kind}")
        if not all(math.isfinite(bound) for bound in bounds):
            raise InputError("a bound must be finite", place=place, mend="leave it out for none")
        low, high = self.bounds
        if low > high:
            raise InputError("no value lies between the bounds", place=place, found=f"{self.low} to {self.high}")
        if self.categories is not None and (self.kind != "category" or not self.categories):
            raise InputError("categories are for a category, and at least one", place=place, found=f"a {self.kind}")

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value: whole numbers of type int for an integer, else floats."""
        low, high = -LARGEST if self.low is None else self.low, LARGEST if self.high is None else self.high
        if self.kind != "integer":
            return low, high
        return max(math.ceil(low), INT64[0]), min(math.floor(high), INT64[1])

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        words = {"float": "a number", "integer": "a whole number", "boolean": "true or false", "text": "a string"}
        if self.kind == "time":
            return "a time such as 2026-03-01T09:30:00Z"
        if self.categories is not None:
            shown = ", ".join(map(repr, self.categories[:8])) + (", …" if len(self.categories) > 8 else "")
            return f"one of {shown}"
        parts = [words.get(self.kind, "a string")]
        parts += [f"at least {self.low:g}"] if self.low is not None else []
        parts += [f"at most {self.high:g}"] if self.high is not None else []
        return ", ".join(parts)

    def failure(self, found: str) -> Failure:
        """A failure of this column."""
        return Failure(self.name, found, self.expected)
