"""Quarantine as a file: written out, mended by a person, and read again as a source."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import polars as pl
from msgspec import Struct

from fullcycle.data.records import Dataset
from fullcycle.data.sources import CLEANERS
from fullcycle.data.sources.read import read
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.project.folder import Project
from fullcycle.project.table_file import check_suffix, write_table

ADDED = ("reasons", "raw")
"""Columns that quarantine adds; they are ignored when the file is read again."""

_INSTANT = r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.0+)?(\.\d+)?(?:\+00:00| UTC)$"
"""How Polars writes a time as text."""


class Written(Struct, frozen=True, kw_only=True):
    """What was written, and what to do with it.

    Attributes
    ----------
    file : empty where nothing is in quarantine.
    toml : what makes the mended file a source; empty where the rows cannot come back so.
    notes : what to know before mending, as sentences.
    """

    file: str
    rows: int
    toml: str
    notes: tuple[str, ...]


def quarantined(dataset: Dataset, blobs: Blobs) -> pl.DataFrame:
    """The rows that *dataset* turned away, as text, with their ``reasons``, and ``raw`` where not even the cells are known.

    Times stand as ISO 8601, so that they are read again.
    """
    names = [column.name for column in dataset.columns if column.name not in dataset.derived]
    if not dataset.quarantine:
        return pl.DataFrame(schema=dict.fromkeys((*names, *ADDED), pl.String()))
    rows = pl.read_parquet(io.BytesIO(blobs.get(dataset.quarantine)))
    times = [column.name for column in dataset.columns if column.kind == "time" and column.name in rows.columns]
    return rows.with_columns(pl.col(name).str.replace(_INSTANT, "${1}T${2}${3}Z") for name in times)


def write_quarantine(project: Project, dataset: Dataset, file: Path) -> Written:
    """Write the rows that *dataset* turned away to *file*, as its suffix says, with the columns that the first source brings.

    Raises
    ------
    InputError
        The suffix is unknown, or the file is there already: it may have been mended.
    """
    check_suffix(file)
    if file.exists():
        raise InputError(
            "the file is there already, and may hold mended rows", place=str(file), mend="name another, or remove it"
        )
    rows = quarantined(dataset, project.blobs)
    if not len(rows):
        return Written(file="", rows=0, toml="", notes=("nothing is in quarantine; no file was written",))
    rows = rows.select(_brought(project, rows))
    write_table(rows, file)
    made = project.settings.data.examples is not None
    return Written(
        file=str(file),
        rows=len(rows),
        toml="" if made else _toml(project, file),
        notes=tuple(_notes(rows, dataset, made=made)),
    )


def _brought(project: Project, rows: pl.DataFrame) -> list[str]:
    """The columns of *rows* that the first source brings: joins, windows and the project's own steps add theirs again."""
    data = project.settings.data
    project.load_code()
    if data.examples is not None or not (data.joins or data.windows or list(CLEANERS)):
        return rows.columns
    theirs = {*read(data.sources[0], project.folder).columns, *ADDED}
    return [name for name in rows.columns if name in theirs]


def _notes(rows: pl.DataFrame, dataset: Dataset, *, made: bool) -> list[str]:
    notes = []
    treated = [column.name for column in dataset.columns if column.personal in ("hash", "mask")]
    if held := [name for name in treated if name in rows.columns]:
        notes.append(f"put the original values back into {', '.join(held)}: only what privacy leaves of them is kept")
    if "raw" in rows.columns and (torn := len(rows) - rows["raw"].null_count()):
        notes.append(f"{torn} of the rows could not be read at all: 'raw' says where they stand and what is there")
    if made:
        notes.append("the rows are made from events: mend the events in their own sources")
    return notes


def _toml(project: Project, file: Path) -> str:
    """The source that a mended *file* is."""
    taken = {source.name for source in project.settings.data.sources}
    names = ("mended", *(f"mended_{place}" for place in range(2, len(taken) + 3)))
    name = next(name for name in names if name not in taken)
    place = Path(os.path.relpath(file.resolve(), project.folder)).as_posix()
    lines = [
        "[[data.sources]]",
        f'name = "{name}"',
        f"from = {json.dumps(place, ensure_ascii=False)}",
        f"extends = {json.dumps(project.settings.data.sources[0].name, ensure_ascii=False)}",
    ]
    return "\n".join(lines) + "\n"
