"""Columns as a few levels: categories, fifths of numbers, weekdays. What slices of a table are made of."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

MISSING = "missing"
MOST = 20  # levels of one column; the most frequent ones
PARTS = 5
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_QUARTERS = ("0 to 6", "6 to 12", "12 to 18", "18 to 24")


class Levels(NamedTuple):
    """A column as codes.

    Attributes
    ----------
    name : of the column; ``weekday of …`` and ``hour of …`` for a time.
    codes : (n,) the level of each row, -1 for one that has none.
    names : of the levels, by code.
    """

    name: str
    codes: NDArray[np.int64]
    names: tuple[str, ...]


def levels(frame: pl.DataFrame, kinds: Mapping[str, str], *, zone: str, least: int) -> list[Levels]:
    """The levels of each column of *kinds* that the frame has; a level of fewer than *least* rows is none.

    >>> frame = pl.DataFrame({"city": ["Bonn", "Ulm", "Bonn"], "note": ["a", "b", "c"]})
    >>> [(it.codes.tolist(), it.names) for it in levels(frame, {"city": "category"}, zone="UTC", least=2)]
    [([0, -1, 0], ('Bonn',))]
    """
    found: list[Levels] = []
    for name, kind in kinds.items():
        if name not in frame.columns or kind == "text":
            continue
        if kind == "time":
            local = frame[name].cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
            weekday, quarter = local.dt.weekday() - 1, local.dt.hour() // 6
            found.append(_named(f"weekday of {name}", _words(weekday, _DAYS), least))
            found.append(_named(f"hour of {name}", _words(quarter, _QUARTERS), least))
        elif kind in ("float", "integer") and frame[name].n_unique() > PARTS + 1:
            found.append(_named(name, _fifths(frame[name]), least))
        else:
            found.append(_named(name, frame[name].cast(pl.String).fill_null(MISSING), least))
    return [it for it in found if it.names]


def _words(codes: pl.Series, names: tuple[str, ...]) -> pl.Series:
    return codes.cast(pl.Int64).replace_strict(range(len(names)), list(names), default=MISSING, return_dtype=pl.String)


def _fifths(series: pl.Series) -> pl.Series:
    numbers = series.cast(pl.Float64).to_numpy()
    seen = np.isfinite(numbers)
    edges = np.zeros(0)
    if seen.any():
        edges = np.unique(np.quantile(numbers[seen], np.arange(1, PARTS) / PARTS, method="lower"))
    texts = [f"{edge:.6g}" for edge in edges]
    names = [f"to {texts[0]}"] if texts else ["any"]
    names += [f"over {low} to {high}" for low, high in pairwise(texts)]
    names += [f"over {texts[-1]}"] if texts else []
    cells = np.searchsorted(edges, np.where(seen, numbers, 0.0), side="left")
    return pl.Series(np.where(seen, np.array(names, dtype=object)[cells], MISSING), dtype=pl.String)


def _named(name: str, words: pl.Series, least: int) -> Levels:
    counts = dict(zip(*(column.to_list() for column in words.value_counts().get_columns()), strict=True))
    frequent = sorted((it for it in counts if counts[it] >= least), key=lambda it: (-counts[it], it))[:MOST]
    ordered = sorted(frequent)
    codes = words.replace_strict(ordered, range(len(ordered)), default=-1, return_dtype=pl.Int64) if ordered else None
    return Levels(name, np.full(len(words), -1) if codes is None else codes.to_numpy(), tuple(ordered))
