"""SHAP values: how much each column adds to one row's score.

For trees of LightGBM by its own TreeSHAP, in log-odds (or the target's unit), exactly; for a linear model by its weights,
against the mean of rows that are given, exactly too; of a calibrated one before it is calibrated; for a blend of such models
of a regression, whose scores are their raw scores, as the weighted sum of theirs. A blend of probabilities is no sum before
its link: for it, as for any other model, by sampling, of the score itself. They add up, with what is expected of any row, to
the row's raw score. Lundberg and Lee 2017; Lundberg et al. 2020, *From local explanations to global understanding with
explainable AI for trees*.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, TypeGuard

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.blend import Blend
from fullcycle.predictor.formats.calibrated import Calibrated
from fullcycle.predictor.formats.lightgbm import LightGBM
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.shapley import SEED, shapley

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["tree_shap", "linear", "blend", "sampling"]
_UNLINKED = (
    "regression",
    "regression_l1",
    "huber",
    "fair",
    "quantile",
    "mape",
)  # objectives of LightGBM without a link


class Contribution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a column adds to the raw score of one row; one number, or one a class."""

    column: str
    adds: tuple[float, ...]


class Explanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row's raw score: what is expected of any row, and what each column adds, the most first.

    Attributes
    ----------
    scale : of what they add up to: ``score``, or what the model's link makes a score of, such as ``log_odds``.
    calibrated : False where that is the score before it is calibrated.
    seed : of the sampling; None where nothing was drawn.
    """

    expected: tuple[float, ...]
    contributions: tuple[Contribution, ...]
    method: Method
    scale: str
    calibrated: bool = True
    seed: int | None = None


def explain(
    plan: Plan, model: ModelFormat, row: pl.DataFrame, *, background: pl.DataFrame | None = None
) -> Explanation:
    """Why one row got its score.

    Parameters
    ----------
    row : a table of one row.
    background : rows that contributions are told against: the mean of a linear model's, rows drawn for other formats,
        whose contributions are to the score itself; a LightGBM model needs none.

    Raises
    ------
    InputError
        There is not one row, or a model that is not LightGBM's is given no background.
    """
    if row.height != 1:
        raise InputError("an explanation is of one row", found=row.height, expected="1")
    inner, calibrated = (model.model, False) if _exact_within(model) else (model, True)
    if needs_background(model) and (background is None or not background.height):
        raise InputError(
            "this model's explanation needs rows to be told against", found=model.name, mend="give background"
        )
    told = row if background is None else background
    if explainable(inner):
        columns, values = by_column(plan, inner, row, background=told)
    else:
        columns, sampled = shapley(plan, inner, row, told)
        values = sampled[None]
    found = [
        Contribution(column=name, adds=tuple(float(it) for it in values[0, :, place]))
        for place, name in enumerate(columns)
    ]
    ordered = sorted(found, key=lambda it: (-max(map(abs, it.adds)), it.column))
    return Explanation(
        expected=tuple(float(it) for it in values[0, :, -1]),
        contributions=tuple(ordered),
        method=_method(inner),
        scale=_scale(inner),
        calibrated=calibrated,
        seed=None if explainable(inner) else SEED,
    )


def needs_background(model: ModelFormat) -> bool:
    """Whether contributions are told against rows: not those of trees of LightGBM, which know what they were fitted on.

    >>> needs_background(Linear([1.0], 0.0))
    True
    """
    inner = model.model if isinstance(model, Calibrated) else model
    if isinstance(inner, Blend) and explainable(inner):
        return any(needs_background(part.model) for part in inner.parts)
    return not isinstance(inner, LightGBM)


def _exact_within(model: ModelFormat) -> TypeGuard[Calibrated]:
    return isinstance(model, Calibrated) and explainable(model.model)


def _method(model: ModelFormat) -> Method:
    if isinstance(model, LightGBM):
        return "tree_shap"
    if isinstance(model, Linear):
        return "linear"
    return "blend" if explainable(model) else "sampling"


def _scale(model: ModelFormat) -> str:
    """What contributions add up to, by the link that makes a score of it."""
    if isinstance(model, Linear):
        return {"sigmoid": "log_odds", "softmax": "log_odds"}.get(model.link, "score")
    if not isinstance(model, LightGBM):
        return "score"
    objective = model.objective.split(" ")[0]
    if objective in ("binary", "multiclass", "multiclassova", "cross_entropy"):
        return "log_odds"
    return "log" if objective in ("poisson", "gamma", "tweedie") else "score"


def explainable(model: ModelFormat) -> bool:
    """Whether the model's format has exact SHAP values here.

    >>> from fullcycle.predictor.formats.blend import Part
    >>> explainable(Linear([1.0], 0.0)), explainable(Blend([Part(Linear([1.0], 0.0, "sigmoid"), (0,), 1.0)], 1))
    (True, False)
    """
    if isinstance(model, Blend):
        return all(explainable(part.model) and _unlinked(part.model) for part in model.parts)
    return isinstance(model, LightGBM | Linear)


def _unlinked(model: ModelFormat) -> bool:
    """Whether the model's score is its raw score."""
    if isinstance(model, LightGBM):
        return model.objective in _UNLINKED
    return isinstance(model, Linear) and model.link == "identity"


