"""What a slot of a plan can hold, on columns and on one row.

A slot is *number-like* (float64; missing is NaN; booleans are 0.0, 1.0 and NaN; times are microseconds since
1970-01-01 UTC, whole below 2**53), *string-like* (a string; missing is ``None``) or a *vector* (many numbers, most of
them zero; it is between a text and the numbers made of it, and no feature itself). On columns they are a NumPy array, a
Polars series and a sparse matrix; on one row a Python float, a string or ``None``, and a dictionary from the place of each
number that is not zero, in order, to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.predictor.plan.sparse import Sparse

Kind: TypeAlias = Literal["float", "integer", "boolean", "category", "text", "time"]
Sort: TypeAlias = Literal["number", "string", "vector"]
Numbers: TypeAlias = npt.NDArray[np.float64]
Column: TypeAlias = Numbers | pl.Series | Sparse
Value: TypeAlias = float | str | None
RowStep: TypeAlias = Callable[[list[Any]], Any]  # slots of one row -> the value of the next slot

NAN = float("nan")
SORTS: dict[str, Sort] = {
    "float": "number",
    "integer": "number",
    "boolean": "number",
    "time": "number",
    "category": "string",
    "text": "string",
}


class Slots(dict[str, Column]):
    """The columns of a plan while it runs, by slot name, and how many rows they have.

    >>> Slots(3).height
    3
    """

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height

    def numbers(self, name: str) -> Numbers:
        """The number-like column *name*: float64 of shape (n,).

        >>> slots = Slots(1)
        >>> slots["a"] = np.array([1.5])
        >>> slots.numbers("a").tolist()
        [1.5]
        """
        column = self[name]
        if not isinstance(column, np.ndarray):
            raise TypeError(f"slot {name!r} holds no numbers")
        return column

    def strings(self, name: str) -> pl.Series:
        """The string-like column *name*: a series of type String.

        >>> slots = Slots(1)
        >>> slots["a"] = pl.Series(["x"])
        >>> slots.strings("a").to_list()
        ['x']
        """
        column = self[name]
        if not isinstance(column, pl.Series):
            raise TypeError(f"slot {name!r} holds no strings")
        return column

    def vectors(self, name: str) -> Sparse:
        """The column of vectors *name*: a sparse matrix of n rows.

        >>> slots = Slots(1)
        >>> slots["a"] = Sparse.count([[0]], 1)
        >>> slots.vectors("a").width
        1
        """
        column = self[name]
        if not isinstance(column, Sparse):
            raise TypeError(f"slot {name!r} holds no vectors")
        return column
