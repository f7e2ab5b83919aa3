"""What a column must look like, and what is said where it does not.

The rules that change a value (``normalise``, ``aliases``, ``outside``) stand here, not in cleaning, so that a request and a
table are treated alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.contract import pattern as patterns
from fullcycle.predictor.contract.spelling import Plain, speller
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
    pattern : what a whole category or text must match, in the language of :mod:`fullcycle.predictor.contract.pattern`.
    normalise : how a category or text is made plain before it is compared.
    aliases : other spellings of a category or text, each with the one that stays.
    outside : what becomes of a value outside bounds, categories or pattern: its row is turned away, or, where null is
        allowed, the value becomes missing.

    Examples
    --------
    >>> ColumnRule(name="distance", kind="float", low=0.0).expected
    'a number, at least 0'
    >>> ColumnRule(name="tail", kind="category", pattern="N[0-9]{1,5}", normalise=("strip",)).expected
    'a string that matches N[0-9]{1,5}'
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = True
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] | None = None
    pattern: str = ""
    normalise: tuple[Plain, ...] = ()
    aliases: Mapping[str, str] = {}
    outside: Literal["turn away", "missing"] = "turn away"

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
        if self.pattern or self.normalise or self.aliases:
            self._check_spelling(place)

    def _check_spelling(self, place: str) -> None:
        """What stays must be among the categories, match the pattern, and be its own plain form's spelling."""
        if SORTS[self.kind] != "string":
            raise InputError(
                "only categories and texts have patterns and spellings", place=place, found=f"a {self.kind}"
            )
        spell = speller(self.normalise, self.aliases, self.categories, place=place)
        if self.pattern and not self.texts:
            raise InputError(
                "no text matches the pattern once it is made plain",
                place=place,
                found=self.pattern,
                mend="write the pattern for plain texts, in lower case say, or normalise less",
            )
        match = patterns.matcher(self.pattern).fullmatch if self.pattern else None
        for word in (*(self.categories or ()), *self.aliases.values()):
            if spell is not None and spell(word) != word:
                raise InputError(
                    "an alias leads on to another", place=place, found=f"{word!r}", mend="name the spelling that stays"
                )
            if self.categories is not None and word not in self.categories:
                raise InputError(
                    "an alias stands for no category", place=place, found=f"{word!r}", mend="add it to categories"
                )
            if match is not None and match(word) is None:
                raise InputError(
                    "a spelling that stays does not match the pattern",
                    place=place,
                    found=f"{word!r}",
                    expected=self.pattern,
                )

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts that match the pattern and stay as they are."""
        node = patterns.parse(self.pattern, place=f"column {self.name!r}")
        spell = speller(self.normalise, self.aliases, self.categories) or str
        match = patterns.matcher(self.pattern).fullmatch
        found = dict.fromkeys(patterns.example(node, number) for number in range(32))
        return tuple(text for text in found if spell(text) == text and match(text) and len(text) <= patterns.LONGEST)[
            :4
        ]

    @property
    def lenient(self) -> bool:
        """Whether a value outside becomes missing."""
        return self.outside == "missing" and self.nullable

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
        parts[0] += f" that matches {self.pattern}" if self.pattern else ""
        parts += [f"at least {self.low:g}"] if self.low is not None else []
        parts += [f"at most {self.high:g}"] if self.high is not None else []
        return ", ".join(parts)

    def failure(self, found: str) -> Failure:
        """A failure of this column."""
        return Failure(self.name, found, self.expected)
