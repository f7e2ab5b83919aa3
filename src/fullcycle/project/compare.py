"""Comparing two records: of any kind by their fields, of two datasets also by rows, schema, distribution and quality."""

from __future__ import annotations

from typing import cast

from fullcycle.data.diff import Difference, RowChanges, changes, diff
from fullcycle.data.records import Dataset
from fullcycle.kernel.blobs import Blobs, get_record
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import Record, kind_of
from fullcycle.scoping.records import Charter


def compared(before: Record, after: Record, blobs: Blobs) -> Difference:
    """What changed from one record to another of its kind. Rows of datasets are told by the entity and time of the later one.

    Raises
    ------
    InputError
        They are not of one kind.

    >>> from fullcycle.kernel.blobs import FolderBlobs
    >>> from fullcycle.kernel.record import kind
    >>> from pathlib import Path
    >>> @kind("doctest_compared")
    ... class Page(Record, frozen=True, kw_only=True):
    ...     title: str
    >>> compared(Page(title="a"), Page(title="b"), FolderBlobs(Path("."))).sentences()
    ('title: "a" → "b"',)
    """
    if kind_of(before) != kind_of(after):
        raise InputError(
            "records of two kinds cannot be compared",
            found=f"a {kind_of(before)} and a {kind_of(after)}",
            mend="name two of one kind; 'fullcycle trace' tells from which records one was made",
        )
    if isinstance(before, Dataset) and isinstance(after, Dataset):
        charter = cast(Charter, get_record(blobs, after.parents[0]))
        return diff(before, after, blobs, key=(charter.entity, charter.time))
    return Difference(rows=RowChanges(), schema=(), shifts=(), quality=(), fields=changes(before, after))
