"""Delta tables: the rows of the newest version, of a folder or an object store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from fullcycle.data.sources.formats.table import File, Table, nothing_broken
from fullcycle.data.sources.location import shown
from fullcycle.data.sources.reading import BATCH
from fullcycle.kernel.errors import InputError, OutsideError


def opened(file: File, address: str) -> Table:
    """The Delta table at *address*, a folder or a URL.

    Its fingerprint is made of its rows in any order, so that compaction or a copy does not change it, and a cell does.
    Reading it costs one pass more. Credentials of a store are read from the environment.

    Raises
    ------
    InputError
        There is no table, it has no rows, or a file of it is missing or damaged.
    OutsideError
        The store does not answer.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    options = store_options() if "://" in address else None
    try:
        table = DeltaTable(address, storage_options=options)
    except TableNotFoundError:
        raise InputError("there is no Delta table", place=file.shown, expected="a folder with _delta_log") from None
    except (DeltaError, OSError) as error:
        kind = OutsideError if options is not None else InputError
        raise kind("the Delta table cannot be read", place=file.shown, found=_first_line(error)) from None

    def batches() -> Iterator[pl.DataFrame]:
        return _batches(table, options, file)

    schema, fingerprint = _surveyed(batches, file)
    return Table(schema, batches, nothing_broken, fingerprint, {"version": str(table.version())})


def store_options() -> dict[str, str]:
    """What a store needs beside its own variables of the environment: plain HTTP, where its address has it.

    >>> store_options()
    {}
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "") or os.environ.get("AWS_ENDPOINT", "")
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"} if endpoint.startswith("http://") else {}


def _batches(table: Any, options: dict[str, str] | None, file: File) -> Iterator[pl.DataFrame]:
    try:
        scan = pl.scan_delta(table, storage_options=options or None)
        for part in scan.collect_batches(chunk_size=BATCH, maintain_order=True, lazy=True):
            yield from part.iter_slices(BATCH)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            "a file of the Delta table is missing or damaged",
            place=file.shown,
            found=_first_line(error),
            mend="restore the table to a version whose files are there",
        ) from None


def _surveyed(batches: Any, file: File) -> tuple[dict[str, pl.DataType], str]:
    """Schema and fingerprint: the sum of the digests of all rows."""
    schema: dict[str, pl.DataType] = {}
    total = rows = 0
    for part in batches():
        schema = dict(part.schema)
        rows += len(part)
        for row in part.iter_rows():
            total += int.from_bytes(hashlib.sha256(msgspec.json.encode(row)).digest())
    if not rows:
        raise InputError("the Delta table has no rows", place=file.shown)
    names = msgspec.json.encode([[name, str(type_)] for name, type_ in schema.items()])
    return schema, hashlib.sha256(names + (total % (1 << 256)).to_bytes(32)).hexdigest()


def _first_line(error: Exception) -> str:
    return shown(str(error).split("\n")[0])
