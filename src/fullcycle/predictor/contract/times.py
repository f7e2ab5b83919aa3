"""Times of a table, in UTC as one request reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from fullcycle.predictor.contract.row import MICROSECOND, TIMES, instant_of
from fullcycle.predictor.plan.frames import microseconds
from fullcycle.predictor.plan.zones import DAY, EPOCH, wall_to_utc, zone_offsets

UTC = pl.Datetime("us", "UTC")
_WALL_YEARS = (1900, 2100)  # whose clock changes are tabled at once; times outside are read one by one


def in_utc(series: pl.Series, zone: str) -> pl.Series:
    """A column of times in UTC, read in *zone* where they have no offset; null where it is no time.

    >>> in_utc(pl.Series("t", ["2024-07-01T12:00", "soon"]), "America/New_York").to_list()
    [datetime.datetime(2024, 7, 1, 16, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None]
    """
    if isinstance(series.dtype, pl.String):
        words = series.drop_nulls().unique()
        instants = pl.Series(map(partial(instant_of, zone=ZoneInfo(zone)), words.to_list()), dtype=pl.Int64)
        whole = series.replace_strict(words, instants, default=None, return_dtype=pl.Int64) if len(words) else series
    else:
        whole = microseconds(series)
        if isinstance(series.dtype, pl.Date) or getattr(series.dtype, "time_zone", None) is None:
            whole = _from_wall(whole, zone)
    whole = whole.cast(pl.Int64).rename(series.name)
    inside = whole.is_between(*TIMES).fill_null(False)
    if inside.all():
        return whole.cast(UTC)
    return whole.zip_with(inside, pl.repeat(None, len(whole), dtype=pl.Int64, eager=True)).cast(UTC)


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
