"""The rows of a dataset as they are kept: a blob a month, read one at a time or by parts."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.data.kept import Kept
from fullcycle.data.months import span_of
from fullcycle.data.sources.files import parquet
from fullcycle.data.split.division import Division, deciding, part_of
from fullcycle.kernel.blobs import Blobs

SAMPLE = 200_000
"""Rows that checks look at whose cost grows faster than the rows."""
VERSION = 1
"""Raised when another sample is drawn of the same rows; what was kept of an older version is then not read."""


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
        wanted = (one for one in self.segments if not part or self._inside(one, part) is not None)
        return (self.frame(segment, part, columns) for segment in wanted)

    def frame(self, segment: Segment, part: str = "", columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a segment that are of *part*, or all; with all or some *columns*."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, *(self.division.columns if part else ())]))
        frame = pl.read_parquet(io.BytesIO(self.blobs.get(segment.blob)), columns=wanted)
        kept = frame.filter(part_of(self.division, frame) == part) if part else frame
        return kept if columns is None else kept.select(columns)

    def rows(self, part: str = "", columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of *part*, or all, in order."""
        found = list(self.frames(part, columns))
        return pl.concat(found) if found else self.frame(self.segments[0], part, columns)

    def distinct(self, column: str) -> pl.DataFrame:
        """The different values of a column."""
        return pl.concat(frame.unique() for frame in self.frames(columns=(column,))).unique()

    def sample(self, part: str, rows: int, limit: int = SAMPLE, kept: Kept | None = None) -> pl.DataFrame:
        """At most *limit* of the *rows* of a part, always the same ones, in order.

        Which rows of a month are drawn follows from that month's rows alone, and from how many rows there are in all to
        three binary digits. So a month whose rows are *kept* is not read again, until the whole has grown by a quarter, about.
        """
        if rows <= limit:
            return self.rows(part)
        share = drawn_share(rows, limit)
        found = (self._drawn(segment, part, share, kept or Kept()) for segment in self.segments)
        return pl.concat(one for one in found if one is not None).head(limit)

    def _drawn(self, segment: Segment, part: str, share: float, kept: Kept) -> pl.DataFrame | None:
        """About a *share* of the rows of a segment that are of *part*, told by the digest of the segment; None without any."""
        inside = self._inside(segment, part)
        if inside is None:
            return None
        key = kept.key("sample", VERSION, [segment.blob, part, inside, share])
        if self.blobs.erased(segment.blob) is None and (body := kept.get(key)) is not None:
            return pl.read_parquet(io.BytesIO(body))
        frame = self.frame(segment)
        chance = np.random.Generator(np.random.Philox(int(segment.blob[:16], 16)))
        drawn = frame.filter((part_of(self.division, frame) == part) & pl.Series(chance.random(len(frame)) < share))
        kept.put(key, parquet(drawn))
        return drawn

    def _inside(self, segment: Segment, part: str) -> Division | None:
        """What decides which rows of a segment are of *part*; None where none is."""
        if self.division.by == "time" and part not in self.division.spans:
            return None
        return deciding(self.division, part, *(span_of(segment.period) or (None, None)))


def drawn_share(rows: int, limit: int) -> float:
    """The share of *rows* that is drawn so that hardly ever more than *limit* are: of three binary digits, rounded down.

    >>> drawn_share(1000, 100), drawn_share(1030, 100)
    (0.09375, 0.09375)
    """
    digits, power = math.frexp(0.98 * limit / rows)
    return math.ldexp(math.floor(8 * digits), power - 3)
