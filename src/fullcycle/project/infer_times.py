"""Which column of a table says when a row happened, how its times are written, and which of them cannot be read."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.cells import cells as seen
from fullcycle.data.clean.dates import read
from fullcycle.data.clean.proposal import Evidence, clean_line
from fullcycle.data.clean.styles import styles
from fullcycle.data.settings import ColumnFact
from fullcycle.data.sources.types import parse
from fullcycle.kernel.errors import InputError

BROKEN = 0.02
"""Share of cells that need not parse in a column of times."""


class Times(NamedTuple):
    """The column of times: its cells as ISO 8601 where they are written otherwise, what to declare for it, what to know."""

    name: str
    cells: pl.Series
    lines: tuple[str, ...] = ()
    note: str = ""


def first_times(frame: pl.DataFrame, but: Collection[str | None], source: str) -> Times:
    """The first column of times that every row fills, *but* those: one that is filled later cannot say when to predict.

    Times in ISO 8601 come first; a column of other formats is taken where there is none.

    Parameters
    ----------
    source : name of the file, for messages.

    Raises
    ------
    InputError
        There is none.

    >>> first_times(pl.DataFrame({"day": ["31/12/2025", "01/01/2026"]}), [], "rows.csv").lines
    ('formats.day = ["%d/%m/%Y"]  # cells that say day_first 1, month_first 0, ambiguous 1',)
    """
    others = [name for name in frame.columns if name not in but]
    for read_as in (_iso, _formatted):
        found = (read_as(frame[name]) for name in others if _may_be_times(frame[name]))
        if times := next((one for one in found if one is not None), None):
            return times
    raise InputError(
        "no column holds times",
        place=source,
        found=", ".join(frame.columns[:8]),
        expected="a column of times such as 2026-03-01T08:00:00",
        mend="name it with --time: it decides what a prediction may see; a table whose rows have none takes --snapshot DATE",
    )


def _may_be_times(cells: pl.Series) -> bool:
    return cells.dtype == pl.String or cells.dtype.is_temporal()


def _iso(cells: pl.Series, least: float = 1 - BROKEN) -> Times | None:
    """A column in which nearly every cell is a time; the odd broken one goes to quarantine later."""
    broken = parsed(cells).null_count()
    return None if broken > (1 - least) * len(cells) else Times(cells.name, cells, (), _unreadable(broken, len(cells)))


def _formatted(cells: pl.Series, least: float = 1 - BROKEN) -> Times | None:
    """A column of times in other formats than ISO 8601, with the formats to declare."""
    if cells.dtype.is_temporal():
        return None
    text = cells.cast(pl.String)
    idea = next((one for one in styles(seen(text, ColumnFact(type="time")), "UTC") if "formats" in one.setting), None)
    if idea is None:
        return None
    formats = idea.setting["formats"]
    times = _iso(read(text, formats, "UTC"), least)
    if times is None:
        return None
    counts = ", ".join(
        f"{name} {idea.evidence[name]}" for name in ("day_first", "month_first", "ambiguous") if name in idea.evidence
    )
    doubt = "day and month cannot be told apart in any cell: check" if _either_way(idea.evidence) else ""
    line = clean_line("formats", cells.name, formats) + (f"  # cells that say {counts}" if counts else "")
    return times._replace(lines=(line,), note="; ".join(filter(None, (times.note, doubt))))


def _either_way(evidence: Evidence) -> bool:
    return bool(evidence.get("ambiguous")) and not evidence.get("day_first") and not evidence.get("month_first")


def _unreadable(broken: int, rows: int) -> str:
    if not broken:
        return ""
    return f"{broken} of {rows} cells are no times: their rows go to quarantine, see 'fullcycle data --quarantine FILE'"


def named_times(frame: pl.DataFrame, time: str, source: str) -> Times:
    """The column that a person named: as it is, or in the formats that at least half of it are written in.

    Raises
    ------
    InputError
        Most of it is no time; names the first row that is none.

    >>> named_times(pl.DataFrame({"at": ["2026-01-01", "soon"]}), "at", "rows.csv").note[:26]
    '1 of 2 cells are no times:'
    """
    cells = frame[time]
    if _may_be_times(cells):
        found = _iso(cells) or _formatted(cells, 0.5) or _iso(cells, 0.5)
    else:
        found = _formatted(cells, 0.5) if cells.dtype.is_integer() else None
    if found is not None:
        return found
    broken = (parsed(cells) if _may_be_times(cells) else pl.Series([None] * len(cells))).is_null()
    row = int(broken.arg_true()[0])
    raise InputError(
        f"column {time!r} does not parse as time in {broken.sum() / len(cells):.0%} of its rows",
        place=f"{source}, row {row + 1}",
        found=str(cells[row]),
        expected="ISO 8601, such as 2013-01-01T05:15:00",
        mend="write its times so, or name another column with --time",
    )


def parsed(cells: pl.Series) -> pl.Series:
    """A column as times in UTC, null where it does not parse.

    >>> parsed(pl.Series(["2026-01-01", "soon"])).null_count()
    1
    """
    return cells.to_frame("at").select(parse(pl.col("at"), cells.dtype, ColumnFact(type="time"), "UTC"))["at"]
