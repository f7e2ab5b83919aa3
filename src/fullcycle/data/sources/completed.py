"""What a table lacks where nobody wrote it down: when its rows were taken, and what each of them is about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime

import polars as pl

from fullcycle.data.sources.reading import Reading
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

SNAPSHOT = "snapshot"
"""The column that says when the table was taken."""

ROW_NUMBER = "row_number"
"""The column that numbers the rows from 1."""


def completed(reading: Reading, source: Source) -> Reading:
    """The reading with the columns that its source declares beside its own: ``snapshot`` and ``row_number``.

    Raises
    ------
    InputError
        The source has a column of that name; or the snapshot is no date.

    Examples
    --------
    >>> from fullcycle.data.sources.reading import of_frame, whole
    >>> rows = of_frame(pl.DataFrame({"a": [5, 6]}), "ab")
    >>> table = whole(completed(rows, Source(name="rows", location="rows.csv", snapshot="2026-01-31", row_number=True)))
    >>> table["snapshot"].dt.date().to_list()[0].isoformat(), table["row_number"].to_list()
    ('2026-01-31', [1, 2])
    """
    added = (SNAPSHOT,) * bool(source.snapshot) + (ROW_NUMBER,) * source.row_number
    if not added:
        return reading
    for name in added:
        if name in reading.columns:
            raise InputError(
                f"the source has a column {name!r} of its own",
                place=f"source {source.name!r}",
                mend=f"leave out {name!r} in [[data.sources]] of cycle.toml",
            )
    taken = _moment(source)

    def batches() -> Iterator[pl.DataFrame]:
        number = 1
        for rows in reading.batches():
            if taken is not None:
                rows = rows.with_columns(pl.lit(taken).dt.cast_time_unit("us").alias(SNAPSHOT))
            if source.row_number:
                rows = rows.with_columns(pl.int_range(number, number + rows.height, dtype=pl.Int64).alias(ROW_NUMBER))
            number += rows.height
            yield rows

    marks = f"{reading.fingerprint}\n{source.snapshot}\n{source.row_number}"
    return reading._replace(
        columns=(*reading.columns, *added),
        batches=batches,
        fingerprint=hashlib.sha256(marks.encode()).hexdigest(),
    )


def _moment(source: Source) -> datetime | None:
    if not source.snapshot:
        return None
    try:
        day = date.fromisoformat(source.snapshot)
    except ValueError:
        raise InputError(
            "the snapshot is no date",
            place=f"source {source.name!r}, 'snapshot' in [[data.sources]] of cycle.toml",
            found=source.snapshot,
            expected="a date such as 2026-01-31",
        ) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
