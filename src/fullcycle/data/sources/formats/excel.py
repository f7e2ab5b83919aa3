"""Excel: one sheet of a workbook, numbers, dates and truth values in their types."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import selectors

from fullcycle.data.sources.extra import require
from fullcycle.data.sources.formats.compression import digest
from fullcycle.data.sources.formats.table import File, Table, nothing_broken
from fullcycle.data.sources.formats.text import refuse_page
from fullcycle.data.sources.reading import BATCH
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import InputError, nearest


def opened(file: File, source: Source) -> Table:
    """A sheet of a workbook: ``sheet``, or the first. Its first line names the columns.

    A column of which some cells are text is all text; one of whole numbers is whole, since Excel knows only floats.

    Raises
    ------
    InputError
        It is no workbook, lacks the sheet, or the sheet has no rows or two columns of one name.
    """
    fastexcel = require("fastexcel", "excel")
    with file.path.open("rb") as body:
        start = body.read(4096)
    if not start:
        raise InputError("the file is empty", place=file.shown, expected="a workbook")
    refuse_page(start, file.shown)
    try:
        workbook = fastexcel.read_excel(file.path)
        sheet = _sheet(workbook, source.sheet, file)
        frame = _frame(workbook, sheet, f"{file.shown}, sheet {sheet!r}")
    except fastexcel.FastExcelError as error:
        raise InputError(
            "not a workbook of Excel, or a damaged one",
            place=file.shown,
            found=str(error).split("\n")[0],
            mend="open and save it in Excel again, or export the sheet as CSV",
        ) from None
    return Table(dict(frame.schema), lambda: frame.iter_slices(BATCH), nothing_broken, digest(file), {"sheet": sheet})


def _sheet(workbook: Any, wanted: str, file: File) -> str:
    names: list[str] = workbook.sheet_names
    if not wanted:
        return names[0]
    if wanted not in names:
        raise InputError(
            f"the workbook has no sheet {wanted!r}",
            place=file.shown,
            found=", ".join(names),
            expected=nearest(wanted, names) or "",
            mend="mend 'sheet' under [[data.sources]]",
        )
    return wanted


def _frame(workbook: Any, sheet: str, place: str) -> pl.DataFrame:
    header = workbook.load_sheet(sheet, header_row=None, n_rows=1, dtypes="string").to_polars()
    if not header.width:
        raise InputError("the sheet is empty", place=place, expected="a header and rows")
    names = [name or f"column_{number}" for number, name in enumerate(header.row(0), 1)]
    if repeated := [name for at, name in enumerate(names) if name in names[:at]]:
        raise InputError(
            "two columns have the same name", place=f"{place}, row 1", found=repeated[0], mend="rename one"
        )
    # every row is looked at for the types: a later cell that does not fit would silently be lost otherwise
    frame: pl.DataFrame = workbook.load_sheet(
        sheet, header_row=None, skip_rows=1, column_names=names, schema_sample_rows=None
    ).to_polars()
    if not len(frame):
        raise InputError("the sheet has a header but no rows", place=place)
    return frame.with_columns(_whole(frame[name]) for name in frame.select(selectors.float()).columns)


def _whole(numbers: pl.Series) -> pl.Series:
    """Whole numbers as integers; what no float can tell apart stays a float."""
    filled = numbers.drop_nulls()
    if len(filled) and bool(((filled == filled.round(0)) & (filled.abs() < 2**53)).all()):
        return numbers.cast(pl.Int64)
    return numbers
