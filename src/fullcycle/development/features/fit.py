"""Fitting the feature plan: what is learnt from training rows so that columns become features."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from fullcycle.data.records import Column
from fullcycle.development.features.aggregates import aggregated
from fullcycle.development.features.check import check_settings
from fullcycle.development.features.dates import days_between
from fullcycle.development.features.draft import Draft, Dropped, Floats
from fullcycle.development.features.pairs import difference, proposed, ratio
from fullcycle.development.features.projection import project
from fullcycle.development.features.recipe import RECIPES, Encode
from fullcycle.development.features.selection import select
from fullcycle.development.features.text.tokens import read_tokens
from fullcycle.development.features.user_defined import Expressions
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.plan import Plan

PROPOSED = {"linear": 6}  # leading columns whose ratios and differences a recipe takes by itself; trees gain little


class FittedFeatures(NamedTuple):
    """What fitting gave.

    Attributes
    ----------
    plan : what makes features of a row.
    matrix : (n, features) the features of the rows that it was fitted on.
    dropped : features that the plan does without, and why.
    """

    plan: Plan
    matrix: Floats
    dropped: tuple[Dropped, ...]


def fit_plan(
    frame: pl.DataFrame,
    target: Floats,
    *,
    recipe: str,
    columns: tuple[Column, ...],
    settings: Features,
    zone: str,
    task: str,
    expressions: Expressions = (),
) -> tuple[Plan, Floats]:
    """The plan and the matrix of :func:`fit_features`.

    >>> import numpy as np
    >>> columns = (Column(name="x", kind="float", known="before", feature=True),)
    >>> plan, matrix = fit_plan(
    ...     pl.DataFrame({"x": [1.0, None]}), np.array([0.0, 1.0]), recipe="trees", columns=columns, settings=Features(),
    ...     zone="UTC", task="binary",
    ... )
    >>> plan.features, matrix.tolist()
    (('x',), [[1.0], [nan]])
    """
    return fit_features(
        frame,
        target,
        recipe=recipe,
        columns=columns,
        settings=settings,
        zone=zone,
        task=task,
        expressions=expressions,
    )[:2]


def fit_features(
    frame: pl.DataFrame,
    target: Floats,
    *,
    recipe: str,
    columns: tuple[Column, ...],
    settings: Features,
    zone: str,
    task: str,
    expressions: Expressions = (),
) -> FittedFeatures:
    """The feature plan that *recipe* fits, the features of the rows it was fitted on, and what it does without.

    Parameters
    ----------
    frame : n rows in order of time.
    target : (n,) 0 or 1, class codes, or numbers.
    recipe : ``linear``, ``trees``, ``tokens``, ``distances``, ``numbers``, or ``none`` for no features at all.
    columns : what is known beforehand, see :func:`learnable`.
    zone : in which the calendar is read.
    expressions : name and text of what the plan computes before; those that are no column are features.

    Where a category is encoded by the target, the matrix holds out-of-fold values (each fifth of the time by the other
    four) while the plan holds the map of all rows: a model that saw its own answers in a feature would trust it too
    much.

    Raises
    ------
    UnknownKey
        There is no such recipe.
    ColumnMissing
        A setting names a column that is none.
    InputError
        No column is left to learn from; an expression is none; a setting names a column of a kind it cannot use.

    Examples
    --------
    >>> import numpy as np
    >>> columns = tuple(Column(name=name, kind="float", known="before", feature=True) for name in "ab")
    >>> found = fit_features(
    ...     pl.DataFrame({"a": [1.0, 2.0], "b": [5.0, 5.0]}), np.array([0.0, 1.0]), recipe="trees", columns=columns,
    ...     settings=Features(), zone="UTC", task="binary",
    ... )
    >>> found.dropped
    (Dropped(feature='b', reason='constant', detail=None),)
    """
    if recipe not in RECIPES:
        raise UnknownKey(recipe, RECIPES, what="recipe")
    check_settings(settings, columns, expressions, task=task)
    draft = Draft(frame, target, columns, settings, zone, task, dict(expressions))
    if recipe == "none":
        return FittedFeatures(*draft.finish(), ())
    encode, known = RECIPES[recipe], {column.name for column in columns}
    names = [column.name for column in columns if column.feature]
    names += [name for name, _ in expressions if name not in known]
    for name in names:
        _encoded(draft, name, encode.get(draft.kind(name)))
    for slot in _combined(draft, names, PROPOSED.get(recipe, 0)):
        _encoded(draft, slot, encode["float"])
    if not draft.features and not draft.texts:
        raise InputError(
            "no column is left to learn from",
            expected="a column that varies, is known before the prediction and may be a feature",
            mend="see 'known' and 'feature' in columns.toml",
        )
    if settings.select != "none" and draft.features:
        _selected(draft, settings.select)
    if settings.project == "pca" and draft.features:
        project(draft, settings.components)
    read_tokens(draft)  # which are no amounts to select or to project
    return FittedFeatures(*draft.finish(), tuple(draft.dropped))


def _encoded(draft: Draft, name: str, encode: Encode | None) -> None:
    if encode is not None:
        encode(draft, name)
        draft.release()


def _combined(draft: Draft, names: list[str], auto: int) -> list[str]:
    """Slots of several columns each: ratios, differences, days between, aggregates; each one once."""
    settings = draft.settings
    pairs: tuple[tuple[Callable[[Draft, str, str], str], tuple[tuple[str, str], ...]], ...] = (
        (days_between, settings.days_between),
        (ratio, settings.ratios),
        (difference, settings.differences),
    )
    slots = [make(draft, *pair) for make, wanted in pairs for pair in dict.fromkeys(wanted)]
    for aggregate in dict.fromkeys(settings.aggregates):
        slots += aggregated(draft, aggregate)
    most = auto if settings.propose_pairs == "auto" else settings.propose_pairs
    return slots + proposed(draft, names, most) if most > 1 else slots


def _selected(draft: Draft, method: str) -> None:
    kept, figures = select(draft.matrix(), draft.target, method=method, task=draft.task)
    for slot, keep, figure in zip(draft.features, kept.tolist(), figures.tolist(), strict=True):
        if not keep:
            draft.drop(slot, method, figure)
    draft.features = [slot for slot, keep in zip(draft.features, kept.tolist(), strict=True) if keep]
