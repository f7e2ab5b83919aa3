"""Tables: the same rules on columns, so that a table and its rows are accepted and rejected alike.

Most tables keep their contract, so that is asked first and at once for all columns: extremes of numbers, counts of what is
not allowed, in one pass. Only a column that breaks its rule is looked at row by row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract.pattern import LONGEST, whole
from fullcycle.predictor.contract.row import TIMES, reader
from fullcycle.predictor.contract.rule import LARGEST, ColumnRule
from fullcycle.predictor.contract.times import UTC, in_utc

_TYPES: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": UTC,
}
_REASONS = pl.List(pl.Struct({"column": pl.String, "found": pl.String, "expected": pl.String}))


class Checked(NamedTuple):
    """A table held against the rules.

    Attributes
    ----------
    frame : all its rows: times in UTC, spellings and what lies outside changed as the rules say; null where that fails.
    fails : by column that breaks its rule anywhere, the rows that do.
    """

    frame: pl.DataFrame
    fails: dict[str, pl.Series]


def filtered(rules: tuple[ColumnRule, ...], zone: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that keep the rules, and those that do not. See :meth:`fullcycle.predictor.contract.Contract.filter`."""
    made, fails = checked(rules, zone, frame)
    lacking = [rule for rule in rules if not suits(rule, frame.schema.get(rule.name))]
    if not fails:
        return _filled(made, lacking), frame.clear().with_columns(reasons=pl.lit([], dtype=_REASONS))
    flags = pl.DataFrame([series.alias(name) for name, series in fails.items()])
    broken = flags.select(pl.any_horizontal(pl.all())).to_series()
    bad = frame.filter(broken)
    reasons = _reasons([rule for rule in rules if rule.name in fails], bad, flags.filter(broken))
    return _filled(made.filter(~broken), lacking), bad.with_columns(reasons)


def _filled(good: pl.DataFrame, lacking: Iterable[ColumnRule]) -> pl.DataFrame:
    """Columns of nulls in place of those left out, or of a type that only nulls can have."""
    return good.with_columns(pl.lit(None, dtype=_TYPES[rule.kind]).alias(rule.name) for rule in lacking)


def checked(rules: Sequence[ColumnRule], zone: str, frame: pl.DataFrame) -> Checked:
    """A whole table held against *rules*, without taking rows out.

    >>> rule = ColumnRule(name="a", kind="category", categories=("x",), normalise=("lower",))
    >>> made = checked([rule], "UTC", pl.DataFrame({"a": ["X", "y"]}))
    >>> made.frame["a"].to_list(), made.fails["a"].to_list()
    (['x', None], [False, True])
    """
    fails: dict[str, pl.Series] = {}
    changed: list[pl.Series] = []
    simple: list[ColumnRule] = []
    for rule in rules:
        if not suits(rule, frame.schema.get(rule.name)):
            simple.append(rule)
        elif rule.kind == "time":
            made = in_utc(frame[rule.name], zone)
            changed.append(made)
            _note(fails, rule, _lost(rule, frame[rule.name], made))
        elif rule.normalise or rule.aliases or rule.lenient:
            made, lost = _changed(rule, frame[rule.name])
            changed.append(made)
            _note(fails, rule, lost)
        else:
            simple.append(rule)
    counts = _suspects(simple, frame.lazy(), frame.schema)
    for rule in simple:
        if counts[rule.name] != 0:
            _note(fails, rule, frame.select(_fails(rule, frame.schema, frame.height)).to_series())
    order = {rule.name: fails[rule.name] for rule in rules if rule.name in fails}
    return Checked(frame.with_columns(changed) if changed else frame, order)


