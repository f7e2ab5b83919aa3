"""Local days: the blocks in which rows are resampled together."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def local_days(times: pl.Series, zone: str) -> NDArray[np.int64]:
    """The local day, as days since 1970, of each time; shape (n,).

    >>> from datetime import UTC, datetime
    >>> local_days(pl.Series([datetime(1970, 1, 2, 3, tzinfo=UTC)]), "America/New_York").tolist()
    [0]
    """
    local = times.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return local.dt.date().to_physical().cast(pl.Int64).to_numpy()
