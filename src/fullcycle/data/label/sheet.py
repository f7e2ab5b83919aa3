"""Sheets: rows to label as CSV, for any spreadsheet, and the filled sheet back."""

from __future__ import annotations

import io
from collections.abc import Sequence

import polars as pl

from fullcycle.data.label.annotations import Annotations, Given, collected, moment, written
from fullcycle.kernel.errors import ColumnMissing, InputError

FILLED = ("label", "annotator", "labelled_at")
"""Columns that people fill in; who and when may stay empty."""


def sheet(queued: pl.DataFrame, *, columns: Sequence[str], entity: str, time: str, annotators: int = 1) -> bytes:
    """A CSV file with one line for each row and annotator.

    Parameters
    ----------
    queued : as `queue` gives it.
    columns : what annotators are shown.
    annotators : how many look at each row; their lines are numbered.

    Raises
    ------
    ColumnMissing
        One of the columns is not there.
    InputError
        One of the columns is called as one that people fill in.

    >>> queued = pl.DataFrame({"id": ["a"], "at": ["2024-05-01"], "text": ["hello"], "selection": [0.5]})
    >>> print(sheet(queued, columns=["text"], entity="id", time="at").decode().strip())
    id,at,text,selection,label,annotator,labelled_at
    a,2024-05-01,hello,0.5,,1,
    """
    shown = list(dict.fromkeys((entity, time, *columns)))
    for name in shown:
        if name not in queued.columns:
            raise ColumnMissing(name, queued.columns, needed_by="the sheet")
    if taken := sorted({*FILLED, "selection"}.intersection(shown)):
        mend = "rename it, or leave it out"
        raise InputError("a column is called as one of the sheet", found=taken[0], mend=mend)
    if "selection" in queued.columns:
        shown.append("selection")
    keys = {
        name: pl.Series(name, [None if cell is None else written(cell) for cell in queued[name]], pl.String)
        for name in (entity, time)
    }
    plain = queued.select(shown).with_columns(*keys.values())
    lines = pl.concat(
        plain.with_row_index("line").with_columns(
            label=pl.lit(None, pl.String), annotator=pl.lit(str(number)), labelled_at=pl.lit(None, pl.String)
        )
        for number in range(1, annotators + 1)
    )
    return lines.sort("line", "annotator", maintain_order=True).drop("line").write_csv().encode()


def read_sheet(body: bytes, *, place: str, entity: str, time: str) -> Annotations:
    """What annotators filled in; a line without a label is a row that nobody has looked at yet.

    Parameters
    ----------
    place : the file's name, for messages.

    Raises
    ------
    InputError
        The file is no CSV in UTF-8, or a line does not say which row it is of; names the line.
    ColumnMissing
        A column is not there.

    >>> body = b"id,at,label,annotator,labelled_at\\na,2024-05-01,late,ana,2024-06-01\\nb,2024-05-01,,,\\n"
    >>> found = read_sheet(body, place="sheet.csv", entity="id", time="at")
    >>> found.given.select("entity", "annotator", "label").rows(), found.unlabelled
    ([('a', 'ana', 'late')], 1)
    """
    try:
        frame = pl.read_csv(io.BytesIO(body.removeprefix(b"\xef\xbb\xbf")), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        found = str(error).split("\n")[0][:80]
        raise InputError(
            "the sheet is no CSV in UTF-8", place=place, found=found, mend="save it as CSV UTF-8"
        ) from None
    for name in (entity, time, "label"):
        if name not in frame.columns:
            raise ColumnMissing(name, frame.columns, source=place, needed_by="a sheet of labels")
    given = [
        one
        for line, row in enumerate(frame.iter_rows(named=True), 2)
        if (one := _line(row, f"{place}, line {line}", entity, time)) is not None
    ]
    labelled = {(one.entity, one.time) for one in given}
    rows = set(frame.select(entity, time).rows())
    return collected(given, len(rows - labelled))


def _line(row: dict[str, str | None], place: str, entity: str, time: str) -> Given | None:
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    for name in (entity, time):
        if not cells[name]:
            raise InputError(
                "the line does not say which row it is of", place=f"{place}, column {name!r}", found="nothing"
            )
    if not cells["label"]:
        return None
    try:
        selection = float(cells["selection"]) if cells.get("selection") else None
    except ValueError:
        found = cells["selection"][:40]
        raise InputError("not a probability", place=f"{place}, column 'selection'", found=found) from None
    at = moment(cells.get("labelled_at", ""), f"{place}, column 'labelled_at'")
    return Given(cells[entity], cells[time], cells.get("annotator", ""), cells["label"], at, False, selection, place)
