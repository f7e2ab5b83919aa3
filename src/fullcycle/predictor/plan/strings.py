"""Operations that read or make strings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.operation import Binary, Constant, Unary, register
from fullcycle.predictor.plan.values import NAN, Numbers, RowStep, Slots, Sort


@register
class Text(Constant, frozen=True, kw_only=True, tag="text"):
    """A constant string; ``None`` is missing.

    >>> Text(output="jfk", value="JFK").row({})([])
    'JFK'
    """

    value: str | None

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        return "string"

    def columns(self, slots: Slots) -> pl.Series:
        return pl.repeat(self.value, slots.height, dtype=pl.String, eager=True)

    def row(self, places: Mapping[str, int]) -> RowStep:
        value = self.value
        return lambda s: value


@register
class Equals(Unary, frozen=True, kw_only=True, tag="equals"):
    """1.0 where the string is *value*, else 0.0; *missing* (``None``: NaN) where there is none. One-hot is several.

    >>> Equals(output="b", input="a", value="UA").row({"a": 0})(["UA"])
    1.0
    """

    value: str
    missing: float | None = 0.0

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        series = slots.strings(self.input)
        same = (series == self.value).fill_null(False).to_numpy().astype(np.float64)
        return np.where(series.is_null().to_numpy(), _or_nan(self.missing), same)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, value, missing = places[self.input], self.value, _or_nan(self.missing)
        return lambda s: 1.0 if s[i] == value else missing if s[i] is None else 0.0


@register
class Lookup(Unary, frozen=True, kw_only=True, tag="lookup"):
    """The number that *table* has for the string: *default* for an unknown one, *missing* for none (``None``: NaN).

    >>> step = Lookup(output="b", input="a", table={"UA": 3.0}, default=-1.0).row({"a": 0})
    >>> step(["UA"]), step(["ZZ"]), step([None])
    (3.0, -1.0, nan)
    """

    table: dict[str, float]
    default: float | None = None
    missing: float | None = None

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "number"

    def columns(self, slots: Slots) -> Numbers:
        table, default = self.table, _or_nan(self.default)
        return by_word(slots.strings(self.input), lambda word: table.get(word, default), _or_nan(self.missing))

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, get, default, missing = places[self.input], self.table.get, _or_nan(self.default), _or_nan(self.missing)
        return lambda s: missing if s[i] is None else get(s[i], default)


@register
class Hash(Unary, frozen=True, kw_only=True, tag="hash"):
    """BLAKE2b of the string in UTF-8, eight bytes read as a little-endian number, modulo *buckets*.

    References
    ----------
    RFC 7693, https://www.rfc-editor.org/rfc/rfc7693

    Examples
    --------
    >>> Hash(output="b", input="a", buckets=1000).row({"a": 0})(["UA"])
    803.0
    """

    buckets: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.buckets < 1:
            raise InputError("there must be a bucket", place=self.place, found=self.buckets, expected="1 or more")

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        self.expect(sorts, "string")
        return "number"

    def _bucket(self) -> Callable[[str], float]:
        buckets = self.buckets

        def bucket(word: str) -> float:
            digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            return float(int.from_bytes(digest, "little") % buckets)

        return bucket

    def columns(self, slots: Slots) -> Numbers:
        return by_word(slots.strings(self.input), self._bucket(), NAN)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, bucket = places[self.input], self._bucket()
        return lambda s: NAN if s[i] is None else bucket(s[i])


@register
class Join(Binary, frozen=True, kw_only=True, tag="join"):
    """Left, separator, right as one string; missing if one is missing.

    >>> Join(output="route", left="a", right="b", separator="-").row({"a": 0, "b": 1})(["EWR", "IAH"])
    'EWR-IAH'
    """

    separator: str = ""

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        return self.expect(sorts, "string")

    def columns(self, slots: Slots) -> pl.Series:
        return slots.strings(self.left) + self.separator + slots.strings(self.right)

    def row(self, places: Mapping[str, int]) -> RowStep:
        i, j, separator = places[self.left], places[self.right], self.separator
        return lambda s: None if s[i] is None or s[j] is None else s[i] + separator + s[j]


def by_word(series: pl.Series, function: Callable[[str], float], missing: float) -> Numbers:
    """*function* of each string, called once a distinct one; *missing* where there is none.

    >>> by_word(pl.Series(["a", None, "bb"]), lambda word: float(len(word)), -1.0).tolist()
    [1.0, -1.0, 2.0]
    """
    words = series.drop_nulls().unique()
    if not len(words):
        return np.full(len(series), missing)
    numbers = pl.Series(map(function, words.to_list()), dtype=pl.Float64)
    found = series.replace_strict(words, numbers, default=None, return_dtype=pl.Float64)
    return np.where(series.is_null().to_numpy(), missing, found.to_numpy())


def _or_nan(value: float | None) -> float:
    return NAN if value is None else value
