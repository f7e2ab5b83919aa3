"""Sparse matrices: what a slot of vectors holds on columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

BLOCK = 4096  # rows that are counted at once: the terms of many long texts need not lie in memory together


class Sparse:
    """A matrix in coordinates (COO): the entries that are not zero, row by row, each row in order of its columns.

    Parameters
    ----------
    height, width : its shape.
    rows, places, values : (entries,) row, column and value of each.

    Sums run in the order of the entries, so that a row alone gives the same bits.

    Examples
    --------
    >>> matrix = Sparse(2, 3, np.array([0, 0, 1]), np.array([0, 2, 2]), np.array([1.0, 2.0, 4.0]))
    >>> matrix.column(2).tolist(), matrix.dot(np.array([1.0, 1.0, 0.5])).tolist()
    ([2.0, 4.0], [2.0, 2.0])
    """

    def __init__(self, height: int, width: int, rows: Whole, places: Whole, values: Floats) -> None:
        self.height, self.width = height, width
        self.rows, self.places, self.values = rows, places, values

    @classmethod
    def count(cls, lists: Sequence[Sequence[int]], width: int) -> Sparse:
        """How often each of *width* numbers is in each list.

        >>> Sparse.count([[2, 0, 2], []], 3).column(2).tolist()
        [2.0, 0.0]
        """
        keys, values = [np.empty(0, dtype=np.int64)], [np.empty(0)]
        for start in range(0, len(lists), BLOCK):
            block = lists[start : start + BLOCK]
            rows = np.repeat(np.arange(start, start + len(block)), [len(one) for one in block])
            flat = np.fromiter(chain.from_iterable(block), dtype=np.int64, count=len(rows))
            found, counts = np.unique(rows * width + flat, return_counts=True)
            keys.append(found)
            values.append(counts.astype(np.float64))
        key = np.concatenate(keys)
        return cls(len(lists), width, key // max(width, 1), key % max(width, 1), np.concatenate(values))

    def with_values(self, values: Floats) -> Sparse:
        """The same entries with other values, (entries,).

        >>> Sparse.count([[0]], 1).with_values(np.array([0.5])).column(0).tolist()
        [0.5]
        """
        return Sparse(self.height, self.width, self.rows, self.places, values)

    def dot(self, weights: Floats) -> Floats:
        """The matrix times *weights*, (width,); (height,), each row summed in order from zero."""
        return self.sums(self.values * weights[self.places])

    def sums(self, values: Floats) -> Floats:
        """The sum of a row's *values*, (entries,), in their order; (height,).

        >>> Sparse.count([[0, 1], []], 2).sums(np.array([1.0, 2.0])).tolist()
        [3.0, 0.0]
        """
        return np.bincount(self.rows, weights=values, minlength=self.height).astype(np.float64, copy=False)

    def column(self, place: int) -> Floats:
        """One column, (height,)."""
        order, starts = self._by_column
        entries = order[starts[place] : starts[place + 1]]
        found = np.zeros(self.height)
        found[self.rows[entries]] = self.values[entries]
        return found

    @cached_property
    def _by_column(self) -> tuple[Whole, Whole]:
        order = np.argsort(self.places, kind="stable")
        return order, np.searchsorted(self.places[order], np.arange(self.width + 1))
