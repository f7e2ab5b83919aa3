"""Ways in which rows go bad on their way to a model: fields lost, noise, categories never seen, units slipped, feeds stuck."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

UNSEEN = "never seen before"
SLIP = 1000.0
MOST = 12  # columns that are spoilt one at a time
_NUMBERS = ("float", "integer")
_WORDS = ("category", "text")


class Corruption(NamedTuple):
    """A way to spoil rows.

    Attributes
    ----------
    name, level : what is done, and how much of it.
    column : the only column that it touches; empty for all.
    spoil : from a frame to the spoilt one, of as many rows.
    """

    name: str
    level: float
    column: str
    spoil: Callable[[pl.DataFrame], pl.DataFrame]


def corruptions(kinds: Mapping[str, str]) -> Iterator[Corruption]:
    """The grid: every way and level for the columns of *kinds*, always the same.

    >>> [(it.name, it.level) for it in corruptions({"a": "float"})][:5]
    [('missing', 0.05), ('missing', 0.2), ('missing', 0.5), ('noise', 0.1), ('noise', 1.0)]
    """
    numbers = [name for name, kind in kinds.items() if kind in _NUMBERS]
    words = [name for name, kind in kinds.items() if kind in _WORDS]
    for share in (0.05, 0.2, 0.5):
        yield Corruption("missing", share, "", _missing(list(kinds), share))
    if numbers:
        for size in (0.1, 1.0):
            yield Corruption("noise", size, "", _noise(numbers, kinds, size))
    if words:
        yield Corruption("unseen_category", 1.0, "", _unseen(words))
    for name in numbers[:MOST]:
        yield Corruption("unit_slip", SLIP, name, _slip(name, kinds[name]))
    for name in [it for it, kind in kinds.items() if kind != "time"][:MOST]:
        yield Corruption("stale", 1.0, name, _stale(name))


def _missing(names: list[str], share: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        chance = np.random.Generator(np.random.Philox(1))
        lost = {name: pl.Series(chance.random(frame.height) < share) for name in names}
        return frame.with_columns(
            pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name, gone in lost.items()
        )

    return spoil


def _noise(names: list[str], kinds: Mapping[str, str], size: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        chance = np.random.Generator(np.random.Philox(2))
        made = []
        for name in names:
            numbers = frame[name].cast(pl.Float64)
            seen = numbers.drop_nulls().drop_nans().to_numpy()
            seen = seen[np.isfinite(seen)]
            middle = math.fsum(seen.tolist()) / max(len(seen), 1)
            scale = math.sqrt(math.fsum(((seen - middle) ** 2).tolist()) / max(len(seen), 1))
            moved = numbers + pl.Series(chance.normal(size=frame.height)) * (size * scale)
            made.append(_as(moved, kinds[name], frame[name].dtype).alias(name))
        return frame.with_columns(made)

    return spoil


def _unseen(names: list[str]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.lit(UNSEEN).alias(name) for name in names)


def _slip(name: str, kind: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(
        _as(frame[name].cast(pl.Float64) * SLIP, kind, frame[name].dtype).alias(name)
    )


def _stale(name: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The feed stopped: every row holds what the first had."""
    return lambda frame: frame.with_columns(pl.lit(frame[name][0], dtype=frame[name].dtype).alias(name))


def _as(numbers: pl.Series, kind: str, dtype: pl.DataType) -> pl.Series:
    if kind != "integer":
        return numbers
    return numbers.round().cast(pl.Int64, strict=False).cast(dtype, strict=False)