def broken(rules: Sequence[ColumnRule], zone: str, table: pl.LazyFrame) -> dict[str, int]:
    """How many rows break the rule of each column, in one or two passes that never hold the table.

    Raises
    ------
    InputError
        A rule changes spellings or reads times from text, which is done batch by batch.

    >>> broken([ColumnRule(name="a", kind="float", low=0.0)], "UTC", pl.LazyFrame({"a": [1.0, -1.0, -2.0]}))
    {'a': 2}
    """
    schema = table.collect_schema()
    for rule in rules:
        type_ = schema.get(rule.name)
        if rule.normalise or rule.aliases or rule.lenient or (rule.kind == "time" and type_ == pl.String):
            raise InputError(
                "this rule changes values, which is not done lazily",
                place=f"column {rule.name!r}",
                mend="use filter() on batches",
            )
    found = _suspects(rules, table, schema)
    if unknown := [rule for rule in rules if found[rule.name] is None]:
        counts = [
            (_fails(rule, schema, 0).sum() if rule.name in schema else pl.len() * rule.required).alias(rule.name)
            for rule in unknown
        ]
        found |= table.select(counts).collect(engine="streaming").row(0, named=True)
    return {name: int(count or 0) for name, count in found.items()}


def _note(fails: dict[str, pl.Series], rule: ColumnRule, lost: pl.Series | None) -> None:
    if lost is not None and lost.any():
        fails[rule.name] = lost.rename(rule.name)


def suits(rule: ColumnRule, type_: pl.DataType | None) -> bool:
    """Whether the table has the column, of a type that values of its kind can have.

    >>> suits(ColumnRule(name="a", kind="float"), pl.Int64()), suits(ColumnRule(name="a", kind="float"), pl.String())
    (True, False)
    """
    if type_ is None:
        return False
    if rule.kind in ("float", "integer"):
        return type_.is_numeric()
    if rule.kind == "boolean":
        return type_ == pl.Boolean
    if rule.kind == "time":
        return isinstance(type_, pl.Datetime | pl.Date | pl.String)
    return isinstance(type_, pl.String | pl.Categorical | pl.Enum)


def _suspects(
    rules: Sequence[ColumnRule], table: pl.LazyFrame, schema: Mapping[str, pl.DataType]
) -> dict[str, int | None]:
    """By column, how many rows break its rule, as far as one pass over cheap figures tells; None: some, or perhaps."""
    found: dict[str, int | None] = {}
    asked: list[tuple[str, ColumnRule]] = []
    parts: list[pl.Expr] = []
    for place, rule in enumerate(rules):
        type_ = schema.get(rule.name)
        signs = _signs(rule, type_) if type_ is not None and suits(rule, type_) else None
        found[rule.name] = None if signs is None else 0
        if signs:
            asked.append((str(place), rule))
            parts += [sign.alias(f"{place} {name}") for name, sign in signs.items()]
    if parts:
        row = table.select(parts).collect(engine="streaming").row(0, named=True)
        found |= {rule.name: _tells(rule, place, row) for place, rule in asked}
    return found


def _signs(rule: ColumnRule, type_: pl.DataType) -> dict[str, pl.Expr]:
    """The cheapest figures of a column that tell whether its rule is kept."""
    column = pl.col(rule.name)
    signs: dict[str, pl.Expr] = {} if rule.nullable else {"null": column.null_count()}
    if type_.is_float() and not rule.nullable:
        signs["nan"] = column.is_nan().sum()
    if rule.kind in ("float", "integer"):
        if isinstance(type_, pl.Decimal) or (rule.kind == "integer" and type_.is_float()):
            unlike = ~_number_fits(rule, type_)
            return signs | {"broken": (unlike & column.is_not_nan() if type_.is_float() else unlike).sum()}
        return signs | {"low": column.min(), "high": column.max()}
    if rule.kind == "time" and isinstance(type_, pl.Datetime):
        us = column.dt.epoch("us")
        return signs | {"low": us.min(), "high": us.max()}
    if rule.categories is not None or rule.pattern:
        return signs | {"broken": (~_words_fit(rule)).sum()}
    return signs


def _tells(rule: ColumnRule, place: str, row: Mapping[str, Any]) -> int | None:
    """How many rows break the rule as those figures say, None where they say only that some do."""
    count = sum(row.get(f"{place} {sign}") or 0 for sign in ("null", "nan", "broken"))
    low, high = row.get(f"{place} low"), row.get(f"{place} high")
    if low is None or high is None or (low != low and high != high):  # nothing but missing values
        return count
    least, most = TIMES if rule.kind == "time" else rule.bounds
    return count if least <= low and high <= most else None


