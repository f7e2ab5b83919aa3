"""Proxies: how well the features tell a protected attribute, together and each alone.

Leaving an attribute out of the features does not hide it, if the others tell it: a model can still treat its groups apart.
Folds are whole blocks (days), so that no fold knows the day that it is tested on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.measure.intervals import Estimate, auc_interval, block_codes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
ROWS = 10_000
"""Rows that are looked at, spread evenly."""
_FOLDS = 4
_ROUNDS = 30
_LEVELS = 30
"""Values of a category that are told apart, the most frequent ones."""
_PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.15,
    "min_data_in_leaf": 20,
    "seed": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
LEAST = 30
"""Rows that a group and its opposite need each."""


class Proxy(NamedTuple):
    """How well features tell a group: the area under the ROC curve of all together, and of each alone."""

    together: Estimate
    alone: dict[str, Estimate]


def proxy(rows: pl.DataFrame, group: Bools, blocks: Ints | None, *, confidence: float) -> Proxy | None:
    """How well all columns of *rows* tell who belongs to a group.

    Parameters
    ----------
    rows : n rows, the features alone.
    group : (n,) who belongs to it.
    blocks : (n,) each row's block, or None where rows stand alone.

    Returns
    -------
    None without features, or where the group or its opposite is too small.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> member = chance.random(400) < 0.5
    >>> rows = pl.DataFrame({"height": 170 + 20 * member + chance.normal(size=400), "noise": chance.normal(size=400)})
    >>> found = proxy(rows, member, None, confidence=0.95)
    >>> found.together.point > 0.95, max(found.alone, key=lambda name: found.alone[name].point)
    (True, 'height')
    """
    step = -(-len(rows) // ROWS) if len(rows) else 1
    rows, group = rows.gather_every(step), group[::step]
    blocks = None if blocks is None else blocks[::step]
    if not rows.width or min(int(group.sum()), int((~group).sum())) < LEAST:
        return None
    labels = np.arange(len(rows)) if blocks is None else blocks
    codes, k = block_codes(labels)
    folds = _folds(codes, k, group)
    if folds is None:
        return None
    known = [_numbers(rows[name]) for name in rows.columns]
    # rows that stand alone are jackknifed a hundred at a time: a block is needed, not each row
    judged = codes if blocks is not None else codes * 100 // len(codes)
    together = auc_interval(group, _out_of_fold(known, group, folds), judged, confidence=confidence)
    alone = {
        name: _alone(column, group, folds, judged, confidence) for name, column in zip(rows.columns, known, strict=True)
    }
    return Proxy(together.clipped(0, 1), alone)


def _folds(codes: Ints, k: int, group: Bools) -> Ints | None:
    """Whole blocks, dealt out in turn; None where a fold would lack one of the sides outside it."""
    if k < _FOLDS:
        return None
    folds = codes % _FOLDS
    for fold in range(_FOLDS):
        rest = group[folds != fold]
        if rest.all() or not rest.any() or not (folds == fold).any():
            return None
    return folds


class _Known(NamedTuple):
    """A column as numbers, those of a category as codes, the most frequent value first."""

    values: Floats
    category: bool


def _numbers(values: pl.Series) -> _Known:
    if values.dtype == pl.Boolean or values.dtype.is_numeric():
        return _Known(values.cast(pl.Float64).fill_null(math.nan).to_numpy(), False)
    if values.dtype.is_temporal():
        return _Known(values.to_physical().cast(pl.Float64).fill_null(math.nan).to_numpy(), False)
    texts = values.cast(pl.String).fill_null("")
    pairs = sorted(texts.value_counts(sort=False).rows(), key=lambda pair: (-pair[1], pair[0]))
    code = {text: float(number) for number, (text, _) in enumerate(pairs[:_LEVELS])}
    codes = texts.replace_strict(list(code), list(code.values()), default=float(len(code)), return_dtype=pl.Float64)
    return _Known(codes.to_numpy(), True)


def _out_of_fold(known: Sequence[_Known], group: Bools, folds: Ints) -> Floats:
    import lightgbm

    table = np.stack([column.values for column in known], axis=1)
    categories = [at for at, column in enumerate(known) if column.category]
    scores = np.empty(len(group))
    for fold in range(_FOLDS):
        test = folds == fold
        label = group[~test].astype(np.float64)
        train = lightgbm.Dataset(table[~test], label=label, categorical_feature=categories, params=_PARAMETERS)
        scores[test] = lightgbm.train(_PARAMETERS, train, num_boost_round=_ROUNDS).predict(table[test], num_threads=1)
    return scores


def _alone(column: _Known, group: Bools, folds: Ints, blocks: Ints, confidence: float) -> Estimate:
    """The area of one column: of numbers either way round, a missing one the lowest; of a category by its rates elsewhere."""
    if column.category:
        return auc_interval(group, _rates(column.values, group, folds), blocks, confidence=confidence).clipped(0, 1)
    finite = np.isfinite(column.values)
    low = column.values[finite].min() - 1 if finite.any() else 0.0
    found = auc_interval(group, np.where(finite, column.values, low), blocks, confidence=confidence).clipped(0, 1)
    if found.point >= 0.5:
        return found
    ends = (None, None) if found.low is None or found.high is None else (1 - found.high, 1 - found.low)
    return Estimate(point=1 - found.point, low=ends[0], high=ends[1], n=found.n, blocks=found.blocks)


def _rates(codes: Floats, group: Bools, folds: Ints) -> Floats:
    """Of each row's value, the group's share among the rows of other folds, drawn to the mean where they are few."""
    at = codes.astype(np.int64)
    rates = np.empty(len(at))
    for fold in range(_FOLDS):
        others = folds != fold
        seen = np.bincount(at[others], minlength=_LEVELS + 1)
        members = np.bincount(at[others & group], minlength=_LEVELS + 1)
        rates[~others] = ((members + group[others].mean()) / (seen + 1))[at[~others]]
    return rates


def strongest(alone: dict[str, Estimate], most: int) -> Sequence[tuple[str, Estimate]]:
    """The columns that tell most, in order.

    >>> [name for name, _ in strongest({"a": Estimate(point=0.6), "b": Estimate(point=0.9)}, 1)]
    ['b']
    """
    return sorted(alone.items(), key=lambda pair: (-pair[1].point, pair[0]))[:most]
