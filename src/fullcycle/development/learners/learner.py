"""What a learner is: a way to fit a model to a matrix, and the parameters worth trying."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.registry import Registry
from fullcycle.predictor.formats import ModelFormat

if TYPE_CHECKING:
    from optuna import Trial

Floats: TypeAlias = NDArray[np.float64]
Parameters: TypeAlias = dict[str, float | int | str | bool]


class Fitted(NamedTuple):
    """A fitted model, and how many iterations it took; 0 where there are none."""

    model: ModelFormat
    iterations: int


class Training(NamedTuple):
    """What a learner is given.

    Attributes
    ----------
    X, y : (n, features) rows and (n,) targets.
    task, classes : ``binary``, ``multiclass`` or ``regression``; the number of classes, 0 for regression.
    parameters : as :meth:`Learner.default` and :meth:`Learner.suggest` give them.
    seed : of everything random.
    validation : rows and targets that may stop an iterative learner early; None where there are none.
    iterations : that an iterative learner takes without validation rows.
    """

    X: Floats
    y: Floats
    task: str
    classes: int
    parameters: Parameters
    seed: int
    validation: tuple[Floats, Floats] | None = None
    iterations: int = 0


class Learner(Protocol):
    """Fits models. The same rows, parameters and seed must give the same model, on any number of cores.

    Attributes
    ----------
    name : as registered.
    recipe : of the feature plan that it wants: ``linear``, ``trees`` or ``none``.
    tasks : which it can do.
    """

    @property
    def name(self) -> str: ...
    @property
    def recipe(self) -> str: ...
    @property
    def tasks(self) -> tuple[str, ...]: ...

    def default(self) -> Parameters:
        """The parameters to try first."""
        ...

    def suggest(self, trial: Trial) -> Parameters:
        """Other parameters, by the search."""
        ...

    def fit(self, training: Training) -> Fitted:
        """A model of these rows."""
        ...


LEARNERS: Registry[Learner] = Registry("learner")
"""Every learner by name. A third party adds its own as we do."""
