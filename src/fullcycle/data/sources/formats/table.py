"""What opening a file gives, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from fullcycle.data.kept import Kept


class File(NamedTuple):
    """A file on this machine.

    Attributes
    ----------
    path : where its bytes are.
    shown : how messages name it.
    kind : csv, tsv, json, jsonl, parquet, arrow, xlsx or delta.
    compression : gz, zip, zst, or empty.
    kept : where it is kept what was found out about the file.
    """

    path: Path
    shown: str
    kind: str
    compression: str = ""
    kept: Kept = Kept()


class Table(NamedTuple):
    """A file that was opened.

    Attributes
    ----------
    schema : type of each column, in the file's order.
    batches : the rows in the file's order; may be called again.
    broken : what could not be read as a row, once *batches* has been gone through: row from 1, raw text, reason.
    fingerprint : SHA-256 of the bytes, before they were compressed.
    detected : what was found out about the file rather than stated, such as its delimiter.
    """

    schema: Mapping[str, pl.DataType]
    batches: Callable[[], Iterator[pl.DataFrame]]
    broken: Callable[[], list[tuple[int, str, str]]]
    fingerprint: str
    detected: Mapping[str, str]


def nothing_broken() -> list[tuple[int, str, str]]:
    """Of a format in which a row cannot be broken alone.

    >>> nothing_broken()
    []
    """
    return []
