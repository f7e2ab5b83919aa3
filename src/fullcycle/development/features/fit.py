"""Fitting the feature plan: what is learnt from training rows so that columns become features."""

from __future__ import annotations

import polars as pl

from fullcycle.data.records import Column
from fullcycle.development.features.draft import Draft, Floats
from fullcycle.development.features.recipe import RECIPES
from fullcycle.development.features.user_defined import Expressions
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.plan import Plan


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
    """The feature plan that *recipe* fits, and the features of the rows it was fitted on.

    Parameters
    ----------
    frame : n rows in order of time.
    target : (n,) 0 or 1, class codes, or numbers.
    recipe : ``linear``, ``trees``, or ``none`` for no features at all.
    columns : what is known beforehand, see :func:`learnable`.
    zone : in which the calendar is read.
    expressions : name and text of what the plan computes before; those that are no column are features.

    Returns
    -------
    The plan, and (n, features) float64. Where a category is encoded by the target, the matrix holds out-of-fold values
    (each fifth of the time by the other four) while the plan holds the map of all rows: a model that saw its own
    answers in a feature would trust it too much.

    Raises
    ------
    UnknownKey
        There is no such recipe.
    InputError
        No column is left to learn from; an expression is none.
    """
    if recipe not in RECIPES:
        raise UnknownKey(recipe, RECIPES, what="recipe")
    draft = Draft(frame, target, columns, settings, zone, task, dict(expressions))
    if recipe == "none":
        return draft.finish()
    names = {column.name for column in columns}
    wanted = [column.name for column in columns if column.feature]
    for name in wanted + [name for name, _ in expressions if name not in names]:
        if (encode := RECIPES[recipe].get(draft.kind(name))) is not None:
            encode(draft, name)
    if not draft.features:
        raise InputError(
            "no column is left to learn from",
            expected="a column that varies, is known before the prediction and may be a feature",
            mend="see 'known' and 'feature' in columns.toml",
        )
    return draft.finish()
