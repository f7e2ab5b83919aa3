"""Columns: each column of a segment sketched, segments merged, and monitoring's reference derived from them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import polars as pl

from fullcycle.data.records import Column, Profile
from fullcycle.kernel.errors import ColumnMissing, Corrupt
from fullcycle.kernel.record import canonical
from fullcycle.measure.sketches import ColumnSketch, reference

OPEN = ("", "no")
"""Decisions about personal data under which a column's values may stand in a record."""
_THREADS = 4  # more would hold more columns in memory at a time


def profile(rows: pl.DataFrame, columns: Sequence[Column], *, untold: Collection[str] = ()) -> dict[str, ColumnSketch]:
    """The sketch of each column of a segment.

    Parameters
    ----------
    rows : typed rows of one segment, in any order.
    columns : those to sketch, all in *rows*.
    untold : columns of which no value may enter a record, such as those in which personal data was found and nobody
        has decided what to do; those decided to be personal are never told.

    Raises
    ------
    ColumnMissing
        A column is not in *rows*.

    Examples
    --------
    >>> weight = Column(name="weight", kind="float", known="before", feature=True)
    >>> profile(pl.DataFrame({"weight": [1.5, None]}), [weight])["weight"].missing
    1
    """
    from threadpoolctl import threadpool_limits

    for column in columns:
        if column.name not in rows.columns:
            raise ColumnMissing(column.name, rows.columns, needed_by="the profile")

    def sketched(column: Column) -> ColumnSketch:
        told = column.personal in OPEN and column.name not in untold
        return ColumnSketch.of(rows[column.name], column.kind, told=told)

    with threadpool_limits(limits=1), ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        return dict(zip((column.name for column in columns), pool.map(sketched, columns), strict=True))


def merged(segments: Iterable[Mapping[str, ColumnSketch]]) -> dict[str, ColumnSketch]:
    """The sketches of all segments' rows, given in the segments' order; no column without a segment.

    >>> one = {"weight": ColumnSketch.of(pl.Series([1.5, None]), "float")}
    >>> merged([one, one])["weight"].n
    4
    """
    whole = list(segments)
    names = list(dict.fromkeys(name for segment in whole for name in segment))
    return {name: ColumnSketch.merged([part[name] for part in whole if name in part]) for name in names}


def references(sketches: Mapping[str, ColumnSketch], columns: Sequence[Column]) -> dict[str, Profile]:
    """Monitoring's reference: cells and share of missing values of what a request brings and a model may read.

    A column whose values may not be told has none.

    >>> weight = Column(name="weight", kind="float", known="before", feature=True)
    >>> references({"weight": ColumnSketch.of(pl.Series([1.5, None]), "float")}, [weight])["weight"].missing
    0.5
    """
    found = {}
    for column in columns:
        if column.known == "before" and column.feature and column.name in sketches:
            sketch = sketches[column.name]
            if (cells := reference(sketch)) is not None:
                found[column.name] = Profile(sketch=cells, missing=sketch.missing / max(1, sketch.n))
    return found


def packed(sketches: Mapping[str, ColumnSketch]) -> bytes:
    """Sketches as a blob; the same sketches are the same bytes.

    >>> unpacked(packed({"weight": ColumnSketch.of(pl.Series([1.5]), "float")}))["weight"].n
    1
    """
    return canonical(sketches)


def unpacked(body: bytes) -> dict[str, ColumnSketch]:
    """The sketches of a blob. Raises Corrupt where it holds none."""
    try:
        return msgspec.json.decode(body, type=dict[str, ColumnSketch])
    except msgspec.MsgspecError as error:
        raise Corrupt("a blob of sketches is damaged", found=str(error)) from None
