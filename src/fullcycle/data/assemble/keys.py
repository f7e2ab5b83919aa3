"""Keys of two sources made comparable, so that the text "1" of a CSV meets the integer 1 of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from fullcycle.data.assemble.two_times import Ints
from fullcycle.kernel.errors import InputError

_EXACT = 2.0**53
"""Whole floats up to here name one number."""


def pairs(on: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Ours to theirs.

    >>> pairs(("carrier",)), pairs({"dest": "faa"})
    ({'carrier': 'carrier'}, {'dest': 'faa'})
    """
    return dict(on) if isinstance(on, Mapping) else {name: name for name in on}


def places(ours: pl.DataFrame, theirs: pl.DataFrame, *, place: str) -> Ints:
    """For each row of *ours*, the row of *theirs* with the same values in all columns; -1 without one.

    Columns are paired by position. The keys in *theirs* are unique. A missing value meets nothing.

    Raises
    ------
    InputError
        Two columns are of types that cannot be compared without loss.

    Examples
    --------
    >>> places(pl.DataFrame({"a": ["2", "9", None]}), pl.DataFrame({"b": [1, 2]}), place="").tolist()
    [1, -1, -1]
    """
    left, right = {}, {}
    for number, (a, b) in enumerate(zip(ours.iter_columns(), theirs.iter_columns(), strict=True)):
        left[f"{number}"], right[f"{number}"] = comparable(a, b, place=place)
    index = pl.DataFrame(right).with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    found = pl.DataFrame(left).join(index, on=list(left), how="left", maintain_order="left", coalesce=True)
    return found["place"].fill_null(-1).to_numpy().astype(np.int64)


def comparable(ours: pl.Series, theirs: pl.Series, *, place: str) -> tuple[pl.Series, pl.Series]:
    """The two columns in one type in which equal means equal.

    Raises
    ------
    InputError
        There is none: a time and a text, say, or a number with a fraction and a text.
    """
    if ours.dtype == theirs.dtype and not ours.dtype.is_float():
        return ours, theirs
    if ours.dtype.is_float() and theirs.dtype.is_float():
        return ours.cast(pl.Float64).fill_nan(None), theirs.cast(pl.Float64).fill_nan(None)
    left, right = _text(ours), _text(theirs)
    if left is None or right is None:
        raise InputError(
            "the key columns are of different types",
            place=place,
            found=f"{ours.name} of {ours.dtype}, {theirs.name} of {theirs.dtype}",
            expected="the same type, or texts and whole numbers",
            mend="store both in one type",
        )
    return left, right


def _text(cells: pl.Series) -> pl.Series | None:
    """The cells as text, None where that loses something or has more than one way."""
    kind = cells.dtype
    if kind == pl.Null or kind == pl.String or kind.is_integer() or kind in (pl.Date, pl.Categorical, pl.Enum):
        return cells.cast(pl.String)
    if kind.is_float():
        numbers = cells.cast(pl.Float64).fill_nan(None)
        whole = ((numbers == numbers.round(0)) & (numbers.abs() <= _EXACT)).fill_null(True)
        return numbers.cast(pl.Int64).cast(pl.String) if whole.all() else None
    return None
