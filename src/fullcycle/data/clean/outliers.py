"""Outliers: values far from the others, by rules that the outliers themselves do not bend."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.data.clean.settings import Clean, Outlier
from fullcycle.data.clean.units import mended
from fullcycle.kernel.errors import ColumnMissing, InputError

Floats = NDArray[np.float64]
_KERNEL = 1000  # order statistics from which skew is read: its cost is their square


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between what a column's values are no outliers; None is no limit.

    Attributes
    ----------
    n : values from which the limits were learnt.
    """

    column: str
    low: float | None
    high: float | None
    n: int


class Fitted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What cleaning learnt from rows before the test period; kept in the record, applied to every segment."""

    outliers: tuple[Limits, ...] = ()


def fit(rows: pl.DataFrame, settings: Clean) -> Fitted:
    """The limits of every column for which outliers are declared.

    Parameters
    ----------
    rows : typed rows before the test period, or a sample of them, unit slips included: they are mended first.

    Raises
    ------
    ColumnMissing
        A column is declared that the rows lack.
    InputError
        A column is not of numbers.

    >>> found = fit(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0]}), Clean(outliers={"x": Outlier()}))
    >>> round(found.outliers[0].high, 2)
    8.19
    """
    limits = []
    for name, rule in sorted(settings.outliers.items()):
        if name not in rows.columns:
            raise ColumnMissing(name, rows.columns, needed_by="[data.clean] outliers")
        series = rows[name]
        if not series.dtype.is_numeric():
            raise InputError(
                "only numbers have outliers", place=f"[data.clean] outliers, column {name!r}", found=str(series.dtype)
            )
        if name in settings.units:
            series = mended(series, settings.units[name])
        values = series.cast(pl.Float64).drop_nulls().drop_nans().to_numpy()
        low, high = fences(values, rule)
        limits.append(Limits(column=name, low=low, high=high, n=len(values)))
    return Fitted(outliers=tuple(limits))


def fences(values: Floats, rule: Outlier) -> tuple[float | None, float | None]:
    """The lowest and highest value that is no outlier; None where there is no telling.

    Values of 0 and less have no logarithm: on the log scale they are left alone.

    Source: Iglewicz and Hoaglin 1993, *How to detect and handle outliers* (modified z); Hubert and Vandervieren 2008,
    *An adjusted boxplot for skewed distributions*.

    >>> [round(end, 2) for end in fences(np.array([1.0, 10.0, 100.0]), Outlier(scale="log", limit=2.0))]
    [0.01, 9229.1]
    """
    ordered = np.sort(values[values > 0] if rule.scale == "log" else values)
    ordered = np.log(ordered) if rule.scale == "log" else ordered
    if not len(ordered):
        return None, None
    found = (
        _modified_z(ordered, rule.limit or 3.5) if rule.rule == "modified z" else _boxplot(ordered, rule.limit or 1.5)
    )
    if found is None:
        return None, None
    low, high = (math.exp(end) if end < 700 else math.inf for end in found) if rule.scale == "log" else found
    return _finite(low), _finite(high)


def apart(series: pl.Series, limits: Limits, rule: Outlier) -> pl.Series:
    """Which values of a column are outliers; a missing one is none.

    >>> apart(pl.Series([1.0, 9.0, None]), Limits(column="x", low=0.0, high=5.0, n=7), Outlier()).to_list()
    [False, True, False]
    """
    cell, far = series.cast(pl.Float64), pl.repeat(False, len(series), dtype=pl.Boolean, eager=True)
    if limits.low is not None:
        far = far | ((cell < limits.low) & ((cell > 0) | pl.Series([rule.scale == "plain"])))
    if limits.high is not None:
        far = far | (cell > limits.high)
    return far.fill_null(False).alias(series.name)


def medcouple(ordered: Floats) -> float:
    """How skew ordered values are, from -1 to 1, read from at most a thousand of their order statistics.

    Source: Brys, Hubert and Struyf 2004, *A robust measure of skewness*.

    >>> medcouple(np.array([1.0, 2.0, 3.0, 4.0, 5.0])), round(medcouple(np.array([1.0, 2.0, 3.0, 10.0, 50.0])), 2)
    (0.0, 0.75)
    """
    if len(ordered) > _KERNEL:
        ordered = ordered[np.arange(_KERNEL) * (len(ordered) - 1) // (_KERNEL - 1)]
    middle = float(np.median(ordered))
    low, high = ordered[ordered <= middle][:, None], ordered[ordered >= middle][None, :]
    span = high - low
    pairs = np.divide((high - middle) - (middle - low), span, out=np.zeros(span.shape), where=span > 0)
    if ties := int((ordered == middle).sum()):  # values that are the median: as many above as below
        pairs[-ties:, :ties] = np.sign(np.add.outer(np.arange(ties), np.arange(ties)) - (ties - 1))
    return float(np.median(pairs))


def _modified_z(ordered: Floats, limit: float) -> tuple[float, float] | None:
    middle = float(np.median(ordered))
    away = np.abs(ordered - middle)
    # over half the values may be one: then the mean deviation measures, as Iglewicz and Hoaglin have it
    spread = float(np.median(away)) / 0.6745 or math.fsum(away.tolist()) / len(away) * 1.253314
    return (middle - limit * spread, middle + limit * spread) if spread else None


def _boxplot(ordered: Floats, limit: float) -> tuple[float, float] | None:
    first, third = (float(np.quantile(ordered, at)) for at in (0.25, 0.75))
    if not (box := third - first):
        return None
    skew = medcouple(ordered)
    below, above = (-4.0, 3.0) if skew >= 0 else (-3.0, 4.0)
    return first - limit * box * math.exp(below * skew), third + limit * box * math.exp(above * skew)


def _finite(end: float) -> float | None:
    return end if math.isfinite(end) else None


def counterpart(fitted: Fitted, settings: Clean) -> dict[str, tuple[float | None, float | None]]:
    """By column, the range that the contract takes with ``outside = "missing"``, where outliers become missing.

    So a request is treated as the table was. A log scale leaves values of 0 and less alone, hence no lower limit there.

    >>> limits = Fitted(outliers=(Limits(column="x", low=0.0, high=5.0, n=7),))
    >>> counterpart(limits, Clean(outliers={"x": Outlier(then="missing")}))
    {'x': (0.0, 5.0)}
    """
    rules = {limits.column: settings.outliers.get(limits.column) for limits in fitted.outliers}
    return {
        limits.column: (limits.low if rule.scale == "plain" else None, limits.high)
        for limits in fitted.outliers
        if (rule := rules[limits.column]) is not None and rule.then == "missing"
    }
