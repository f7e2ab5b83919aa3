"""A learner of the project's own: a function that fits, and yields a model in a format that serving loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fullcycle.development.learners.learner import LEARNERS, Fitted, Parameters, Training
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats import FORMATS, ModelFormat

if TYPE_CHECKING:
    from optuna import Trial


class Own:
    """A function ``(X, y, weight, seed, **params) -> model`` as a learner; it gets the features that a linear model gets."""

    recipe = "linear"
    tasks = ("binary", "multiclass", "regression")
    keeps_rows = False
    honours = ()

    def __init__(self, function: Callable[..., ModelFormat]) -> None:
        self.name, self.function = function.__name__, function

    def default(self) -> Parameters:
        """What the function itself takes by default."""
        return {}

    def suggest(self, trial: Trial) -> Parameters:
        """Nothing is searched."""
        return {}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`.

        Raises
        ------
        InputError
            The function yields something that serving cannot load.
        """
        X, y = training.X, training.y
        weights = np.ones(len(y)) if training.weights is None else training.weights
        model: Any = self.function(X, y, weights, training.seed, **training.parameters)
        if str(getattr(model, "name", "")) not in FORMATS:
            raise InputError(
                f"the learner {self.name!r} yields no model that can be served",
                place="cycle.py",
                found=type(model).__name__,
                expected=f"a model of fullcycle.predictor.formats: {', '.join(FORMATS)}",
            )
        return Fitted(model, 0)


def learner(function: Callable[..., ModelFormat]) -> Callable[..., ModelFormat]:
    """Register a learner of the project's own under its function's name.

    >>> from fullcycle.predictor.formats.linear import Linear
    >>> @learner
    ... def nought(X, y, weight, seed):
    ...     return Linear(np.zeros(X.shape[1]), 0.0, "sigmoid")
    >>> LEARNERS.remove("nought").name
    'nought'
    """
    LEARNERS.add(function.__name__, Own(function))
    return function
