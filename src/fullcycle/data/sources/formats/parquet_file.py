"""Parquet: columns in their types, read by slices."""

from __future__ import annotations

import polars as pl

from fullcycle.data.sources.formats.compression import digest
from fullcycle.data.sources.formats.slices import damaged, ends, slices
from fullcycle.data.sources.formats.table import File, Table, nothing_broken
from fullcycle.data.sources.formats.text import refuse_page
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError

_MAGIC = b"PAR1"


def opened(file: File, source: Source) -> Table:
    """A Parquet file.

    Raises
    ------
    InputError
        It is another kind of file, was cut short, or has no rows.
    """
    start, end = ends(file, len(_MAGIC))
    refuse_page(start, file.shown)
    if start[:4] != _MAGIC:
        raise InputError("not a Parquet file", place=file.shown, found=f"bytes {start[:4].hex(' ')}", expected="PAR1")
    if end != _MAGIC:
        raise damaged(file, "no footer at its end")

    def scan() -> pl.LazyFrame:
        return pl.scan_parquet(file.path, glob=False)

    try:
        schema = dict(pl.read_parquet_schema(file.path))
        rows = int(scan().select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged(file, error) from None
    if not rows:
        raise InputError("the file has no rows", place=file.shown)
    return Table(schema, lambda: slices(file, scan, rows, len(schema)), nothing_broken, digest(file), {})
