"""The contract: what a row must look like, compiled once to a check of tables, of single rows, and to JSON Schema.

All three accept and reject the same rows. Missing is null, and NaN in a table; infinity is an error. Times are ISO 8601
strings or datetimes; without an offset they are read in the contract's zone, one that comes twice as the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import polars as pl

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.golden import golden_row
from fullcycle.predictor.plan.frames import microseconds
from fullcycle.predictor.plan.values import NAN, SORTS, Kind
from fullcycle.predictor.plan.zones import DAY, EPOCH, time_zone, wall_to_utc, zone_offsets

LARGEST = 1.7976931348623157e308  # the largest float64
INT64 = (-(2**63), 2**63 - 1)
TIME_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)
_TIME = re.compile(TIME_PATTERN)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999, in microseconds
_WALL_YEARS = (1900, 2100)  # whose clock changes are tabled at once; times outside are read one by one
_TYPES: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}


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


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of all columns, and the zone in which times without an offset are read.

    Examples
    --------
    >>> contract = Contract((ColumnRule(name="distance", kind="float", low=0.0, nullable=False),))
    >>> check = contract.compile()
    >>> check({"distance": 100})
    ({'distance': 100.0}, [])
    >>> check({"distance": -5})[1][0].expected
    'a number, at least 0'
    """

    columns: tuple[ColumnRule, ...]
    zone: str = "UTC"

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise InputError("a column has two rules", place=f"column {name!r}", mend="keep one")
        time_zone(self.zone, place="the contract")

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column, as expressions and plans want it.

        >>> Contract((ColumnRule(name="a", kind="float"),)).kinds
        {'a': 'float'}
        """
        return {rule.name: rule.kind for rule in self.columns}

    def compile(self) -> RowCheck:
        """The check of one row: its values parsed for the plan, and what is wrong with it.

        A value that fails is left out of the values; keys that no rule names are ignored.
        """
        zone = ZoneInfo(self.zone)
        absent = object()
        rules = tuple((rule.name, _parser(rule, zone), _if_absent(rule)) for rule in self.columns)

        def check(row: Mapping[str, object]) -> tuple[dict[str, Parsed], list[Failure]]:
            values: dict[str, Parsed] = {}
            failures: list[Failure] = []
            get = row.get
            for name, parse, otherwise in rules:
                raw = get(name, absent)
                value = otherwise if raw is absent else parse(raw)
                if isinstance(value, Failure):
                    failures.append(value)
                else:
                    values[name] = value
            return values, failures

        return check

    def filter(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that keep the contract, and those that do not, each in the order of *frame*.

        Good rows have their times in UTC. A column that may be left out and is becomes one of nulls, as does one of a
        type that cannot be right, since only its nulls can be good. Bad rows stay as
        they were, with a column ``reasons``: a list of structs of column, found and expected.

        >>> contract = Contract((ColumnRule(name="distance", kind="float", low=0.0),))
        >>> good, bad = contract.filter(pl.DataFrame({"distance": [100.0, -5.0]}))
        >>> good["distance"].to_list(), bad["reasons"].to_list()
        ([100.0], [[{'column': 'distance', 'found': '-5.0', 'expected': 'a number, at least 0'}]])
        """
        fails, times = [], []
        for rule in self.columns:
            if rule.kind == "time" and _suits(rule, frame):
                time = _utc(rule, frame[rule.name], self.zone)
                times.append(time)
                fails.append(_time_fails(rule, frame[rule.name], time))
            else:
                fails.append(frame.select(_fails(rule, frame)).to_series())
        flags = pl.DataFrame([flag.alias(f"fails {place}") for place, flag in enumerate(fails)])
        if not self.columns:
            return frame, frame.clear().with_columns(reasons=pl.lit([], dtype=_REASONS))
        broken = flags.select(pl.any_horizontal(pl.all())).to_series()
        lacking = [rule for rule in self.columns if not _suits(rule, frame)]
        good = frame.with_columns(times).filter(~broken)
        good = good.with_columns(pl.lit(None, dtype=_TYPES[rule.kind]).alias(rule.name) for rule in lacking)
        bad = frame.filter(broken)
        return good, bad.with_columns(_reasons(self.columns, bad, flags.filter(broken)))

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of one row, as OpenAPI 3.1 embeds it.

        >>> Contract((ColumnRule(name="a", kind="text", nullable=False),)).json_schema()["properties"]
        {'a': {'type': 'string'}}
        """
        return {
            "type": "object",
            "properties": {rule.name: _schema(rule) for rule in self.columns},
            "required": [rule.name for rule in self.columns if rule.required],
        }

    def example(self) -> dict[str, Any]:
        """A row that keeps the contract, made from the rules; always the same.

        >>> Contract((ColumnRule(name="a", kind="integer", low=1.0, high=5.0),)).example()
        {'a': 3}
        """
        return golden_row(self.columns, 0)

    def golden_rows(self, n: int) -> list[dict[str, Any]]:
        """*n* different-looking rows that keep the contract: extremes, nulls, left-out keys; always the same.

        >>> len(Contract((ColumnRule(name="a", kind="float"),)).golden_rows(5))
        5
        """
        return [golden_row(self.columns, number) for number in range(n)]


def _if_absent(rule: ColumnRule) -> Parsed | Failure:
    if rule.required:
        return rule.failure("nothing")
    return _missing(rule)


def _missing(rule: ColumnRule) -> Parsed:
    return NAN if SORTS[rule.kind] == "number" else None


def _show(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**60:
        return "a huge number"
    text = str(value) if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 80 else text[:80] + "…"


# One row --------------------------------------------------------------------------------------------------------------


def _parser(rule: ColumnRule, zone: ZoneInfo) -> Parser:
    match rule.kind:
        case "float" | "integer":
            return _number_parser(rule)
        case "boolean":
            return _boolean_parser(rule)
        case "time":
            return _time_parser(rule, zone)
        case _:
            return _string_parser(rule)


def _null(rule: ColumnRule) -> Parsed | Failure:
    return _missing(rule) if rule.nullable else rule.failure("null")


def _number_parser(rule: ColumnRule) -> Parser:
    null, (low, high), whole = _null(rule), rule.bounds, rule.kind == "integer"

    def parse(raw: object) -> Parsed | Failure:
        if isinstance(raw, float):
            if low <= raw <= high and (not whole or raw.is_integer()):
                return float(raw)
            return null if raw != raw else rule.failure(_show(raw))
        if isinstance(raw, int) and low <= raw <= high and raw is not True and raw is not False:
            return float(raw)
        return null if raw is None else rule.failure(_show(raw))

    return parse


def _boolean_parser(rule: ColumnRule) -> Parser:
    null = _null(rule)

    def parse(raw: object) -> Parsed | Failure:
        if raw is True:
            return 1.0
        if raw is False:
            return 0.0
        return null if raw is None else rule.failure(_show(raw))

    return parse


def _string_parser(rule: ColumnRule) -> Parser:
    null, categories = _null(rule), None if rule.categories is None else frozenset(rule.categories)

    def parse(raw: object) -> Parsed | Failure:
        if isinstance(raw, str) and (categories is None or raw in categories):
            return raw
        return null if raw is None else rule.failure(_show(raw))

    return parse


def _time_parser(rule: ColumnRule, zone: ZoneInfo) -> Parser:
    null = _null(rule)

    def parse(raw: object) -> Parsed | Failure:
        if raw is None:
            return null
        instant = _instant(raw, zone)
        return rule.failure(_show(raw)) if instant is None else float(instant)

    return parse


def _instant(raw: object, zone: ZoneInfo) -> int | None:
    """Microseconds since 1970 UTC of a datetime or an ISO 8601 string; None if it is neither, or out of range."""
    if isinstance(raw, str):
        if _TIME.fullmatch(raw) is None:
            return None
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:  # the 30th of February
            return None
    if not isinstance(raw, datetime):
        return None
    if raw.tzinfo is None:
        raw = raw.replace(tzinfo=zone, fold=0)
    instant = (raw - EPOCH) // _MICROSECOND
    return instant if _TIMES[0] <= instant <= _TIMES[1] else None


# Tables ---------------------------------------------------------------------------------------------------------------

_REASONS = pl.List(pl.Struct({"column": pl.String, "found": pl.String, "expected": pl.String}))


def _fails(rule: ColumnRule, frame: pl.DataFrame) -> pl.Expr:
    """Where a column breaks its rule; times apart."""
    if rule.name not in frame.columns:
        return pl.repeat(rule.required, frame.height, dtype=pl.Boolean)
    column, type_ = pl.col(rule.name), frame[rule.name].dtype
    null = column.is_null()
    if type_.is_float():
        null = null | column.is_nan().fill_null(False)
    if not _suits(rule, frame):
        fits = pl.lit(False)
    elif rule.kind in ("float", "integer"):
        fits = _whole_fits(rule, column) if type_.is_integer() else _float_fits(rule, column)
    elif rule.categories is not None:
        fits = column.cast(pl.String).is_in(list(rule.categories))
    else:
        fits = pl.lit(True)
    return pl.when(null).then(pl.lit(not rule.nullable)).otherwise(~fits.fill_null(False)).alias(rule.name)


def _suits(rule: ColumnRule, frame: pl.DataFrame) -> bool:
    """Whether the table has the column, of a type that values of its kind can have."""
    if rule.name not in frame.columns:
        return False
    type_ = frame[rule.name].dtype
    if rule.kind in ("float", "integer"):
        return type_.is_numeric()
    if rule.kind == "boolean":
        return type_ == pl.Boolean
    return _temporal(type_) if rule.kind == "time" else isinstance(type_, pl.String | pl.Categorical | pl.Enum)


def _whole_fits(rule: ColumnRule, column: pl.Expr) -> pl.Expr:
    """Integers against bounds, compared as integers so that nothing is rounded."""
    low, high = (min(max(bound, -(2**100)), 2**100) for bound in rule.bounds)
    wide = column.cast(pl.Int128)
    return (wide >= pl.lit(math.ceil(low), dtype=pl.Int128)) & (wide <= pl.lit(math.floor(high), dtype=pl.Int128))


def _float_fits(rule: ColumnRule, column: pl.Expr) -> pl.Expr:
    low, high = -LARGEST if rule.low is None else rule.low, LARGEST if rule.high is None else rule.high
    value = column.cast(pl.Float64)
    fits = (value >= low) & (value <= high)
    if rule.kind != "integer":
        return fits
    return fits & (value == value.floor()) & value.cast(pl.Int64, strict=False).is_not_null()


def _temporal(type_: pl.DataType) -> bool:
    return isinstance(type_, pl.Datetime | pl.Date | pl.String)


def _utc(rule: ColumnRule, series: pl.Series, zone: str) -> pl.Series:
    """A column of times in UTC; null where it is no time."""
    if isinstance(series.dtype, pl.String):
        words = series.drop_nulls().unique()
        instants = pl.Series(map(partial(_instant, zone=ZoneInfo(zone)), words.to_list()), dtype=pl.Int64)
        whole = series.replace_strict(words, instants, default=None, return_dtype=pl.Int64) if len(words) else series
    else:
        whole = microseconds(series)
        if isinstance(series.dtype, pl.Date) or getattr(series.dtype, "time_zone", None) is None:
            whole = _from_wall(whole, zone)
    whole = whole.cast(pl.Int64).rename(rule.name)
    inside = whole.is_between(*_TIMES)
    return whole.zip_with(inside.fill_null(False), pl.repeat(None, len(whole), dtype=pl.Int64, eager=True)).cast(
        _TYPES["time"]
    )


def _from_wall(whole: pl.Series, zone: str) -> pl.Series:
    """Wall-clock microseconds as UTC."""
    known = whole.is_not_null().to_numpy()
    wall = whole.fill_null(0).to_numpy()
    utc = wall_to_utc(wall, zone_offsets(zone, *_WALL_YEARS))
    first, last = (int((datetime(year, 1, 3, tzinfo=EPOCH.tzinfo) - EPOCH) / _MICROSECOND) for year in _WALL_YEARS)
    far = np.flatnonzero(known & ((wall < first) | (wall > last)))
    for place in far.tolist():
        instant = _far_wall(int(wall[place]), ZoneInfo(zone))
        known[place], utc[place] = instant is not None, instant or 0
    return pl.Series(utc).zip_with(pl.Series(known), pl.repeat(None, len(utc), dtype=pl.Int64, eager=True))


def _far_wall(wall: int, zone: ZoneInfo) -> int | None:
    if not _TIMES[0] <= wall <= _TIMES[1]:
        return None
    return _instant((EPOCH + timedelta(days=wall // DAY, microseconds=wall % DAY)).replace(tzinfo=None), zone)


def _time_fails(rule: ColumnRule, series: pl.Series, time: pl.Series) -> pl.Series:
    null = series.is_null()
    return (~null & time.is_null()) | (null & (not rule.nullable))


def _reasons(rules: tuple[ColumnRule, ...], bad: pl.DataFrame, flags: pl.DataFrame) -> pl.Series:
    """For each bad row the failures that its flags name."""
    reasons = []
    for place, rule in enumerate(rules):
        facts = pl.struct(
            pl.lit(rule.name).alias("column"),
            pl.lit(_found(rule, bad)).alias("found"),
            pl.lit(rule.expected).alias("expected"),
        )
        reasons.append(pl.when(pl.col(f"fails {place}")).then(facts))
    return flags.select(pl.concat_list(reasons).list.drop_nulls().alias("reasons")).to_series()


def _found(rule: ColumnRule, bad: pl.DataFrame) -> pl.Series:
    if rule.name not in bad.columns:
        return pl.repeat("nothing", bad.height, dtype=pl.String, eager=True)
    series = bad[rule.name]
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        return pl.repeat(str(series.dtype), bad.height, dtype=pl.String, eager=True)
    return series.cast(pl.String).str.slice(0, 80).fill_null("null")


# JSON Schema ----------------------------------------------------------------------------------------------------------


def _schema(rule: ColumnRule) -> dict[str, Any]:
    names = {"float": "number", "integer": "integer", "boolean": "boolean"}
    name = names.get(rule.kind, "string")
    schema: dict[str, Any] = {"type": [name, "null"] if rule.nullable else name}
    if rule.kind in ("float", "integer"):
        schema["minimum"], schema["maximum"] = rule.bounds
    if rule.kind == "time":
        schema["format"], schema["pattern"] = "date-time", TIME_PATTERN
    if rule.categories is not None:
        schema["enum"] = [*rule.categories, None] if rule.nullable else list(rule.categories)
    return schema
