"""Blocks in which rows are alike, and are resampled together: local days, or as many as an outcome takes to be known."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.predictor.days import local_days
from fullcycle.predictor.plan.zones import DAY
from fullcycle.scoping.records import Charter


def row_blocks(times: pl.Series, charter: Charter) -> NDArray[np.int64]:
    """The block of each row, (n,), from its time: its local day, or as many days as an outcome takes to be known."""
    return days_to_blocks(local_days(times, charter.timezone), charter.label_delay)


def days_to_blocks(days: NDArray[np.int64], label_delay: int) -> NDArray[np.int64]:
    """Days as blocks that are as long as an outcome takes, in microseconds.

    >>> days_to_blocks(np.array([10, 11, 12]), 2 * 86_400_000_000).tolist()
    [5, 5, 6]
    """
    return days // max(1, -(-label_delay // DAY))