def _fails(rule: ColumnRule, schema: Mapping[str, pl.DataType], height: int) -> pl.Expr:
    """Where a column breaks its rule; what is changed or read from text apart."""
    type_ = schema.get(rule.name)
    if type_ is None:
        return pl.repeat(rule.required, height, dtype=pl.Boolean).alias(rule.name)
    column = pl.col(rule.name)
    null = column.is_null()
    if type_.is_float():
        null = null | column.is_nan().fill_null(False)
    if not suits(rule, type_):
        fits = pl.lit(False)
    elif rule.kind in ("float", "integer"):
        fits = _number_fits(rule, type_)
    elif rule.categories is not None or rule.pattern:
        fits = _words_fit(rule)
    elif rule.kind == "time" and isinstance(type_, pl.Datetime):
        fits = column.dt.epoch("us").is_between(*TIMES)
    else:
        fits = pl.lit(True)
    return pl.when(null).then(pl.lit(not rule.nullable)).otherwise(~fits.fill_null(False)).alias(rule.name)


def _number_fits(rule: ColumnRule, type_: pl.DataType) -> pl.Expr:
    column = pl.col(rule.name)
    return _whole_fits(rule, column) if type_.is_integer() else _float_fits(rule, column)


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
    return fits & _is_whole(value) & value.cast(pl.Int64, strict=False).is_not_null()


def _is_whole(value: pl.Expr) -> pl.Expr:
    return value.is_finite() & (value == value.floor())


def _words_fit(rule: ColumnRule) -> pl.Expr:
    words = pl.col(rule.name).cast(pl.String)
    if rule.categories is not None:
        return words.is_in(list(rule.categories))
    return words.str.contains(whole(rule.pattern)) & (words.str.len_chars() <= LONGEST)


def _changed(rule: ColumnRule, series: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """A column as the rule changes it, and where it breaks the rule none the less."""
    if rule.kind in ("float", "integer"):
        return _numbers(rule, series)
    if rule.kind == "boolean":
        return series, None
    words = series.cast(pl.String)
    found = words.drop_nulls().unique()
    read = reader(rule)
    kept = pl.Series([read(word) for word in found.to_list()], dtype=pl.String)
    made = words.replace_strict(found, kept, default=None, return_dtype=pl.String) if len(found) else words
    return made.rename(rule.name), None if rule.lenient else _lost(rule, words, made)


def _numbers(rule: ColumnRule, series: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Numbers with null for what lies outside; only what is not whole breaks the rule of an integer."""
    type_ = series.dtype
    frame = series.to_frame(rule.name)
    made = frame.select(pl.when(_number_fits(rule, type_)).then(pl.col(rule.name)).alias(rule.name)).to_series()
    if rule.kind != "integer" or type_.is_integer():
        return made, None
    value = pl.col(rule.name).cast(pl.Float64)
    return made, frame.select((~_is_whole(value) & value.is_not_nan()).fill_null(False)).to_series()


def _lost(rule: ColumnRule, before: pl.Series, after: pl.Series) -> pl.Series | None:
    """Rows whose value did not stay, and those without one where one is needed."""
    if after.null_count() == before.null_count() and (rule.nullable or not before.null_count()):
        return None
    null = before.is_null()
    return (~null & after.is_null()) | (null & (not rule.nullable))


def _reasons(rules: Sequence[ColumnRule], bad: pl.DataFrame, flags: pl.DataFrame) -> pl.Series:
    """For each bad row the failures that its flags name."""
    reasons = []
    for rule in rules:
        facts = pl.struct(
            pl.lit(rule.name).alias("column"),
            pl.lit(_found(rule, bad)).alias("found"),
            pl.lit(rule.expected).alias("expected"),
        )
        reasons.append(pl.when(pl.col(rule.name)).then(facts))
    return flags.select(pl.concat_list(reasons).list.drop_nulls().alias("reasons")).to_series()


def _found(rule: ColumnRule, bad: pl.DataFrame) -> pl.Series:
    if rule.name not in bad.columns:
        return pl.repeat("nothing", bad.height, dtype=pl.String, eager=True)
    series = bad[rule.name]
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        return pl.repeat(str(series.dtype), bad.height, dtype=pl.String, eager=True)
    return series.cast(pl.String).str.slice(0, 80).fill_null("null")
