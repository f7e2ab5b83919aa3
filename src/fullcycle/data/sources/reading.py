"""What reading a source gives: rows in batches, what could not be read, and a fingerprint of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import polars as pl

from fullcycle.kernel.finding import Finding

BATCH = 1 << 18
"""Rows in a batch, at most."""

BROKEN = {"source": pl.String, "row": pl.Int64, "raw": pl.String, "reason": pl.String}
"""Columns of what could not be read: the source's name, the row's number from 1, its text, and why."""


class Reading(NamedTuple):
    """A source that was opened.

    Attributes
    ----------
    columns : names of the columns, in the source's order.
    batches : the rows in the source's order, at most :data:`BATCH` at a time; may be called again.
    broken : what could not be read as a row, once *batches* has been gone through; columns of :data:`BROKEN`.
    fingerprint : SHA-256 of what was read, the same for the same content.
    findings : what was seen while opening it, such as the delimiter of a text.
    """

    columns: tuple[str, ...]
    batches: Callable[[], Iterator[pl.DataFrame]]
    broken: Callable[[], pl.DataFrame]
    fingerprint: str
    findings: tuple[Finding, ...] = ()


def whole(reading: Reading) -> pl.DataFrame:
    """All rows of *reading* in one frame.

    >>> whole(of_frame(pl.DataFrame({"a": [1, 2]}), "ab"))["a"].to_list()
    [1, 2]
    """
    frames = list(reading.batches())
    return pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame({name: [] for name in reading.columns})


def of_frame(frame: pl.DataFrame, fingerprint: str, broken: pl.DataFrame | None = None) -> Reading:
    """A reading of rows that are already there.

    >>> of_frame(pl.DataFrame({"a": [1]}), "ab").columns
    ('a',)
    """
    lost = pl.DataFrame(schema=BROKEN) if broken is None else broken
    return Reading(tuple(frame.columns), lambda: frame.iter_slices(BATCH), lambda: lost, fingerprint)
