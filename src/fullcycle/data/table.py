"""The rows of a dataset as they are kept: a blob a month, read one at a time or by parts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.data.split.division import Division, part_of
from fullcycle.kernel.blobs import Blobs

SAMPLE = 200_000
"""Rows that checks look at whose cost grows faster than the rows."""


class Segment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month (or day) of rows: *blob* is a Parquet table, ordered by time and entity. The same rows are the same blob."""

    period: str
    rows: int
    blob: str


class Table(NamedTuple):
    """Where rows are, and which part each belongs to."""

    segments: tuple[Segment, ...]
    division: Division
    blobs: Blobs

    def frames(self, part: str = "", columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of *part*, or all, a segment at a time; with all or some *columns*."""
        return (self.frame(segment, part, columns) for segment in self.segments)

    def frame(self, segment: Segment, part: str = "", columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a segment that are of *part*, or all; with all or some *columns*."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, *(self.division.columns if part else ())]))
        frame = pl.read_parquet(io.BytesIO(self.blobs.get(segment.blob)), columns=wanted)
        kept = frame.filter(part_of(self.division, frame) == part) if part else frame
        return kept if columns is None else kept.select(columns)

    def rows(self, part: str = "", columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of *part*, or all, in order."""
        return pl.concat(self.frames(part, columns))

    def distinct(self, column: str) -> pl.DataFrame:
        """The different values of a column."""
        return pl.concat(frame.unique() for frame in self.frames(columns=(column,))).unique()

    def sample(self, part: str, rows: int, limit: int = SAMPLE) -> pl.DataFrame:
        """At most *limit* of the *rows* of a part, always the same ones, in order."""
        if rows <= limit:
            return self.rows(part)
        chance = np.random.Generator(np.random.Philox(0))
        return pl.concat(
            frame.filter(chance.random(len(frame)) < 0.98 * limit / rows) for frame in self.frames(part)
        ).head(limit)
