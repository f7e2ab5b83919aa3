"""Values that stand for missing ones in a table that nobody has declared yet: words such as ``n/a``, codes such as -999.

Taken as true values they would be a category, or a bound that no fresh row keeps; so they are proposed as missing, with the counts
that speak for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from fullcycle.data.clean.cells import cells
from fullcycle.data.clean.proposal import clean_line
from fullcycle.data.clean.sentinels import coded, said
from fullcycle.data.settings import ColumnFact, ColumnType


class Marks(NamedTuple):
    """What stands for a missing value in a column, and in how many of its cells."""

    marks: tuple[str, ...]
    times: int
    of: int


def words_for_missing(rows: pl.DataFrame, but: Collection[str]) -> dict[str, Marks]:
    """By column, words that say that a value is missing; *but* those columns.

    >>> words_for_missing(pl.DataFrame({"age": ["31", "n/a", "N/A"]}), [])
    {'age': Marks(marks=('N/A', 'n/a'), times=2, of=3)}
    """
    found = {}
    for name in rows.columns:
        if name not in but and rows.schema[name] == pl.String:
            for idea in said(cells(rows[name], ColumnFact(type="category"))):
                marks = tuple(mark for mark in idea.setting["missing"] if mark)  # an empty cell is missing anyway
                if marks:
                    found[name] = Marks(marks, int(str(idea.evidence["cells"])), int(str(idea.evidence["of"])))
    return found


def codes_for_missing(rows: pl.DataFrame, types: Mapping[str, ColumnType], but: Collection[str]) -> dict[str, Marks]:
    """By column of numbers, codes that stand for missing ones: repeated, and far from all other values; *but* those columns.

    Parameters
    ----------
    rows : in their types.

    >>> rows = pl.DataFrame({"age": [*range(20, 80), -999, -999, -999]})
    >>> codes_for_missing(rows, {"age": "integer"}, [])
    {'age': Marks(marks=('-999',), times=3, of=63)}
    """
    found = {}
    for name, kind in types.items():
        if name in but or kind not in ("float", "integer"):
            continue
        values = np.sort(rows[name].cast(pl.Float64).drop_nulls().to_numpy())
        for idea in coded(cells(rows[name], ColumnFact(type=kind)), values):
            found[name] = Marks(
                idea.setting["missing"], int(str(idea.evidence["cells"])), int(str(idea.evidence["of"]))
            )
    return found


def missing_lines(words: Mapping[str, Marks], codes: Mapping[str, Marks]) -> tuple[str, ...]:
    """Lines of ``[data.clean]``, one a column, with what speaks for them.

    >>> missing_lines({"age": Marks(("n/a",), 2, 63)}, {"age": Marks(("-999",), 3, 63)})
    ('missing.age = ["n/a", "-999"]  # 5 of 63 cells; -999 lies far from all other values',)
    """
    lines = []
    for name in dict.fromkeys((*words, *codes)):
        both = [found[name] for found in (words, codes) if name in found]
        marks = tuple(mark for one in both for mark in one.marks)
        far = f"; {', '.join(codes[name].marks)} lies far from all other values" if name in codes else ""
        evidence = f"{sum(one.times for one in both)} of {max(one.of for one in both)} cells{far}"
        lines.append(f"{clean_line('missing', name, marks)}  # {evidence}")
    return tuple(lines)
