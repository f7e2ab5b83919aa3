"""Sentinels: values that stand for missing ones, as words or as numbers far out that come again and again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.clean.cells import Cells, is_marker
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.touched import Example

_NINES = [float("9" * digits) for digits in range(1, 10)]
_CODES = [-1.0, *(-nines for nines in _NINES), *_NINES[1:], -32768.0, 32767.0, -2147483648.0, 2147483647.0]
_OFTEN = 3  # times that a code must come
_ROWS = 50  # values beside the codes that tell what is usual


def said(cells: Cells) -> Iterator[Idea]:
    """Words that say that a value is missing."""
    found = cells.words.filter(is_marker(pl.col("word"), cells.fact.type))
    if len(found):
        marks = tuple(found["word"].str.strip_chars().unique().sort())
        yield _idea(cells, marks, int(found["count"].sum()))


def coded(cells: Cells, values: NDArray[np.float64]) -> Iterator[Idea]:
    """Numbers that stand for missing ones: one of the usual codes, repeated, and far from all other values.

    Parameters
    ----------
    values : the column's numbers, in ascending order.
    """
    distinct, times = np.unique(values, return_counts=True)
    code = np.isin(distinct, _CODES)
    rest = distinct[~code]
    if int(times[~code].sum()) < _ROWS or len(rest) < 2:
        return
    low, high = float(rest[0]), float(rest[-1])
    far = (distinct < low - (high - low)) | (distinct > high + (high - low))
    far |= (distinct < 0) & (low >= 0)
    found = code & far & (times >= _OFTEN)
    if found.any():
        marks = tuple(f"{value:.0f}" for value in distinct[found])
        yield _idea(cells, marks, int(times[found].sum()))


def _idea(cells: Cells, marks: tuple[str, ...], times: int) -> Idea:
    # markers are of our own list, not learnt from the cells: they may be shown
    examples = tuple(Example(before=mark, after=None) for mark in marks[:3])
    return Idea("missing", cells.name, {"cells": times, "of": cells.n}, examples, setting={"missing": marks})