def by_column(
    plan: Plan, model: ModelFormat, frame: pl.DataFrame, *, background: pl.DataFrame
) -> tuple[tuple[str, ...], Floats]:
    """The columns, and what each adds: (n, outputs, columns + 1), what is expected of any row last.

    Features are added up, in the plan's order, under the columns that they are made of; one made of several columns
    stands under all their names.
    """
    matrix = plan.matrix(frame)
    if not explainable(model):
        expected = "lightgbm, linear, or a blend of those of a regression"
        raise InputError("this model has no exact explanation", found=model.name, expected=expected)
    each = _by_feature(model, matrix, plan.matrix(background))
    sources = _sources(plan)
    columns = tuple(dict.fromkeys(sources))
    values = np.zeros((len(matrix), each.shape[1], len(columns) + 1))
    for place, source in enumerate(sources):
        values[:, :, columns.index(source)] += each[:, :, place]
    values[:, :, -1] = each[:, :, -1]
    return columns, values


def _by_feature(model: ModelFormat, matrix: Floats, background: Floats) -> Floats:
    """(n, outputs, features + 1), of an :func:`explainable` model."""
    if isinstance(model, Linear):
        return _of_weights(model, matrix, background)
    if isinstance(model, LightGBM):
        return model.contributions(matrix)
    total = np.zeros((len(matrix), model.outputs, model.features + 1))
    for part in model.parts if isinstance(model, Blend) else ():
        places = list(part.columns)
        own = _by_feature(part.model, np.ascontiguousarray(matrix[:, places]), background[:, places])
        total[:, :, [*places, -1]] += part.weight * own
    return total


def _of_weights(model: Linear, matrix: Floats, background: Floats) -> Floats:
    weights = np.atleast_2d(model.weights)
    means = np.array([math.fsum(column.tolist()) / len(column) for column in background.T])
    found = np.empty((len(matrix), len(weights), weights.shape[1] + 1))
    found[:, :, :-1] = (matrix - means)[:, None, :] * weights[None, :, :]
    expected = [
        math.fsum([total, *(row * means).tolist()])
        for row, total in zip(weights, np.atleast_1d(model.intercept).tolist(), strict=True)
    ]
    found[:, :, -1] = np.array(expected)
    return found


def _sources(plan: Plan) -> tuple[str, ...]:
    """For each feature the columns that it is made of."""
    made: dict[str, frozenset[str]] = {column.name: frozenset([column.name]) for column in plan.inputs}
    for operation in plan.operations:
        made[operation.output] = frozenset().union(*(made[slot] for slot in operation.reads()))
    order = {column.name: place for place, column in enumerate(plan.inputs)}
    return tuple(" and ".join(sorted(made[name], key=order.__getitem__)) or name for name in plan.features)
