"""Types: each declared column parsed; a row with a cell that cannot be parsed goes to quarantine with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from polars import selectors

from fullcycle.data.contract.settings import ColumnFact
from fullcycle.kernel.errors import ColumnMissing, InputError

_TARGETS: dict[str, pl.DataType] = {
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}
_TRUTH = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}


def typed(
    frame: pl.DataFrame, facts: Mapping[str, ColumnFact], *, keys: Mapping[str, str], time: str, zone: str, source: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The declared columns of *frame* in their types, and the rows that do not fit, as text.

    Parameters
    ----------
    keys : columns that every row must fill, each with what needs it.
    time : the key that says when a row happened.

    Returns
    -------
    The rows that fit; and those that do not, with ``reasons`` and, where it could be read, ``when``.

    Raises
    ------
    ColumnMissing
        A declared column is not in the table; names the nearest that is.
    InputError
        More than half the values of a column do not parse: the declared type is wrong, not the rows.
    """
    for name in {**keys, **facts}:
        if name not in frame.columns:
            raise ColumnMissing(name, frame.columns, source=source, needed_by=keys.get(name, "columns.toml"))
    frame = frame.with_columns(selectors.float().fill_nan(None))  # what pandas writes for a missing number
    parsed = frame.select(
        parse(pl.col(name), frame.schema[name], fact, zone).alias(name) for name, fact in facts.items()
    )
    judged = parsed.with_columns(reasons=_reasons(frame, parsed, facts, keys, source))
    fits = judged["reasons"] == ""
    turned_away = frame.select(pl.col(name).cast(pl.String) for name in facts)
    return parsed.filter(fits), turned_away.with_columns(judged["reasons"], parsed[time].alias("when")).filter(~fits)


def _reasons(
    frame: pl.DataFrame, parsed: pl.DataFrame, facts: Mapping[str, ColumnFact], keys: Mapping[str, str], source: str
) -> pl.Expr:
    """Why a row does not fit, empty where it does."""
    reasons = []
    for name, fact in facts.items():
        broken = frame[name].is_not_null() & parsed[name].is_null()
        if broken.any():
            _refuse_wrong_type(name, fact, frame[name], broken, source)
        reasons.append(pl.when(broken).then(pl.lit(f"{name}: not of type {fact.type}")))
        if name in keys:
            reasons.append(pl.when(frame[name].is_null()).then(pl.lit(f"{name}: missing")))
    return pl.concat_str(reasons, separator="; ", ignore_nulls=True)


def parse(cell: pl.Expr, found: pl.DataType, fact: ColumnFact, zone: str) -> pl.Expr:
    """A cell in its declared type, null where it does not parse."""
    match fact.type:
        case "time":
            return _time(cell, found, fact.zone or zone)
        case "float" | "integer" if found.is_temporal():
            return pl.lit(None, dtype=_TARGETS[fact.type])  # a cast would count microseconds
        case "boolean":
            return cell.cast(pl.String).str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
        case "integer" if found == pl.String or found.is_float():
            number = cell.cast(pl.Float64, strict=False)
            whole = pl.when(number == number.round(0)).then(number).cast(pl.Int64, strict=False)
            return whole if found.is_float() else pl.coalesce(cell.cast(pl.Int64, strict=False), whole)
        case "float":
            number = cell.cast(pl.Float64, strict=False)
            return pl.when(number.is_finite()).then(number)
    return cell.cast(_TARGETS[fact.type], strict=False)


def _time(cell: pl.Expr, found: pl.DataType, zone: str) -> pl.Expr:
    if isinstance(found, pl.Datetime):
        aware = cell if found.time_zone else cell.dt.replace_time_zone(zone, non_existent="null", ambiguous="earliest")
        return aware.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    if found == pl.Date:
        return _time(cell.cast(pl.Datetime("us")), pl.Datetime("us"), zone)
    text = cell.cast(pl.String).str.strip_chars().str.replace(" ", "T", literal=True)
    whole = pl.when(text.str.len_chars() == 10).then(text + "T00:00:00").otherwise(text)
    naive = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    minute = whole.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False)
    zoned = whole.str.replace("Z$", "+00:00")
    instants = [
        zoned.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
        for form in ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z")
    ]
    local = (
        pl.coalesce(naive, minute)
        .dt.replace_time_zone(zone, non_existent="null", ambiguous="earliest")
        .dt.convert_time_zone("UTC")
    )
    return pl.coalesce(*instants, local)


def _refuse_wrong_type(name: str, fact: ColumnFact, cells: pl.Series, broken: pl.Series, source: str) -> None:
    share = broken.sum() / max(1, len(cells) - cells.null_count())
    if share > 0.5:
        row = broken.arg_true()[0]
        expected = {
            "time": "ISO 8601, such as 2013-01-01T05:15:00",
            "integer": "a whole number",
            "float": "a number",
            "boolean": "true or false",
        }.get(fact.type, "text")
        raise InputError(
            f"column {name!r} does not parse as {fact.type} in {share:.0%} of its rows",
            place=f"{source}, row {row + 1}",
            found=str(cells[row]),
            expected=expected,
            mend=f"mend the type of {name!r} in columns.toml, or its values",
        )
