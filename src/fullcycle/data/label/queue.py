"""The queue of rows to label: the least certain ones, and some at random, each with the probability that it was picked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import polars as pl

from fullcycle.data.label.settings import Labels
from fullcycle.kernel.errors import ColumnMissing, InputError

ADDED = ("picked", "selection", "uncertainty")
"""Columns that the queue adds."""

_ORDER = "order in which rows are drawn"


def queue(
    rows: pl.DataFrame,
    settings: Labels,
    *,
    score: str | Sequence[str] | None,
    entity: str,
    time: str,
    target: str,
    seed: int,
) -> pl.DataFrame:
    """The next rows that people shall look at: first the least certain, then those drawn at random from all others.

    The order of *rows* plays no part. A row with the same entity and time as an earlier one is left out.

    Parameters
    ----------
    score : column of a probability, whose margin counts (Scheffer and others 2001); or several, of the classes, whose entropy
        counts (Shannon 1948); None draws all at random. A row without a score is only drawn at random.
    target : rows that have a value there need no label; a table may lack it.
    seed : of the draw, and of ties.

    Returns
    -------
    The rows with ``picked`` (``uncertain`` or ``random``), ``selection``, the probability of being picked given the scores, and
    ``uncertainty`` in [0, 1], null without a score. Every row that needs a label has a positive ``selection`` as long as the random
    share is one, so that a mean over labels weighted by ``1 / selection`` estimates that of all (Horvitz and Thompson 1952).

    Raises
    ------
    ColumnMissing
        Entity, time or a score is not there.
    InputError
        A score is no probability.

    >>> rows = pl.DataFrame({"id": [1, 2, 3, 4], "at": [0, 0, 0, 0], "p": [0.1, 0.5, 0.9, 0.6], "bad": [None, None, None, 1]})
    >>> picked = queue(rows, Labels(batch=2, random=0.5), score="p", entity="id", time="at", target="bad", seed=0)
    >>> picked.select("picked", "selection").rows(), picked["id"][0]
    ([('uncertain', 1.0), ('random', 0.5)], 2)
    """
    scores = [score] if isinstance(score, str) else list(score or ())
    for name, use in ((entity, "the queue"), (time, "the queue"), *((one, "uncertainty") for one in scores)):
        if name not in rows.columns:
            raise ColumnMissing(name, rows.columns, needed_by=use)
    if taken := [name for name in ADDED if name in rows.columns]:
        mend = "rename it, or leave it out"
        raise InputError("the rows have a column that the queue adds", found=taken[0], mend=mend)
    open_ = rows.filter(pl.col(target).is_null()) if target in rows.columns else rows
    open_ = open_.unique(subset=[entity, time], keep="first", maintain_order=True)
    order = pl.Series(_ORDER, [_drawn(seed, *key) for key in open_.select(entity, time).iter_rows()], pl.String)
    open_ = open_.with_columns(_uncertainty(open_, scores), order).sort(_ORDER)
    return _picked(open_, settings).drop(_ORDER)


def _picked(open_: pl.DataFrame, settings: Labels) -> pl.DataFrame:
    """The least certain of rows in random order, then the first of those that are left."""
    size = min(settings.batch, open_.height)
    certain = size - math.ceil(size * settings.random)
    ranked = open_.filter(pl.col("uncertainty").is_not_null()).sort("uncertainty", descending=True, maintain_order=True)
    first = ranked.head(certain)
    rest = open_.filter(~pl.col(_ORDER).is_in(first[_ORDER].to_list()))
    drawn = rest.head(size - first.height if settings.random else 0)
    share = drawn.height / rest.height if rest.height else 0.0
    parts = (("uncertain", 1.0, first), ("random", share, drawn))
    return pl.concat(
        part.with_columns(pl.lit(how).alias("picked"), pl.lit(chance).alias("selection"), pl.col("uncertainty"))
        for how, chance, part in parts
    )


def _drawn(seed: int, entity: object, time: object) -> str:
    """A number that only seed and row decide: rows in its order are in random order, whatever theirs was."""
    return hashlib.blake2b(f"{seed}\n{entity}\n{time}".encode(), digest_size=16).hexdigest()


def _uncertainty(rows: pl.DataFrame, scores: Sequence[str]) -> pl.Series:
    columns = [rows[name].cast(pl.Float64, strict=False).to_list() for name in scores]
    values = [_one(cells, row, scores) for row, cells in enumerate(zip(*columns, strict=True))]
    return pl.Series("uncertainty", values if scores else [None] * rows.height, pl.Float64)


def _one(cells: Sequence[float | None], row: int, scores: Sequence[str]) -> float | None:
    known = [cell for cell in cells if cell is not None and not math.isnan(cell)]
    if len(known) < len(cells):
        return None
    for name, cell in zip(scores, known, strict=True):
        if not 0 <= cell <= 1:
            place = f"row {row + 1} without a label, column {name!r}"
            raise InputError("a score is no probability", place=place, found=cell, expected="a number from 0 to 1")
    if len(known) == 1:
        return 1 - abs(2 * known[0] - 1)
    total = math.fsum(known)
    shares = [cell / total for cell in known if cell > 0]
    return max(0.0, min(1.0, -math.fsum(share * math.log(share) for share in shares) / math.log(len(known))))
