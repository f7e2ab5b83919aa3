"""Missing values that are written: ``N/A``, ``unknown``, ``-999``."""

from __future__ import annotations

import polars as pl

from fullcycle.data.clean.settings import Clean


def markers(settings: Clean, name: str) -> tuple[str, ...]:
    """What stands for a missing value in a column.

    >>> markers(Clean(missing={"age": ("-999",)}), "age"), markers(Clean(missing=("-",)), "age")
    (('-999',), ('-',))
    """
    return settings.missing.get(name, ()) if isinstance(settings.missing, dict) else settings.missing


def emptied(series: pl.Series, marks: tuple[str, ...], *, number: bool = False) -> pl.Series:
    """A column without its markers; cells are compared without the blanks around them, and of a *number* as numbers.

    A request brings null. Where it brings the marker all the same, the contract's counterpart is a range or categories
    that leave it out, with ``outside = "missing"`` in ``columns.toml``.

    >>> emptied(pl.Series(["-999.0", " N/A", "7"]), ("-999", "N/A"), number=True).to_list()
    [None, None, '7']
    """
    text = series.dtype == pl.String
    if not marks or not (text or series.dtype.is_numeric()):
        return series
    cell, stands = pl.col("cell"), pl.lit(False)
    if number or not text:
        numbers = pl.Series(marks).cast(pl.Float64, strict=False).drop_nulls().to_list()
        stands = cell.cast(pl.Float64, strict=False).is_in(numbers).fill_null(False)
    if text:
        stands = stands | cell.str.strip_chars().is_in(list(marks))
    return series.to_frame("cell").select(pl.when(~stands.fill_null(False)).then(cell)).to_series().alias(series.name)
