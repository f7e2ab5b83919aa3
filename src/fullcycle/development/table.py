"""The dataset's rows and their target as numbers; decoded once a process, since every trial reads the same table."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Dataset
from fullcycle.development.settings import Development
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.scoping.records import Charter

Floats: TypeAlias = NDArray[np.float64]


class Rows(NamedTuple):
    """Rows and what came true of them.

    Attributes
    ----------
    frame : n rows with every column of the table, ordered by time.
    target : (n,) 0 or 1, class codes, or numbers; zeros for a clustering.
    """

    frame: pl.DataFrame
    target: Floats


class Given(NamedTuple):
    """What every fit is given. *expressions* are name and text of what the feature plan computes before."""

    charter: Charter
    dataset: Dataset
    settings: Development
    expressions: tuple[tuple[str, str], ...]
    blobs: Blobs


@dataclass(frozen=True)
class Source:
    """A dataset that may be cached: two are equal where their ids are, wherever they are kept."""

    id: str
    dataset: Dataset = field(compare=False)
    blobs: Blobs = field(compare=False)


def rows(dataset: Dataset, target: str, blobs: Blobs, *parts: str) -> Rows:
    """The rows of *parts* of the dataset, one part after the other. A *target* of no name is that of a clustering.

    Raises
    ------
    ColumnMissing
        The table lacks the target.
    InputError
        A row of a part has no known outcome.
    """
    frame = pl.concat([decoded(Source(dataset.id, dataset, blobs), part) for part in parts])
    if not target:
        return Rows(frame, np.zeros(frame.height))
    if target not in frame.columns:
        raise ColumnMissing(target, frame.columns, source=f"dataset {dataset.id[:12]}", needed_by="[scoping] target")
    return Rows(frame, outcome(frame[target], dataset.classes))


@lru_cache(maxsize=3)
def decoded(source: Source, part: str) -> pl.DataFrame:
    """The rows of a part; those of the last dataset read stay in memory."""
    return source.dataset.rows(source.blobs, part)


def outcome(target: pl.Series, classes: tuple[str, ...]) -> Floats:
    """The target as numbers, (n,): 0 or 1, codes of *classes*, or the value.

    Raises
    ------
    InputError
        A row has no outcome, or one that is no class.

    Examples
    --------
    >>> outcome(pl.Series([True, False]), ("false", "true")).tolist()
    [1.0, 0.0]
    >>> outcome(pl.Series(["b", "a"]), ("a", "b")).tolist()
    [1.0, 0.0]
    """
    if classes and target.dtype == pl.String:
        codes = {name: float(code) for code, name in enumerate(classes)}
        numbers = target.replace_strict(codes, default=None, return_dtype=pl.Float64).to_numpy()
    else:
        numbers = target.cast(pl.Float64).to_numpy()
    found = np.array(numbers, dtype=np.float64)
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        expected = f"one of {', '.join(classes)}" if classes else "a number"
        raise InputError(
            f"a row of the dataset has no known {target.name or 'target'}",
            place=f"row {place}",
            found=str(target[place]),
            expected=expected,
            mend="make the dataset again: its parts hold rows with a known outcome only",
        )
    return found
