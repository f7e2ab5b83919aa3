"""Adversarial validation: can training rows be told from test rows by their features?

If so, the test asks about other rows than those learnt from: by time that is drift, by chance a mistake in the split.
Each row is judged by trees that have not seen its block (day or entity).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.leakage.cells import NUMBERS, codes, numbers
from fullcycle.data.leakage.sample import blocks, sample
from fullcycle.data.leakage.telling import told
from fullcycle.data.records import Column
from fullcycle.data.split.settings import By
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import auc_interval, block_codes

_LIMIT = {"time": 0.8, "group": 0.8, "stratified": 0.6, "random": 0.6}
"""Area from which a difference is told; groups and periods differ anyway."""
_ROWS = 15_000
_FOLDS = 3
_TREES = 40
_FEWEST = 50
_MOST_CATEGORIES = 200
_NAMED = 0.1
"""Share of the trees' gain from which a column is named."""
_IN_ORDER = 0.99
_CALENDAR = ("year", "month", "day", "weekday", "week", "ordinal_day", "quarter", "hour", "minute")
_OPTIONS = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "max_cat_to_onehot": 4,
    "cat_smooth": 50,
    "seed": 0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def adversarial(
    train: pl.DataFrame,
    test: pl.DataFrame,
    columns: Sequence[Column],
    *,
    by: By,
    entity: str,
    time: str,
    days: tuple[Ints, Ints] | None,
    zone: str,
) -> Iterator[Finding]:
    """The area by which trees tell test rows from training rows, if it is above the limit; names the columns that do.

    By time a note (that is drift, which monitoring watches), without the parts of the time itself; else a warning.

    Parameters
    ----------
    days : local day of each row of *train* and of *test*; None if rows have no time.
    zone : in which hours and weekdays are read.

    Source: Pan et al. 2020, *Adversarial validation approach to concept drift problem*.
    """
    kept = [sample(frame, (entity, time), most=_ROWS) for frame in (train, test)]
    if min(map(len, kept)) < _FEWEST:
        return
    names = {entity, time, *(column.name for column in columns)}
    shared = [name for name in train.columns if name in names and name in test.columns]
    rows = pl.concat([train[kept[0]].select(shared), test[kept[1]].select(shared)], how="vertical_relaxed")
    asked = [column for column in columns if column.kind != "time" and column.name in shared]
    used = [column for column in asked if not _of_time(rows, column, time, zone)]
    if not used:
        return
    is_test = (np.arange(len(rows)) >= len(kept[0])).astype(np.float64)
    both = None if days is None else np.concatenate([days[0][kept[0]], days[1][kept[1]]])
    labels = blocks(rows, both if by == "time" else None, entity)
    scores, gain = _out_of_fold(_matrix(rows, used), used, is_test, labels)
    area = auc_interval(is_test, scores, labels).clipped(0, 1)
    if (area.point if area.low is None else area.low) <= _LIMIT[by]:
        return
    named = sorted(((share, column.name) for share, column in zip(gain, used, strict=True)), reverse=True)
    yield Finding(
        check="adversarial",
        subject="test rows",
        value=area.point,
        low=area.low,
        high=area.high,
        limit=_LIMIT[by],
        rule="at_most",
        passed=None if by == "time" else False,
        severity="note" if by == "time" else "warn",
        unit="area under the ROC curve",
        evidence={name: round(share, 3) for share, name in named[:5] if share >= _NAMED},
    )


def _of_time(rows: pl.DataFrame, column: Column, time: str, zone: str) -> bool:
    """Whether a column is a part of the time (its month, its hour) or runs with it."""
    if time not in rows.columns or column.kind not in ("integer", "float", "category"):
        return False
    cells = rows[column.name]
    order = np.arange(len(rows)) % 20
    if column.kind != "category" and not cells.null_count():
        in_order = told(numbers(cells), numbers(rows[time]), "regression", order, above=_IN_ORDER)
        if in_order or column.kind == "float":
            return in_order is not None
    local = rows[time].cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return any(_follows(cells, getattr(local.dt, field)()) for field in _CALENDAR)


def _follows(cells: pl.Series, field: pl.Series) -> bool:
    """Whether the cells are one to one with a field of the calendar."""
    both = pl.DataFrame({"cell": cells, "field": field}).n_unique()
    return both == cells.n_unique() == field.n_unique() > 1


def _matrix(rows: pl.DataFrame, columns: Sequence[Column]) -> Floats:
    """(n, columns); categories by rank of their frequency, the rare ones together."""
    return np.column_stack(
        [_frequent(rows[column.name]) if _named(column) else numbers(rows[column.name]) for column in columns]
    )


def _named(column: Column) -> bool:
    return column.kind not in NUMBERS


def _frequent(cells: pl.Series) -> Floats:
    code = codes(cells)
    counts = np.bincount(code)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    found: Floats = np.minimum(rank[code], _MOST_CATEGORIES).astype(np.float64)
    return found


def _out_of_fold(X: Floats, columns: Sequence[Column], target: Floats, labels: Ints) -> tuple[Floats, list[float]]:
    """Scores of trees that did not see a row's block, and each column's share of their gain."""
    import lightgbm

    fold = block_codes(labels)[0] % _FOLDS
    categories = [number for number, column in enumerate(columns) if _named(column)]
    scores, gain = np.full(len(target), target.sum() / len(target)), np.zeros(len(columns))
    for number in range(_FOLDS):
        here = fold == number
        if not here.any() or len(np.unique(target[~here])) < 2:
            continue
        data = lightgbm.Dataset(X[~here], target[~here], categorical_feature=categories, params=_OPTIONS)
        booster = lightgbm.train(_OPTIONS, data, num_boost_round=_TREES)
        scores[here] = booster.predict(X[here], raw_score=True, num_threads=1)
        gain += booster.feature_importance("gain")
    return scores, (gain / max(float(gain.sum()), 1e-9)).tolist()
