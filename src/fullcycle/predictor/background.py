"""Background rows: what an explanation is told against, made up from how each column was distributed, never from people.

Each column is drawn by itself from its sketch, so that no row is anybody's, and columns do not hang together: what a column adds
is told against the others as they come on their own (the interventional values of Janzing, Minorics and Blöbaum 2020, *Feature
relevance quantification in explainable AI*).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import polars as pl

from fullcycle.kernel.errors import Corrupt
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.predictor.plan import Input
from fullcycle.predictor.plan.values import SORTS

ROWS = 100
Cell: TypeAlias = float | str | None
_SEED = 17
_TYPES: dict[str, pl.DataType] = {"boolean": pl.Boolean(), "time": pl.Datetime("us", "UTC")}


def drawn(inputs: Sequence[Input], sketches: Mapping[str, NumberSketch | CategorySketch]) -> pl.DataFrame:
    """Background rows, always the same.

    Parameters
    ----------
    sketches : of the training rows, by column; a column without one is missing throughout.

    Examples
    --------
    >>> sketch = CategorySketch.fit(["UA", "UA", "AA"])
    >>> frame = drawn([Input("carrier", "category")], {"carrier": sketch})
    >>> frame.height, sorted(set(frame["carrier"]))
    (100, ['AA', 'UA'])
    """
    cells: dict[str, list[Cell]] = {}
    for place, column in enumerate(inputs):
        chance = np.random.Generator(np.random.Philox(key=[_SEED, place]))
        sketch = sketches.get(column.name)
        values, counts = ([None], [1]) if sketch is None else _values(sketch, column.kind)
        edges = np.cumsum(np.array(counts, dtype=np.int64))
        picked = np.searchsorted(edges, chance.integers(0, edges[-1], ROWS), side="right") if edges[-1] else [0] * ROWS
        cells[column.name] = [values[int(one)] for one in picked]
    return table(inputs, cells)


def table(inputs: Sequence[Input], cells: Mapping[str, Sequence[Cell]]) -> pl.DataFrame:
    """Columns as a plan reads them, of numbers (times in microseconds since 1970, booleans 0 and 1) and texts; NaN is missing.

    >>> table([Input("at", "time"), Input("wet", "boolean")], {"at": [0.0], "wet": [float("nan")]}).rows()
    [(datetime.datetime(1970, 1, 1, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None)]
    """
    return pl.DataFrame({column.name: _series(column, cells[column.name]) for column in inputs})


def to_json(frame: pl.DataFrame, inputs: Sequence[Input]) -> bytes:
    """The rows as they are kept in a bundle.

    >>> inputs = [Input("x", "float")]
    >>> to_json(pl.DataFrame({"x": [1.5, None]}), inputs)
    b'{"x":[1.5,null]}'
    """
    found = {}
    for column in inputs:
        series = frame[column.name]
        series = series.to_physical() if column.kind == "time" else series
        found[column.name] = series.cast(pl.String if _is_text(column) else pl.Float64).to_list()
    return msgspec.json.encode(found, order="sorted")


def from_json(body: bytes, inputs: Sequence[Input]) -> pl.DataFrame:
    """The rows that :func:`to_json` kept. Raises Corrupt for anything else.

    >>> from_json(b'{"x":[1.5,null]}', [Input("x", "float")])["x"].to_list()
    [1.5, None]
    """
    try:
        cells = msgspec.json.decode(body, type=dict[str, list[float | str | None]])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt("not background rows", found=str(error)) from None
    lengths = {len(cells.get(column.name, [])) for column in inputs}
    for column in inputs:
        fits = str if _is_text(column) else float
        if not all(cell is None or isinstance(cell, fits) for cell in cells.get(column.name, [])):
            raise Corrupt("background rows have another kind", place=f"column {column.name!r}", expected=column.kind)
    if set(cells) != {column.name for column in inputs} or len(lengths) > 1 or 0 in lengths:
        raise Corrupt("background rows have other columns than the plan", found=sorted(cells))
    return table(inputs, cells)


def _is_text(column: Input) -> bool:
    return SORTS[column.kind] == "string"


def _series(column: Input, cells: Sequence[Cell]) -> pl.Series:
    if _is_text(column):
        return pl.Series(column.name, cells, dtype=pl.String)
    series = pl.Series(column.name, cells, dtype=pl.Float64).fill_nan(None)
    if column.kind == "time":
        series = series.cast(pl.Int64)
    return series.cast(_TYPES.get(column.kind, pl.Float64()))


def _values(sketch: NumberSketch | CategorySketch, kind: str) -> tuple[list[Cell], list[int]]:
    """A value for each cell of a sketch, and how often it comes; names without a cell of their own are left out."""
    if isinstance(sketch, CategorySketch):
        names: list[Cell] = [*sketch.categories, None]
        if kind in ("boolean", "float", "integer", "time"):
            return [None], [1]
        return names, [*sketch.counts[:-1], sketch.missing]
    if kind in ("category", "text") or sketch.minimum is None or sketch.maximum is None:
        return [None], [1]
    ends = [sketch.minimum, *sketch.edges, sketch.maximum]
    middles: list[Cell] = [_middle(low, high, kind) for low, high in itertools.pairwise(ends)]
    return [*middles, None], [*sketch.counts, sketch.missing]


def _middle(low: float, high: float, kind: str) -> float:
    middle = low / 2 + high / 2
    if kind == "boolean":
        return float(middle > 0)
    return middle if kind == "float" else float(math.floor(middle))
