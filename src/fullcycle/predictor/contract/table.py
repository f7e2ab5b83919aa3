"""Tables: the same rules on columns, so that a table and its rows are accepted and rejected alike."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from fullcycle.predictor.contract.row import MICROSECOND, TIMES, instant_of
from fullcycle.predictor.contract.rule import LARGEST, ColumnRule
from fullcycle.predictor.plan.frames import microseconds
from fullcycle.predictor.plan.zones import DAY, EPOCH, wall_to_utc, zone_offsets

_WALL_YEARS = (1900, 2100)  # whose clock changes are tabled at once; times outside are read one by one
_TYPES: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}
_REASONS = pl.List(pl.Struct({"column": pl.String, "found": pl.String, "expected": pl.String}))


def filtered(columns: tuple[ColumnRule, ...], zone: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that keep the rules, and those that do not. See :meth:`fullcycle.predictor.contract.Contract.filter`."""
    fails, times = [], []
    for rule in columns:
        if rule.kind == "time" and _suits(rule, frame):
            time = _utc(rule, frame[rule.name], zone)
            times.append(time)
            fails.append(_time_fails(rule, frame[rule.name], time))
        else:
            fails.append(frame.select(_fails(rule, frame)).to_series())
    flags = pl.DataFrame([flag.alias(f"fails {place}") for place, flag in enumerate(fails)])
    if not columns:
        return frame, frame.clear().with_columns(reasons=pl.lit([], dtype=_REASONS))
    broken = flags.select(pl.any_horizontal(pl.all())).to_series()
    lacking = [rule for rule in columns if not _suits(rule, frame)]
    good = frame.with_columns(times).filter(~broken)
    good = good.with_columns(pl.lit(None, dtype=_TYPES[rule.kind]).alias(rule.name) for rule in lacking)
    bad = frame.filter(broken)
    return good, bad.with_columns(_reasons(columns, bad, flags.filter(broken)))


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
        instants = pl.Series(map(partial(instant_of, zone=ZoneInfo(zone)), words.to_list()), dtype=pl.Int64)
        whole = series.replace_strict(words, instants, default=None, return_dtype=pl.Int64) if len(words) else series
    else:
        whole = microseconds(series)
        if isinstance(series.dtype, pl.Date) or getattr(series.dtype, "time_zone", None) is None:
            whole = _from_wall(whole, zone)
    whole = whole.cast(pl.Int64).rename(rule.name)
    inside = whole.is_between(*TIMES)
    return whole.zip_with(inside.fill_null(False), pl.repeat(None, len(whole), dtype=pl.Int64, eager=True)).cast(
        _TYPES["time"]
    )


def _from_wall(whole: pl.Series, zone: str) -> pl.Series:
    """Wall-clock microseconds as UTC."""
    known = whole.is_not_null().to_numpy()
    wall = whole.fill_null(0).to_numpy()
    utc = wall_to_utc(wall, zone_offsets(zone, *_WALL_YEARS))
    first, last = (int((datetime(year, 1, 3, tzinfo=EPOCH.tzinfo) - EPOCH) / MICROSECOND) for year in _WALL_YEARS)
    far = np.flatnonzero(known & ((wall < first) | (wall > last)))
    for place in far.tolist():
        instant = _far_wall(int(wall[place]), ZoneInfo(zone))
        known[place], utc[place] = instant is not None, instant or 0
    return pl.Series(utc).zip_with(pl.Series(known), pl.repeat(None, len(utc), dtype=pl.Int64, eager=True))


def _far_wall(wall: int, zone: ZoneInfo) -> int | None:
    if not TIMES[0] <= wall <= TIMES[1]:
        return None
    return instant_of((EPOCH + timedelta(days=wall // DAY, microseconds=wall % DAY)).replace(tzinfo=None), zone)


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
