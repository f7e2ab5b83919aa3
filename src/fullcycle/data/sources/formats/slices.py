"""Slices: a large file of columns, read so many rows at a time that they fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from fullcycle.data.sources.formats.table import File
from fullcycle.data.sources.reading import BATCH
from fullcycle.kernel.errors import InputError

_CELLS = 1 << 23  # of a slice, at most, where rows are wide


def slices(file: File, scan: Callable[[], pl.LazyFrame], rows: int, width: int) -> Iterator[pl.DataFrame]:
    """The *rows* of *file*, of *width* columns, in its order.

    Slices bound the memory whatever the size of the row groups in the file, and however slowly the rows are taken.

    Raises
    ------
    InputError
        A part of the file is damaged; names the rows.
    """
    step = max(BATCH, min(4 * BATCH, _CELLS // max(1, width)))
    for start in range(0, rows, step):
        try:
            part = scan().slice(start, step).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise damaged(file, error, f", rows {start + 1} to {min(rows, start + step)}") from None
        yield from part.iter_slices(BATCH)


def ends(file: File, size: int) -> tuple[bytes, bytes]:
    """The first 4096 bytes of *file* and its last *size*.

    Raises
    ------
    InputError
        It is empty.
    """
    with file.path.open("rb") as body:
        start = body.read(4096)
        body.seek(0, 2)
        body.seek(max(0, body.tell() - size))
        end = body.read()
    if not start:
        raise InputError("the file is empty", place=file.shown, expected="a table")
    return start, end


def damaged(file: File, error: Exception | str, rows: str = "") -> InputError:
    """What is raised where *file* is not what its name says."""
    return InputError(
        f"the {file.kind} file is cut short or damaged",
        place=file.shown + rows,
        found=str(error).split("\n")[0],
        mend="copy or write the file again",
    )
