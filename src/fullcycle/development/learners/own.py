"""A learner of the project's own: a function that fits, and yields a model that serving loads.

What it yields is a model in one of our formats, or a fitted scikit-learn estimator, which is then kept as one of them: no
pickle is ever served.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from fullcycle.development.learners.estimator import is_estimator, keep
from fullcycle.development.learners.kept_rows import kept_rows
from fullcycle.development.learners.learner import LEARNERS, Fitted, Parameters, Training
from fullcycle.development.learners.onnx_converter import LIBRARIES
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats import FORMATS, ModelFormat

if TYPE_CHECKING:
    from optuna import Trial

Function = TypeVar("Function", bound=Callable[..., Any])
TASKS = ("binary", "multiclass", "regression")
RECIPES = ("linear", "trees")


class Own:
    """A function ``(X, y, weight, seed, **params) -> model`` as a learner.

    Parameters
    ----------
    recipe : of the features that it is given: ``linear`` (scaled, nothing missing) or ``trees`` (as they are).
    tasks : which it can do.
    keeps_rows : whether its models hold rows that they were fitted on.
    """

    honours = ()
    libraries = LIBRARIES

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        recipe: str = "linear",
        tasks: tuple[str, ...] = TASKS,
        keeps_rows: bool = False,
    ) -> None:
        self.name, self.function = function.__name__, function
        self.recipe, self.tasks, self.keeps_rows = recipe, tuple(tasks), keeps_rows
        if recipe not in RECIPES or not self.tasks or not set(self.tasks) <= set(TASKS):
            expected = f"recipe of {', '.join(RECIPES)}; tasks of {', '.join(TASKS)}"
            raise InputError(
                f"the learner {self.name!r} is not declared right", found=(recipe, tasks), expected=expected
            )

    def default(self) -> Parameters:
        """What the function itself takes by default."""
        return {}

    def suggest(self, trial: Trial) -> Parameters:
        """Nothing is searched."""
        return {}

    def fit(self, training: Training) -> Fitted:
        """See :class:`~fullcycle.development.learners.learner.Learner`; on one thread, whose sums have one order.

        Raises
        ------
        InputError
            The function yields something that cannot be served, or that holds training rows without saying so.
        """
        from threadpoolctl import threadpool_limits

        X, y = training.X, training.y
        weights = np.ones(len(y)) if training.weights is None else training.weights
        with threadpool_limits(limits=1):
            model: Any = self.function(X, y, weights, training.seed, **training.parameters)
            if is_estimator(model):
                self._check_rows(model)
                return Fitted(keep(model, training), 0)
        if str(getattr(model, "name", "")) not in FORMATS or not isinstance(model, ModelFormat):
            raise InputError(
                f"the learner {self.name!r} yields no model that can be served",
                place="cycle.py",
                found=type(model).__name__,
                expected=f"a fitted scikit-learn estimator, or a model of fullcycle.predictor.formats: {', '.join(FORMATS)}",
            )
        return Fitted(model, 0)

    def _check_rows(self, model: Any) -> None:
        if not self.keeps_rows and (found := kept_rows(model)):
            raise InputError(
                f"the learner {self.name!r} keeps training rows in its model and does not say so",
                place="cycle.py",
                found=found,
                mend="write @learner(keeps_rows=True); it is then left out where columns hold personal data",
            )


@overload
def learner(function: Function) -> Function: ...
@overload
def learner(
    *, recipe: str = "linear", tasks: tuple[str, ...] = TASKS, keeps_rows: bool = False
) -> Callable[[Function], Function]: ...
def learner(function: Any = None, **declared: Any) -> Any:
    """Register a learner of the project's own under its function's name; options are those of :class:`Own`.

    Raises
    ------
    InputError
        The options are none.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> @learner(tasks=("binary", "multiclass"))
    ... def bayes(X, y, weight, seed):
    ...     return GaussianNB().fit(X, y, sample_weight=weight)
    >>> LEARNERS.remove("bayes").tasks
    ('binary', 'multiclass')
    """
    if function is None:
        return lambda given: learner(given, **declared)
    LEARNERS.add(function.__name__, Own(function, **declared))
    return function
