"""Cells: a column counted in cells that the reference fixed, for comparing windows with it and with each other.

A sketch is fitted once, at the reference. Later windows are counted into the *same* cells (`like`), so that windows
compare with the reference and with each other, and the sketch of a week is the merged sketches of its days, exactly:
integer counts, no order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError

Ints = NDArray[np.int64]
TOP = 50  # categories with a cell of their own


class NumberSketch(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="sketch", tag="number"
):
    """Counts of a numeric column between edges that the reference's quantiles fixed.

    Cell i holds the values from ``edges[i - 1]`` up to, not including, ``edges[i]``; the outer cells are open. NaN is
    missing; infinities count in the outer cells and leave ``minimum`` and ``maximum`` (None without a finite value)
    alone. ``n`` includes the missing.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0
    n: int = 0
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.edges) + 1 or sum(self.counts) + self.missing != self.n:
            raise InputError("the counts of a sketch do not add up", found=(self.counts, self.missing, self.n))
        if any(not a < b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise InputError("the edges of a sketch do not rise", found=self.edges)

    @classmethod
    def fit(cls, values: ArrayLike, bins: int = 10) -> NumberSketch:
        """The sketch of a reference column, with about as many rows in each of *bins* cells.

        A value that fills a cell or more by itself, as 0 often does, gets a cell of its own.

        >>> NumberSketch.fit([1.0, 2.0, 3.0, 4.0, float("nan")], bins=2).vector()
        array([2, 2, 1])
        """
        if bins < 1:
            raise InputError("a sketch needs a cell", found=bins, expected="1 or more")
        rows = _column(values)
        ordered = np.sort(rows[np.isfinite(rows)])
        edges: list[float] = []
        if len(ordered):
            # values that occur, not interpolated ones: exact, and the same in every numpy
            picked = ordered[np.arange(1, bins) * len(ordered) // bins] + 0.0  # + 0.0 makes -0.0 the one zero
            found, times = np.unique(picked, return_counts=True)
            with np.errstate(over="ignore"):  # the largest float has no next one: dropped below
                atoms = np.nextafter(found[(times > 1) | (ordered[0] == ordered[-1])], np.inf)
            edges = [float(edge) for edge in np.union1d(found, atoms) if np.isfinite(edge)]
        return _count_numbers(tuple(edges), rows)

    def like(self, values: ArrayLike) -> NumberSketch:
        """The sketch of other values in the same cells.

        >>> NumberSketch.fit([1.0, 2.0, 3.0, 4.0], bins=2).like([9.0, 9.5]).counts
        (0, 2)
        """
        return _count_numbers(self.edges, _column(values))

    def merge(self, other: NumberSketch) -> NumberSketch:
        """The sketch of both columns' rows. Raises InputError where the edges differ.

        >>> sketch = NumberSketch.fit([1.0, 2.0])
        >>> sketch.merge(sketch.like([5.0])).maximum
        5.0
        """
        if self.edges != other.edges:
            raise InputError("sketches of different cells do not merge", mend="make both with like() of one reference")
        lows = [end for end in (self.minimum, other.minimum) if end is not None]
        highs = [end for end in (self.maximum, other.maximum) if end is not None]
        return NumberSketch(
            edges=self.edges,
            counts=_added(self.counts, other.counts),
            missing=self.missing + other.missing,
            n=self.n + other.n,
            minimum=min(lows, default=None),
            maximum=max(highs, default=None),
        )

    def vector(self) -> Ints:
        """The counts for tests, the missing last, (cells + 1,).

        >>> NumberSketch.fit([1.0]).vector().sum()
        np.int64(1)
        """
        return np.array([*self.counts, self.missing], dtype=np.int64)


class CategorySketch(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="sketch", tag="category"
):
    """Counts of a column of names: the reference's commonest have a cell each, ``counts[-1]`` is all others."""

    categories: tuple[str, ...]
    counts: tuple[int, ...]
    missing: int = 0
    n: int = 0

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.categories) + 1 or sum(self.counts) + self.missing != self.n:
            raise InputError("the counts of a sketch do not add up", found=(self.counts, self.missing, self.n))

    @classmethod
    def fit(cls, values: Sequence[str | None] | Mapping[str | None, int], top: int = TOP) -> CategorySketch:
        """The sketch of a reference column, given as its values or, for large ones, as counts by value (None: missing).

        >>> CategorySketch.fit(["JFK", "LGA", "JFK", None], top=1).vector()
        array([2, 1, 1])
        """
        counted = _counted(values)
        ranked = sorted((-times, name) for name, times in counted.items() if name is not None and times)
        return _count_names(tuple(name for _, name in ranked[:top]), counted)

    def like(self, values: Sequence[str | None] | Mapping[str | None, int]) -> CategorySketch:
        """The sketch of other values, or counts by value, in the same cells.

        >>> CategorySketch.fit(["JFK", "LGA"]).like({"JFK": 3, "EWR": 2, None: 1}).counts
        (3, 0, 2)
        """
        return _count_names(self.categories, _counted(values))

    def merge(self, other: CategorySketch) -> CategorySketch:
        """The sketch of both columns' rows. Raises InputError where the categories differ.

        >>> sketch = CategorySketch.fit(["JFK"])
        >>> sketch.merge(sketch).n
        2
        """
        if self.categories != other.categories:
            raise InputError("sketches of different cells do not merge", mend="make both with like() of one reference")
        return CategorySketch(
            categories=self.categories,
            counts=_added(self.counts, other.counts),
            missing=self.missing + other.missing,
            n=self.n + other.n,
        )

    def vector(self) -> Ints:
        """The counts for tests: each category, the others, the missing, (categories + 2,).

        >>> CategorySketch.fit(["JFK"]).vector()
        array([1, 0, 0])
        """
        return np.array([*self.counts, self.missing], dtype=np.int64)


Sketch = NumberSketch | CategorySketch


def _count_numbers(edges: tuple[float, ...], rows: NDArray[np.float64]) -> NumberSketch:
    present = rows[~np.isnan(rows)]
    finite = present[np.isfinite(present)]
    cells = np.searchsorted(np.array(edges, dtype=np.float64), present, side="right")
    counts = np.bincount(cells, minlength=len(edges) + 1)
    return NumberSketch(
        edges=edges,
        counts=tuple(counts.tolist()),
        missing=len(rows) - len(present),
        n=len(rows),
        minimum=float(finite.min() + 0.0) if len(finite) else None,
        maximum=float(finite.max() + 0.0) if len(finite) else None,
    )


def _count_names(categories: tuple[str, ...], counted: Mapping[str | None, int]) -> CategorySketch:
    n, missing = sum(counted.values()), counted.get(None, 0)
    own = [counted.get(name, 0) for name in categories]
    return CategorySketch(categories=categories, counts=(*own, n - missing - sum(own)), missing=missing, n=n)


def _counted(values: Sequence[str | None] | Mapping[str | None, int]) -> Mapping[str | None, int]:
    return {name: int(times) for name, times in values.items()} if isinstance(values, Mapping) else Counter(values)


def _column(values: ArrayLike) -> NDArray[np.float64]:
    rows: NDArray[Any] = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1:
        raise InputError("a sketch is of one column", found=f"shape {rows.shape}", expected="(n,)")
    return rows


def _added(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(first, second, strict=True))
