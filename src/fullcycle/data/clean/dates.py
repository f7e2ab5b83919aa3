"""Times written in other ways than ISO 8601: declared formats, tried in order."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fullcycle.kernel.errors import InputError

ISO = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?\s*$"
"""How ISO 8601 writes a day or a time."""
EPOCHS = {"epoch seconds": 1_000_000, "epoch milliseconds": 1_000, "epoch microseconds": 1}
"""Microseconds in one of each."""
_DAYS = (
    *(f"{first}{mark}{second}{mark}%Y" for mark in "/.-" for first, second in (("%d", "%m"), ("%m", "%d"))),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
    *(f"{first}{mark}{second}{mark}%y" for mark in "/.-" for first, second in (("%d", "%m"), ("%m", "%d"))),
)
_HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
STYLES = (
    *(day + hour for hour in _HOURS for day in _DAYS),
    *("%Y-%m-%d %I:%M %p", "%a, %d %b %Y %H:%M:%S %z", *EPOCHS),
)
"""Formats that are looked for, day before month where both fit."""
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999
_OUT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def instants(cell: pl.Expr, form: str, zone: str) -> pl.Expr:
    """A text cell read by one format, in UTC; null where it is not so written.

    >>> frame = pl.DataFrame({"at": ["31/12/2024", "12/31/2024"]})
    >>> frame.select(instants(pl.col("at"), "%d/%m/%Y", "UTC"))["at"].dt.to_string("iso:strict").to_list()
    ['2024-12-31T00:00:00.000000+00:00', None]
    """
    text = cell.str.strip_chars()
    if form in EPOCHS:
        number = pl.when(text.str.contains(r"^-?[0-9]+(\.0*)?$")).then(text.cast(pl.Float64, strict=False))
        micros = (number * EPOCHS[form]).cast(pl.Int64, strict=False)
        return pl.when(micros.is_between(_FIRST, _LAST)).then(micros).cast(pl.Datetime("us", "UTC"))
    if "%z" in form:
        return text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False, ambiguous="earliest")
    wall = text.str.to_datetime(form, time_unit="us", strict=False)
    wall = pl.when(wall.dt.year().is_between(1000, 9999)).then(wall)  # %Y would read '24' as the year 24
    return wall.dt.replace_time_zone(zone, non_existent="null", ambiguous="earliest").dt.convert_time_zone("UTC")


def likely(cell: pl.Expr, form: str) -> pl.Expr:
    """Whether a text cell is a time of this format between 1900 and 2100, or counted since 1970, between 1980 and 2100.

    >>> frame = pl.DataFrame({"at": ["1712102400", "12", "31.12.2024"]})
    >>> frame.select(likely(pl.col("at"), "epoch seconds"))["at"].to_list()
    [True, False, False]
    """
    year = instants(cell, form, "UTC").dt.year()
    return year.is_between(1980 if form in EPOCHS else 1900, 2100).fill_null(False)


def read(series: pl.Series, formats: Sequence[str], zone: str) -> pl.Series:
    """A column with its times written as ISO 8601 in UTC; ISO cells and those of no format stay as they are.

    Where two formats fit, the first decides: name them in the order that the evidence asks for. A request brings ISO
    8601 as its contract says, and needs no counterpart.

    Raises
    ------
    InputError
        A format that is none.

    >>> read(pl.Series(["03/04/2024", "1712102400"]), ["%d/%m/%Y", "epoch seconds"], "UTC").to_list()
    ['2024-04-03T00:00:00.000000Z', '2024-04-03T00:00:00.000000Z']
    """
    for form in formats:
        if form not in EPOCHS and "%" not in form:
            raise InputError(
                "a time is not written like that",
                place=f"[data.clean] formats, column {series.name!r}",
                found=form,
                expected=f"such as '%d/%m/%Y %H:%M', or one of {', '.join(EPOCHS)}",
            )
    text = series.cast(pl.String)
    words = text.drop_nulls().unique()
    words = words.filter(~words.str.contains(ISO))
    cell = pl.col(words.name)
    said = words.to_frame().select(pl.coalesce(instants(cell, form, zone) for form in formats).dt.to_string(_OUT))
    found = said.to_series()
    known = found.is_not_null()
    return text.replace(words.filter(known), found.filter(known)) if known.any() else text
