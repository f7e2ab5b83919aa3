"""From the columns of a table to the slots of a plan."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.plan.values import NAN, Kind, Numbers, Slots


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that a plan reads.

    >>> Input("distance", "float").kind
    'float'
    """

    name: str
    kind: Kind


def frame_slots(frame: pl.DataFrame, inputs: Sequence[Input]) -> Slots:
    """The columns of *frame* that a plan reads, as slots of ``frame.height`` rows.

    Integers and booleans become float64, times microseconds since 1970 UTC (one without a zone is read as UTC),
    categories strings; null, NaN and infinity become missing.

    Raises
    ------
    ColumnMissing
        The table lacks one.
    InputError
        One is of a type that its kind cannot be.

    Examples
    --------
    >>> slots = frame_slots(pl.DataFrame({"a": [1, None], "b": ["x", None]}), [Input("a", "integer"), Input("b", "text")])
    >>> slots["a"].tolist(), slots["b"].to_list()
    ([1.0, nan], ['x', None])
    """
    slots = Slots(frame.height)
    for column in inputs:
        series = frame.get_column(column.name, default=None)  # a search of the names costs, where there are thousands
        if series is None:
            raise ColumnMissing(column.name, frame.columns, needed_by="the feature plan")
        slots[column.name] = _slot(series, column.kind)
    return slots


def _slot(series: pl.Series, kind: Kind) -> Numbers | pl.Series:
    type_ = series.dtype
    if kind in ("category", "text"):
        _expect(series, kind, isinstance(type_, pl.String | pl.Categorical | pl.Enum))
        return series.cast(pl.String)
    if kind == "time":
        _expect(series, kind, isinstance(type_, pl.Datetime | pl.Date))
        return _floats(microseconds(series))
    _expect(series, kind, type_ == pl.Boolean if kind == "boolean" else type_.is_numeric())
    return _floats(series)


def _expect(series: pl.Series, kind: Kind, fits: bool) -> None:
    if not fits and series.dtype != pl.Null:
        raise InputError(
            f"the column is no {kind}",
            place=f"column {series.name!r}",
            found=str(series.dtype),
            mend=f"read it as a {kind}, or declare it as what it is",
        )


def microseconds(series: pl.Series) -> pl.Series:
    """Times or dates as whole microseconds since 1970; null stays null.

    >>> from datetime import date
    >>> microseconds(pl.Series([date(1970, 1, 2)])).to_list()
    [86400000000]
    """
    if isinstance(series.dtype, pl.Date | pl.Null):
        series = series.cast(pl.Datetime("us"))
    return series.dt.cast_time_unit("us").cast(pl.Int64)


def _floats(series: pl.Series) -> Numbers:
    array = series.cast(pl.Float64).to_numpy()
    return np.where(np.isfinite(array), array, NAN)
