"""The study: which parameters of the leading learner to try next, asked in rounds and told in the order of the trials.

TPE: Bergstra et al. 2011, *Algorithms for hyper-parameter optimization*, as Optuna has it, multivariate and with a
constant liar. Random search: Bergstra and Bengio 2012. A grid takes three values of each parameter, its points shuffled,
so that a budget that ends early has seen all of its sides.
"""

from __future__ import annotations

import itertools
import math
import random
import warnings
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np

from fullcycle.development.learners import Learner, Parameters
from fullcycle.development.learners.boosting import NUMBER
from fullcycle.development.records import Trial
from fullcycle.development.settings import Development

LEVELS = 3  # values of a parameter on a grid
WIDEST = 5_000  # points of a grid; with more parameters some have two values only


class Asked(Protocol):
    """What is asked for parameters and told of losses."""

    def ask(self, count: int) -> list[Parameters]: ...
    def tell(self, trials: Sequence[Trial | None]) -> None: ...


def study_of(learner: Learner, leader: Trial, trials: Sequence[Trial], settings: Development) -> Asked:
    """The study that ``[development] search`` asks for, around a leading trial of the learner.

    What the leader has beside the learner's own parameters (LightGBM's randomised trees) stays as it is; of the other
    trials those count that have the same.

    >>> from fullcycle.development.learners import LEARNERS
    >>> leader = Trial(learner="extra_trees", parameters=LEARNERS["extra_trees"].default(), loss=0.5)
    >>> study_of(LEARNERS["extra_trees"], leader, (leader,), Development(search="grid")).ask(1)[0].keys()
    dict_keys(['trees', 'max_features', 'min_samples_leaf'])
    """
    fixed = _beside(learner, leader)
    known = [it for it in trials if it.learner == learner.name and not it.pruned and _beside(learner, it) == fixed]
    return (Grid if settings.search == "grid" else Study)(learner, known, fixed, settings)


def _beside(learner: Learner, trial: Trial) -> Parameters:
    own = learner.default()
    return {name: value for name, value in trial.parameters.items() if name not in own and name != NUMBER}


class Study:
    """Optuna's sampler for a learner, which has been told of the trials there are."""

    def __init__(self, learner: Learner, known: Sequence[Trial], fixed: Parameters, settings: Development) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._learner, self._fixed = learner, fixed
        self._study = optuna.create_study(sampler=_sampler(settings), direction="minimize")
        self._asked: list[Any] = []
        for trial in known:
            self._study.enqueue_trial({name: trial.parameters[name] for name in learner.default()})
            self.ask(1)
            self.tell([trial])

    def ask(self, count: int) -> list[Parameters]:
        """The parameters of the next trials."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [{**self._learner.suggest(asked), **self._fixed} for asked in self._asked]

    def tell(self, trials: Sequence[Trial | None]) -> None:
        """What the trials asked for last came to, in their order; None for one that came to nothing."""
        from optuna.trial import TrialState

        for asked, found in zip(self._asked, trials, strict=True):
            if found is None:
                self._study.tell(asked, state=TrialState.FAIL)
            elif found.pruned:
                for step, loss in enumerate(found.fold_losses):
                    asked.report(loss, step)
                self._study.tell(asked, state=TrialState.PRUNED)
            else:
                self._study.tell(asked, found.loss)


class Grid:
    """The points of a grid, shuffled by the seed; those that were tried already are left out."""

    def __init__(self, learner: Learner, known: Sequence[Trial], fixed: Parameters, settings: Development) -> None:
        from optuna.trial import FixedTrial

        values = grid(learner)
        points = [dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())]
        random.Random(settings.seed).shuffle(points)
        found = [{**learner.suggest(cast(Any, FixedTrial(point))), **fixed} for point in points]
        self._left = [it for it in found if it not in [trial.parameters for trial in known]]

    def ask(self, count: int) -> list[Parameters]:
        """The next points; fewer at the end."""
        asked, self._left = self._left[:count], self._left[count:]
        return asked

    def tell(self, trials: Sequence[Trial | None]) -> None:
        """A grid learns nothing."""


def grid(learner: Learner) -> dict[str, list[Any]]:
    """By parameter, the values of a grid: both ends and the middle of the learner's ranges.

    >>> from fullcycle.development.learners import LEARNERS
    >>> grid(LEARNERS["extra_trees"])
    {'max_features': [0.1, 0.55, 1.0], 'min_samples_leaf': [1, 10, 100]}
    """
    import optuna

    asked = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    learner.suggest(asked)
    spaces = asked.distributions
    found: dict[str, list[Any]] = {}
    for name, space in spaces.items():
        wide = LEVELS ** (len(spaces) - len(found)) * math.prod(map(len, found.values())) <= WIDEST
        found[name] = _levels(space, LEVELS if wide else 2)
    return found


def _levels(space: Any, count: int) -> list[Any]:
    if hasattr(space, "choices"):
        return list(space.choices)
    spaced = np.geomspace if space.log else np.linspace
    values = spaced(space.low, space.high, count).tolist()
    values = [min(max(value, space.low), space.high) for value in values]
    if isinstance(space.low, int):
        return list(dict.fromkeys(round(value) for value in values))
    return [float(f"{value:.12g}") for value in values]


def _sampler(settings: Development) -> Any:
    import optuna

    if settings.search == "random":
        return optuna.samplers.RandomSampler(seed=settings.seed)
    with warnings.catch_warnings():
        # before Optuna 5 both options, now its defaults, were called experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=settings.seed, multivariate=True, constant_liar=True)
