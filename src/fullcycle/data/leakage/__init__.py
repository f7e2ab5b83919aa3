"""Leakage: features and splits that tell an outcome which nobody could have known. Asked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars import selectors

from fullcycle.data.leakage.adversarial import adversarial
from fullcycle.data.leakage.duplicates import duplicates_across
from fullcycle.data.leakage.groups import groups_across
from fullcycle.data.leakage.id_tells import id_tells
from fullcycle.data.leakage.known_late import known_late
from fullcycle.data.leakage.sample import blocks, sample
from fullcycle.data.leakage.target_derived import target_derived
from fullcycle.data.leakage.too_good import missing_tells, single_feature_too_good
from fullcycle.data.records import Column
from fullcycle.data.split.settings import By
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.days import local_days

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def leakage(
    train: pl.DataFrame,
    outcome: Floats,
    columns: Sequence[Column],
    task: str,
    *,
    test: pl.DataFrame | None = None,
    void: pl.DataFrame | None = None,
    by: By = "time",
    entity: str = "",
    group: str = "",
    time: str = "",
    zone: str = "UTC",
) -> tuple[Finding, ...]:
    """What leaks, each under its name: ``known_late``, ``time_ahead``, ``missing_with_outcome``,
    ``single_feature_too_good``, ``missing_tells``, ``id_tells``, ``target_derived``, ``groups_across``,
    ``duplicates_across`` and ``adversarial``. Nothing is said of what is in order.

    Parameters
    ----------
    train : n training rows in canonical order, or a sample of them; at most 100,000 are read, chosen by their keys.
    outcome : shape (n,): 0 or 1, class codes, or numbers; NaN where a question has none.
    test : test rows, for what is asked across parts.
    void : rows whose outcome never came.
    by : how the rows are divided.
    entity, time : what a row is about, and when; empty if there is none.
    group : the column that the rows are divided by, if it is not the entity.
    zone : in which days are cut; rows of one day hang together.

    Examples
    --------
    >>> frame = pl.DataFrame({"receipt": [5.0, None] * 30})
    >>> column = Column(name="receipt", kind="float", known="before", feature=True)
    >>> [found.check for found in leakage(frame, np.array([1.0, 0.0] * 30), (column,), "binary")]
    ['missing_tells']
    """
    features = [column for column in columns if column.feature and column.name in train.columns]
    kept = sample(train, (entity, time))
    rows, told = _plain(train[kept]), outcome[kept]
    found = [*known_late(rows, void, features, time=time)]
    if len(told) and np.isfinite(told).all() and (told != told[0]).any():
        found += _about_outcome(rows, told, features, task, entity=entity, time=time, zone=zone)
    if test is not None:
        found += groups_across(train, test, group or entity, by=by)
        seen = _plain(test[sample(test, (entity, time))])
        found += duplicates_across(rows, seen, features, by=by)
        days = (_days(rows, time, zone), _days(seen, time, zone)) if time in rows.columns else None
        found += adversarial(rows, seen, features, by=by, entity=entity, time=time, days=days, zone=zone)
    return tuple(found)


def _about_outcome(
    rows: pl.DataFrame, outcome: Floats, features: list[Column], task: str, *, entity: str, time: str, zone: str
) -> list[Finding]:
    """What features tell of the outcome; one that is named is not asked again."""
    labels = blocks(rows, _days(rows, time, zone) if time in rows.columns else None, entity)
    found = [
        *missing_tells(rows, outcome, labels, features, task),
        *single_feature_too_good(rows, outcome, labels, features, task),
        *id_tells(rows, outcome, labels, features, task, time=time),
    ]
    named = {finding.subject for finding in found}
    left = [column for column in features if column.name not in named]
    return [*found, *target_derived(rows, outcome, left, task)]


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with one sign for what is missing."""
    return rows.with_columns(selectors.float().fill_nan(None))


def _days(rows: pl.DataFrame, time: str, zone: str) -> Ints:
    return local_days(rows[time], zone)
