"""Speed: what a tree of a learner costs on these rows and this machine, and what can be had of it in so many seconds.

A learner of boosted trees that would take longer than its share gets a higher learning rate: it wants fewer trees then,
about as many as the rate says (Friedman 2001, *Greedy function approximation*). A forest gets fewer trees. What follows
stands in the parameters of the trial, so that the record tells it and gives the same model again; the seconds stand in the
journal alone, as an observation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fullcycle.development.learners import LEARNERS, Parameters, Training
from fullcycle.development.learners.boosting import NUMBER, PATIENCE, TREES, most_trees
from fullcycle.development.records import Trial
from fullcycle.development.search.folds import folds_of
from fullcycle.development.search.trial import PREPARED, of_trial
from fullcycle.development.table import Given, rows
from fullcycle.kernel.clock import Stopwatch

RATE, WANTED = 0.1, 300  # trees that boosting wants at this learning rate, until a trial says how many it did
STEEPEST = 0.3  # learning rate beyond which fewer trees cost more than the time that they save
FEWEST, ENOUGH = 30, 50  # trees below which boosting, and a forest, is not worth its time
_LEAVES, _POWER = 31, 0.7  # time of a tree grows with this power of its leaves
_COUNTS = {"extra_trees": (1, 4), "random_forest": (1, 4)}  # trees that a pilot grows, and then more of them
_BOOSTED = (2, 22)
_SWING = 4.0  # by which one round may change what is believed of a speed
_GROWING = ("catboost", "extra_trees", "lightgbm", "random_forest", "xgboost")


class Speed(NamedTuple):
    """Seconds of a trial on all its folds.

    Attributes
    ----------
    start : before the first tree; the features are made once a process and do not count.
    tree : of each tree, at the learner's defaults.
    busy : how many times longer the clock takes than the processor, since others want it too.
    """

    start: float
    tree: float
    busy: float = 1.0


def load(name: str) -> None:
    """Load what a learner that grows trees needs, by growing one on made rows.

    >>> load("lightgbm")
    """
    X = np.arange(200.0).reshape(100, 2)
    learner = LEARNERS[name]
    parameters = {**learner.default(), ("trees" if "trees" in learner.default() else NUMBER): 1}
    learner.fit(Training(X, (X[:, 0] > 100).astype(np.float64), "binary", 2, parameters, seed=0, iterations=1))


def pilot(given: Given, name: str) -> Speed | None:
    """The speed of a learner that grows trees, from a few of them on the largest fold; None where it cannot be had.

    It makes the fold's features too, which the process keeps for the trials that follow.
    """
    try:
        return _pilot(given, name)
    except Exception:  # noqa: BLE001 - whatever is wrong, its trial will say so
        return None


def _pilot(given: Given, name: str) -> Speed:
    given = given._replace(settings=of_trial(given.settings))
    folds = folds_of(given)
    place = max(range(len(folds)), key=lambda it: len(folds[it].train))
    small, large = _COUNTS.get(name, _BOOSTED)
    load(name)
    few, more = (_grown(given, name, place, count) for count in (small, large))
    # the processor's own time differs less from one fit to the next than what else runs beside it takes
    busy = max((few.wall + more.wall) / max(few.processor + more.processor, 1e-9), 1.0)
    tree = max((more.processor - few.processor) / (large - small), 1e-6)
    share = busy * sum(len(it.train) for it in folds) / len(folds[place].train)
    return Speed(share * max(few.processor - small * tree, 0.0), share * tree, busy)


def grows_trees(name: str) -> bool:
    """Whether a learner grows trees one by one, so that fewer of them take less time.

    >>> grows_trees("lightgbm"), grows_trees("extra_trees"), grows_trees("linear")
    (True, True, False)
    """
    return name in _GROWING


def fitting(parameters: Parameters, speed: Speed, seconds: float, wanted: float = WANTED) -> Parameters:
    """The parameters with which a trial takes *seconds* at most, and as they are where it does so anyway. No learner gets
    fewer trees than say something.

    Parameters
    ----------
    wanted : trees at which early stopping is to be expected, at the learning rate :data:`RATE`.

    Examples
    --------
    >>> fitting({"learning_rate": 0.1}, Speed(1.0, 0.01), 60.0)
    {'learning_rate': 0.1}
    >>> fitting({"learning_rate": 0.1}, Speed(1.0, 0.1), 16.0)
    {'learning_rate': 0.2, 'num_iterations': 150}
    >>> fitting({"trees": 200}, Speed(1.0, 0.1), 11.0)
    {'trees': 100}
    """
    able = int((seconds - speed.start) / _cost(parameters, speed))
    if "trees" in parameters:
        return {**parameters, "trees": min(int(parameters["trees"]), max(able, ENOUGH))}
    able = max(able, FEWEST)
    rate = float(parameters["learning_rate"])
    needed = math.ceil(wanted * RATE / rate)
    if able < needed:
        steeper = max(rate, min(rate * needed / able, STEEPEST))
        return {**parameters, "learning_rate": float(f"{steeper:.3g}"), NUMBER: able}
    most = min(able, max(needed, TREES))
    return parameters if most == TREES else {**parameters, NUMBER: most}


def took(parameters: Parameters, speed: Speed) -> float:
    """Seconds that a trial takes at most, as far as its parameters say how many trees there are.

    >>> took({"learning_rate": 0.2, "num_iterations": 150}, Speed(1.0, 0.1)), took({"learning_rate": 0.2}, Speed(1.0, 0.1))
    (16.0, 1.0)
    """
    return speed.start + _cost(parameters, speed) * int(parameters.get("trees", parameters.get(NUMBER, 0)))


def corrected(speed: Speed, trials: Sequence[Trial], seconds: Mapping[str, float]) -> Speed:
    """The speed as the trials of a round show it: others may use the machine more or less than they did.

    Parameters
    ----------
    trials : of the learner, on all folds.
    seconds : that each took, by its id.

    Examples
    --------
    >>> trial = Trial(learner="lightgbm", parameters={"learning_rate": 0.1}, loss=0.5, iterations=60)
    >>> corrected(Speed(1.0, 0.1, 2.0), [trial], {trial.id: 5.0})
    Speed(start=0.5, tree=0.05, busy=1.0)
    """
    known = [it for it in trials if it.id in seconds and not it.pruned]
    expected = sum(speed.start + _cost(it.parameters, speed) * _trees(it) for it in known)
    if not expected:
        return speed
    ratio = min(max(sum(seconds[it.id] for it in known) / expected, 1 / _SWING), _SWING)
    return Speed(speed.start * ratio, speed.tree * ratio, max(speed.busy * ratio, 1.0))


def _trees(trial: Trial) -> int:
    """Trees that a trial grew on each fold, those that gained nothing too."""
    if "trees" in trial.parameters:
        return int(trial.parameters["trees"])
    return min(trial.iterations + PATIENCE, most_trees(trial.parameters))


def wanted_by(parameters: Parameters, iterations: int) -> float:
    """Trees that early stopping can be expected at, at the learning rate :data:`RATE`, after a trial that took so many.

    >>> wanted_by({"learning_rate": 0.1}, 100), wanted_by({"learning_rate": 0.2, "num_iterations": 150}, 149)
    (150.0, 600.0)
    """
    per_rate = float(parameters["learning_rate"]) / RATE
    stopped = iterations + PATIENCE <= int(parameters.get(NUMBER, TREES))
    return (1.2 * iterations + PATIENCE if stopped else 2.0 * int(parameters.get(NUMBER, TREES))) * per_rate


def _cost(parameters: Parameters, speed: Speed) -> float:
    return float(speed.tree * (float(parameters.get("num_leaves", _LEAVES)) / _LEAVES) ** _POWER)


class _Took(NamedTuple):
    """Seconds of a fit, by the clock and of the processor."""

    wall: float
    processor: float


def _grown(given: Given, name: str, place: int, count: int) -> _Took:
    """What it takes to fit so many trees and to score the fold's tested rows by them."""
    charter, fold = given.charter, folds_of(given)[place]
    known = rows(given.dataset, charter.target, given.blobs, "train", "validation")
    learner = LEARNERS[name]
    prepared = PREPARED.get(given, learner.recipe, place, fold, known)
    default = learner.default()
    number = "trees" if "trees" in default else NUMBER
    training = Training(
        *(prepared.train, known.target[fold.train], charter.task, len(given.dataset.classes)),
        parameters={**default, number: count},
        seed=given.settings.seed,
        validation=(prepared.test, known.target[fold.test]),
    )
    before = time.process_time()
    with Stopwatch() as watch:
        learner.fit(training).model.scores(prepared.test)
    return _Took(watch.seconds, time.process_time() - before)
