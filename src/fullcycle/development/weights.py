"""Row weights: how much each row counts in fitting. Scores are judged by rows that count alike."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.records import Column
from fullcycle.development.features import learnable
from fullcycle.development.table import Floats, Given
from fullcycle.kernel.errors import ColumnMissing, InputError

_PLACE = "cycle.toml, [development] weight"


def columns_of(given: Given) -> tuple[Column, ...]:
    """The columns known before the prediction, see :func:`learnable`; the column of weights is no feature."""
    return tuple(
        msgspec.structs.replace(it, feature=False) if it.name == given.settings.weight else it
        for it in learnable(given.dataset.columns, given.charter)
    )


def weights_of(frame: pl.DataFrame, column: str) -> Floats | None:
    """The weights of n rows, (n,); None where no column is named.

    Raises
    ------
    ColumnMissing
        The table lacks the column.
    InputError
        A weight is no number above nought.

    Examples
    --------
    >>> weights_of(pl.DataFrame({"w": [1, 3]}), "w").tolist()
    [1.0, 3.0]
    """
    if not column:
        return None
    if column not in frame.columns:
        raise ColumnMissing(column, frame.columns, source=_PLACE)
    if not (frame[column].dtype.is_numeric()):
        raise InputError(f"{column} holds no weights", place=_PLACE, found=str(frame[column].dtype), expected="numbers")
    found = np.array(frame[column].cast(pl.Float64).to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(found) & (found > 0)))
    if len(bad):
        row = int(bad[0])
        raise InputError(
            "a row has no weight",
            place=f"{_PLACE}, row {row}",
            found=str(frame[column][row]),
            expected="a number above 0",
            mend="give each row a weight, or leave rows out under [data.clean]",
        )
    return found
