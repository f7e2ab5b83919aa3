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


class Constraints(NamedTuple):
    """What declared knowledge asks of the features.

    Attributes
    ----------
    monotone : (features,) 1 where the score never falls as the feature grows, -1 where it never rises, 0 otherwise; empty
        where nothing is declared.
    together : sets of features of which one path through a tree may use one set only; empty where all go together.
    """

    monotone: tuple[int, ...] = ()
    together: tuple[tuple[int, ...], ...] = ()


class Training(NamedTuple):
    """What a learner is given.

    Attributes
    ----------
    X, y : (n, features) rows and (n,) targets; for clustering, which has none, zeros.
    task, classes : ``binary``, ``multiclass``, ``regression`` or ``clustering``; the number of classes, 0 where there are none.
    parameters : as :meth:`Learner.default` and :meth:`Learner.suggest` give them.
    seed : of everything random.
    validation : rows and targets that may stop an iterative learner early; None where there are none.
    iterations : that an iterative learner takes without validation rows.
    weights : (n,) how much each row counts, above 0; None where all count alike.
    constraints : what is declared of the features; a learner gets only what it honours.
    tokens : how many of the last features are the pieces of words of texts, by the recipe ``tokens``.
    """

    X: Floats
    y: Floats
    task: str
    classes: int
    parameters: Parameters
    seed: int
    validation: tuple[Floats, Floats] | None = None
    iterations: int = 0
    weights: Floats | None = None
    constraints: Constraints = Constraints()
    tokens: int = 0


class Learner(Protocol):
    """Fits models. The same rows, parameters and seed must give the same model, on any number of cores.

    Attributes
    ----------
    name : as registered.
    recipe : of the feature plan that it wants: ``linear``, ``trees``, ``tokens``, ``distances``, ``numbers`` or
        ``none``.
    tasks : which it can do.
    keeps_rows : whether its models hold training rows, which rules it out where there is personal data.
    honours : what of declared knowledge it can keep to: ``monotone``, ``never_together``.
    libraries : where there are any, packages of its own whose versions may change what it fits.
    """

    @property
    def name(self) -> str: ...
    @property
    def recipe(self) -> str: ...
    @property
    def tasks(self) -> tuple[str, ...]: ...
    @property
    def keeps_rows(self) -> bool: ...
    @property
    def honours(self) -> tuple[str, ...]: ...

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
