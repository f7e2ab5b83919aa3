"""Rows in canonical order, a calendar month at a time: small tables stay in memory, large ones wait on disk."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

_IN_MEMORY = 256 << 20
"""Bytes of rows that may wait in memory before they are written to disk."""
_MOST = 1 << 21
"""Rows of a period on disk, at most; a month with more is cut into days."""


_MONTH = "month of the row"


class Period(NamedTuple):
    """A month, or a day of a month that is too large; *frame* is in memory, or *path* on disk."""

    name: str
    start: datetime
    last: datetime
    rows: int
    frame: pl.DataFrame | None
    path: Path | None


class Months:
    """Rows that are put in by batches in any order and come out by months (UTC), each in canonical order.

    The same rows give the same months, whatever the batches. A row's time must be there.

    Parameters
    ----------
    time : the column by which months are told.
    order : columns by which rows are ordered, *time* first.
    spool : a folder for what does not fit in memory; without one all stays there.

    Examples
    --------
    >>> months = Months("at", ("at",))
    >>> months.add(pl.DataFrame({"at": [datetime(2024, 2, 1), datetime(2024, 1, 5)]}))
    >>> [(period.name, period.rows) for period in months.periods()]
    [('2024-01', 1), ('2024-02', 1)]
    """

    def __init__(
        self,
        time: str,
        order: Sequence[str],
        *,
        spool: Path | None = None,
        in_memory: int = _IN_MEMORY,
        most: int = _MOST,
    ) -> None:
        self._time, self._order = time, tuple(order)
        self._spool, self._limit, self._most = spool, in_memory, most
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._bytes = 0
        self._folder: Path | None = None
        self._empty: pl.DataFrame | None = None
        self._periods: tuple[Period, ...] | None = None
        self._load = lru_cache(maxsize=2)(pl.read_parquet)

    def add(self, frame: pl.DataFrame) -> None:
        """Put rows in; all batches have the same columns and types."""
        self._empty = frame.clear() if self._empty is None else self._empty
        if not len(frame):
            return
        marked = frame.with_columns(pl.col(self._time).dt.truncate("1mo").alias(_MONTH))
        for (month,), part in marked.partition_by(_MONTH, as_dict=True, include_key=False).items():
            self._waiting.setdefault(f"{month:%Y-%m}", []).append(part)
        self._bytes += int(frame.estimated_size())
        if self._spool is not None and self._bytes > self._limit:
            self._write(self._spool)

    def periods(self) -> tuple[Period, ...]:
        """Every period in order. No rows can be added afterwards."""
        if self._periods is None:
            if self._folder is not None:
                self._write(self._folder)
                self._periods = tuple(self._on_disk(self._folder))
            else:
                self._periods = tuple(self._in_memory())
            self._waiting.clear()
        return self._periods

    def __iter__(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Name and rows of each period, in order."""
        for period in self.periods():
            yield period.name, self.frame(period)

    def between(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows of ``start <= time < end``."""
        frames = []
        for period in self.periods():
            if period.start < end and period.last >= start:
                frame = self.frame(period)
                first, stop = (int(frame[self._time].search_sorted(at, side="left")) for at in (start, end))
                frames.append(frame.slice(first, stop - first))
        return pl.concat(frames) if frames else self.empty

    def all(self) -> pl.DataFrame:
        """Every row in order, in memory."""
        return pl.concat([self.empty, *(frame for _, frame in self)])

    @property
    def empty(self) -> pl.DataFrame:
        """No rows, with the columns of all."""
        return pl.DataFrame() if self._empty is None else self._empty

    def frame(self, period: Period) -> pl.DataFrame:
        """The rows of a period."""
        return self._load(period.path) if period.frame is None else period.frame

    def _in_memory(self) -> Iterator[Period]:
        for name in sorted(self._waiting):
            frame = pl.concat(self._waiting[name]).sort(self._order)
            yield Period(name, *_span(frame, self._time), len(frame), frame, None)

    def _write(self, spool: Path) -> None:
        """What waits in memory as a file a month."""
        folder = self._folder = self._folder or self._made(spool)
        for name, frames in self._waiting.items():
            month = folder / name
            month.mkdir(exist_ok=True)
            pl.concat(frames).write_parquet(month / f"{len(list(month.iterdir())):06}.parquet", compression="lz4")
        self._waiting.clear()
        self._bytes = 0

    def _made(self, spool: Path) -> Path:
        """A folder of its own, gone when this is."""
        spool.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=spool))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _on_disk(self, folder: Path) -> Iterator[Period]:
        """Each month's files as one sorted file, or one a day where it is large."""
        for month in sorted(path for path in folder.iterdir() if path.is_dir()):
            files = pl.scan_parquet(sorted(month.iterdir()))
            rows = int(files.select(pl.len()).collect().item())
            if rows <= self._most:
                yield self._period(files.collect(), month.name, folder)
            else:
                yield from self._days(files, month.name, folder)
            shutil.rmtree(month)

    def _days(self, files: pl.LazyFrame, month: str, folder: Path) -> Iterator[Period]:
        day = pl.col(self._time).dt.truncate("1d")
        for start in files.select(day.unique()).collect().to_series().sort():
            yield self._period(files.filter(day == start).collect(), f"{start:%Y-%m-%d}", folder)

    def _period(self, frame: pl.DataFrame, name: str, folder: Path) -> Period:
        frame = frame.sort(self._order)
        path = folder / f"{name}.parquet"
        frame.write_parquet(path, compression="lz4")
        return Period(name, *_span(frame, self._time), len(frame), None, path)


def span_of(name: str) -> tuple[datetime, datetime] | None:
    """Between which times (UTC) the rows of a period lie, told by its name; None for a period of all times.

    >>> [f"{end:%Y-%m-%d}" for end in span_of("2024-12")], span_of("")
    (['2024-12-01', '2025-01-01'], None)
    """
    if not name:
        return None
    start = datetime.fromisoformat(name if len(name) > len("2024-12") else f"{name}-01").replace(tzinfo=UTC)
    length = timedelta(days=1 if len(name) > len("2024-12") else 32)
    end = start + length
    return start, end if length.days == 1 else end.replace(day=1)


def _span(frame: pl.DataFrame, time: str) -> tuple[datetime, datetime]:
    """First and last time of ordered rows."""
    return frame[time][0], frame[time][-1]
