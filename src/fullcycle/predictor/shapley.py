"""Shapley values by sampling, for models of any format: what each column adds to one row's score.

The columns of a background row take the values of the explained row one after the other, in an order drawn by lot and in
that order reversed; what each changes on the way is its part. The parts add up, with the mean score of the background rows
that were drawn, to the row's score. Štrumbelj and Kononenko 2014, *Explaining prediction models and individual predictions
with feature contributions*.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

Floats: TypeAlias = NDArray[np.float64]
ORDERS = 100  # drawn, each taken forwards and backwards
SEED = 5


def shapley(
    plan: Plan, model: ModelFormat, row: pl.DataFrame, background: pl.DataFrame
) -> tuple[tuple[str, ...], Floats]:
    """The columns, and what each adds to the score of *row*: (outputs, columns + 1), what is expected of any row last.

    Parameters
    ----------
    row : a table of one row.
    background : rows, of which some are drawn, always the same.

    Examples
    --------
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> from fullcycle.predictor.plan import Input
    >>> plan = Plan(inputs=(Input("x", "float"), Input("y", "float")), operations=(), features=("x", "y"))
    >>> row, others = pl.DataFrame({"x": [1.0], "y": [5.0]}), pl.DataFrame({"x": [0.0], "y": [0.0]})
    >>> shapley(plan, Linear([2.0, 1.0], 3.0), row, others)[1].round(9).tolist()
    [[2.0, 5.0, 3.0]]
    """
    names = tuple(column.name for column in plan.inputs)
    chance = np.random.Generator(np.random.Philox(SEED))
    orders = [chance.permutation(len(names)) for _ in range(ORDERS)]
    orders = [order for one in orders for order in (one, one[::-1])]
    drawn = np.repeat(chance.integers(0, background.height, ORDERS), 2)
    steps = len(names) + 1
    switched = np.zeros((len(orders), steps, len(names)), np.bool_)
    for place, order in enumerate(orders):
        for step, column in enumerate(order, 1):
            switched[place, step:, column] = True
    scores = _scores(plan, model, row, background, np.repeat(drawn, steps), switched.reshape(-1, len(names)))
    walks = scores.reshape(len(orders), steps, -1)
    found = np.empty((walks.shape[2], len(names) + 1))
    for output, walk in enumerate(np.moveaxis(walks, 2, 0)):
        changes = np.diff(walk, axis=1)
        parts = np.empty_like(changes)
        for place, order in enumerate(orders):
            parts[place, order] = changes[place]
        for column, values in enumerate((*parts.T, walk[:, 0])):
            found[output, column] = math.fsum(values.tolist()) / len(orders)
    return names, found


def _scores(
    plan: Plan, model: ModelFormat, row: pl.DataFrame, background: pl.DataFrame, drawn: Floats, switched: np.ndarray
) -> Floats:
    """Scores of background rows in which the *switched* columns, (n, columns), are those of the row."""
    frame = pl.DataFrame(
        {
            column.name: pl.select(
                pl.when(pl.Series(switched[:, place]))
                .then(row[column.name].new_from_index(0, len(drawn)))
                .otherwise(background[column.name].gather(drawn))
            ).to_series()
            for place, column in enumerate(plan.inputs)
        }
    )
    return model.scores(plan.matrix(frame))
