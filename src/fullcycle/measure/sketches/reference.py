"""References: the cells in which later windows are counted, derived from a column's sketch without its rows.

The edges lie between buckets of the sketch, so that the counts are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.sketches.buckets import edges
from fullcycle.measure.sketches.cells import TOP, CategorySketch, NumberSketch, Sketch
from fullcycle.measure.sketches.column import ColumnSketch
from fullcycle.measure.sketches.names import LONGEST, Names
from fullcycle.measure.sketches.numbers import Numbers

Ints = NDArray[np.int64]

BINS = 10


def reference(sketch: ColumnSketch, bins: int = BINS, top: int = TOP) -> Sketch | None:
    """Cells with about as many rows each, or the commonest names; None where the sketch tells no value.

    A number that fills a cell or more by itself gets a cell of its own. With few different numbers the cells are those
    of :meth:`NumberSketch.fit`. Names that are too long to be kept whole count as others.

    >>> import polars as pl
    >>> reference(ColumnSketch.of(pl.Series([1.0, 2.0, 3.0, 4.0, None]), "float"), bins=2).vector()
    array([2, 2, 1])
    """
    if bins < 1:
        raise InputError("a sketch needs a cell", found=bins, expected="1 or more")
    if sketch.names is not None:
        return _names(sketch, sketch.names, _commonest(sketch.names, top))
    if not sketch.told or sketch.numbers is None:
        return None
    level = sketch.numbers.buckets.level
    return _numbers(sketch, sketch.numbers, _cuts(sketch.numbers, level, bins), level)


def in_same_cells(first: ColumnSketch, second: ColumnSketch, bins: int = BINS, top: int = TOP) -> tuple[Sketch, Sketch]:
    """Both sketches' rows in cells that the first fixes.

    Raises
    ------
    InputError
        They are of different kinds, or one tells no values.

    Examples
    --------
    >>> import polars as pl
    >>> before, after = (ColumnSketch.of(pl.Series(rows), "category") for rows in (["a", "a", "b"], ["a", "c"]))
    >>> [cells.counts for cells in in_same_cells(before, after)]
    [(2, 1, 0), (1, 0, 1)]
    """
    if first.names is not None and second.names is not None:
        names = _commonest(first.names, top)
        return _names(first, first.names, names), _names(second, second.names, names)
    before, after = first.numbers, second.numbers
    if first.kind != second.kind or not (first.told and second.told) or before is None or after is None:
        kinds = (first.kind, second.kind)
        raise InputError("the columns cannot be compared", found=kinds, expected="the same kind, with values")
    level = max(before.buckets.level, after.buckets.level)
    cuts = _cuts(before, level, bins)
    return _numbers(first, before, cuts, level), _numbers(second, after, cuts, level)


def _cuts(numbers: Numbers, level: int, bins: int) -> Ints:
    """The buckets at which cells begin: those in which the quantiles lie, and what follows a bucket with two of them."""
    found, times = numbers.buckets.at(level)
    if not len(found):
        return found
    before = np.cumsum(times)
    ranks = np.arange(1, bins) * int(before[-1]) // bins
    picked, how_often = np.unique(found[np.searchsorted(before, ranks, side="right")], return_counts=True)
    cuts = np.union1d(picked, picked[(how_often > 1) | (len(found) == 1)] + 1)
    ends = edges(cuts, level)
    return cuts[np.isfinite(ends)]


def _numbers(sketch: ColumnSketch, numbers: Numbers, cuts: Ints, level: int) -> NumberSketch:
    found, times = numbers.buckets.at(level)
    counts = np.zeros(len(cuts) + 1, np.int64)
    np.add.at(counts, np.searchsorted(cuts, found, side="right"), times)
    counts[0] += numbers.below
    counts[-1] += numbers.above
    return NumberSketch(
        edges=tuple(edges(cuts, level).tolist()),
        counts=tuple(counts.tolist()),
        missing=sketch.missing,
        n=sketch.n,
        minimum=numbers.minimum,
        maximum=numbers.maximum,
    )


def _commonest(names: Names, top: int) -> tuple[str, ...]:
    return tuple(name for name in names.names if len(name) <= LONGEST)[:top]


def _names(sketch: ColumnSketch, names: Names, kept: tuple[str, ...]) -> CategorySketch:
    counted = dict(zip(names.names, names.counts, strict=True))
    own = [counted.get(name, 0) for name in kept]
    others = sketch.n - sketch.missing - sum(own)
    return CategorySketch(categories=kept, counts=(*own, others), missing=sketch.missing, n=sketch.n)
