"""A trial: one learner with one set of parameters, fitted and scored on every fold. A keyed step of its own."""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from fullcycle.data.records import Dataset
from fullcycle.development.blocks import row_blocks
from fullcycle.development.clusters.loss import cluster_loss
from fullcycle.development.features import Expressions, fit_plan
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Fitted, Learner, Parameters, Training
from fullcycle.development.losses import mean_loss, row_losses, standard_error
from fullcycle.development.records import FailedTrial, Trial
from fullcycle.development.search.folds import Fold, Ints, folds_of
from fullcycle.development.settings import Development
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.development.weights import columns_of, weights_of
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError, OutsideError
from fullcycle.kernel.verbs import step
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Charter

BEATEN = 0.125  # p at which the fold losses of the leader are taken to be lower: after three folds of three
_HELD = 1 << 28  # bytes of matrices that a process keeps for its next trial


@step(
    "development.trial",
    version=6,
    libraries=("lightgbm", "scikit-learn", "numpy", "scipy", "polars"),
    project_code=True,
)
def trial(
    *,
    dataset: Dataset,
    charter: Charter,
    learner: str,
    parameters: Parameters,
    settings: Development,
    expressions: Expressions,
    bar: tuple[float, ...] = (),
    blobs: Blobs,
) -> Trial | FailedTrial:
    """The learner fitted and scored on each fold; a failed trial where it raises, which says of what it was tried.

    Parameters
    ----------
    learner : its name.
    settings : of the section; what the search alone reads is at its default, see :func:`of_trial`.
    expressions : what the feature plan computes before.
    bar : fold losses of the leader: a trial that loses to them on its first folds is pruned. Empty for no pruning.

    Raises
    ------
    InputError
        The training rows cannot be learnt from, or something that a person wrote is wrong.
    OutsideError
        The learner's library is not installed.
    """
    given = Given(charter, dataset, settings, expressions, blobs)
    try:
        return _trial(given, LEARNERS[learner], parameters, bar)
    except (MemoryError, OutsideError):
        raise  # of this machine, not of the trial
    except InputError as error:
        if error.place:  # it names what a person wrote
            raise
        return FailedTrial(parents=_parents(given), learner=learner, parameters=parameters, reason=str(error))
    except Exception as error:  # noqa: BLE001 - a learner may be anybody's code; the search goes on without it
        reason = f"{type(error).__name__}: {error}"
        return FailedTrial(parents=_parents(given), learner=learner, parameters=parameters, reason=reason)


def of_trial(settings: Development) -> Development:
    """The settings on which a trial depends; the others at their defaults, so that changing them repeats no trial.

    >>> of_trial(Development(search_budget="1 trials", seed=3)) == Development(seed=3)
    True
    """
    return Development(
        features=settings.features,
        knowledge=msgspec.structs.replace(settings.knowledge, expert_rule=""),
        seed=settings.seed,
        folds=settings.folds,
        weight=settings.weight,
    )


def beaten(losses: list[float], bar: tuple[float, ...]) -> bool:
    """Whether the first folds say that the leader is better: Wilcoxon's signed ranks, one-sided, exact.

    >>> beaten([0.5, 0.5, 0.6], (0.4, 0.3, 0.4, 0.4, 0.4)), beaten([0.5, 0.2, 0.6], (0.4, 0.3, 0.4, 0.4, 0.4))
    (True, False)
    """
    pairs = [ours - theirs for ours, theirs in zip(losses, bar, strict=False)]
    if len(pairs) >= len(bar) or len(pairs) < 2 or not any(pairs):
        return False
    from scipy.stats import wilcoxon

    return bool(wilcoxon(pairs, alternative="greater", method="exact").pvalue <= BEATEN)


def scored_rows(folds: tuple[Fold, ...]) -> Ints:
    """Positions of the tested rows in the order of a trial's scores.

    >>> scored_rows((Fold(np.array([0]), np.array([1])), Fold(np.array([0, 1]), np.array([2, 3])))).tolist()
    [1, 2, 3]
    """
    return np.concatenate([fold.test for fold in folds])


def _parents(given: Given) -> tuple[str, ...]:
    return given.dataset.id, given.charter.id


def _trial(given: Given, learner: Learner, parameters: Parameters, bar: tuple[float, ...]) -> Trial:
    charter = given.charter
    known = rows(given.dataset, charter.target, given.blobs, "train", "validation")
    weights = weights_of(known.frame, given.settings.weight)
    folds = folds_of(given)
    if charter.task == "clustering":
        return _clustered(given, learner, parameters, known, weights, folds[0])
    losses: list[float] = []
    scores, iterations = [], []
    for place, fold in enumerate(folds):
        fitted, found = _fold(given, learner, parameters, known, weights, place, fold)
        if not np.isfinite(found).all():
            raise InputError("a score is not finite")
        losses.append(mean_loss(charter.task, known.target[fold.test], found))
        scores.append(found)
        iterations.append(fitted.iterations)
        if beaten(losses, bar):
            break
    at = scored_rows(folds[: len(losses)])
    each = row_losses(charter.task, known.target[at], np.concatenate(scores))
    blocks = row_blocks(known.frame[charter.time].gather(at), charter)
    return Trial(
        parents=_parents(given),
        learner=learner.name,
        parameters=parameters,
        loss=math.fsum(losses) / len(losses),
        iterations=sorted(iterations)[len(iterations) // 2],
        error=standard_error(charter.task, each, blocks),
        fold_losses=tuple(losses),
        scores=given.blobs.put(_written(np.concatenate(scores))),
        pruned=len(losses) < len(folds),
    )


def _clustered(
    given: Given, learner: Learner, parameters: Parameters, known: Rows, weights: Floats | None, fold: Fold
) -> Trial:
    """Clusters of the training rows; see :func:`fullcycle.development.clusters.loss.cluster_loss`."""
    fitted, _ = _fold(given, learner, parameters, known, weights, 0, fold)
    prepared = _PREPARED.get(given, learner.recipe, 0, fold, known)
    loss = cluster_loss(fitted.model, parameters, prepared.train, prepared.test)
    return Trial(
        parents=_parents(given), learner=learner.name, parameters=parameters, loss=loss, iterations=fitted.iterations
    )


def _fold(
    given: Given,
    learner: Learner,
    parameters: Parameters,
    known: Rows,
    weights: Floats | None,
    place: int,
    fold: Fold,
) -> tuple[Fitted, Floats]:
    """The learner fitted on one fold, and its scores of the tested rows."""
    prepared = _PREPARED.get(given, learner.recipe, place, fold, known)
    train, test = known.target[fold.train], known.target[fold.test]
    check_target(train, given.dataset.classes)
    fitted = learner.fit(
        Training(
            prepared.train,
            train,
            given.charter.task,
            len(given.dataset.classes),
            parameters,
            given.settings.seed,
            (prepared.test, test),
            weights=None if weights is None else weights[fold.train],
            constraints=constraints(given.settings.knowledge, prepared.plan, columns_of(given)),
        )
    )
    return fitted, fitted.model.scores(prepared.test)


def check_target(target: Floats, classes: tuple[str, ...]) -> None:
    """Raise InputError where the training rows hold one class only.

    >>> check_target(np.array([0.0, 1.0]), ("false", "true"))
    """
    if classes and (target == target[0]).all():
        raise InputError(
            "the training rows hold one class only",
            place="the training rows",
            found=classes[int(target[0])],
            expected="two classes or more",
            mend="take a longer history, or change [data.split]",
        )


def read_scores(body: bytes) -> Floats:
    """The scores that a trial keeps, (rows,) or (rows, classes).

    >>> read_scores(_written(np.array([0.5]))).tolist()
    [0.5]
    """
    found: Floats = np.lib.format.read_array(io.BytesIO(body), allow_pickle=False)
    return found


def _written(scores: Floats) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(scores), allow_pickle=False)
    return out.getvalue()


class _Prepared(NamedTuple):
    """Features of the rows of a fold, and the plan that made them."""

    train: Floats
    test: Floats
    plan: Plan


class _Cache:
    """Fitted plans and their matrices, those used last, up to :data:`_HELD` bytes."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[object, ...], _Prepared] = OrderedDict()

    def get(self, given: Given, recipe: str, place: int, fold: Fold, known: Rows) -> _Prepared:
        settings = given.settings
        key = (given.dataset.id, given.charter.id, recipe, place, repr(settings), given.expressions)
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        found = self._held[key] = _prepare(given, recipe, fold, known)
        while len(self._held) > 1 and self._size() > _HELD:
            self._held.popitem(last=False)
        return found

    def _size(self) -> int:
        return sum(it.train.nbytes + it.test.nbytes for it in self._held.values())


_PREPARED = _Cache()


def _prepare(given: Given, recipe: str, fold: Fold, known: Rows) -> _Prepared:
    plan, matrix = fit_plan(
        taken(known.frame, fold.train),
        known.target[fold.train],
        recipe=recipe,
        columns=columns_of(given),
        settings=given.settings.features,
        zone=given.charter.timezone,
        task=given.charter.task,
        expressions=given.expressions,
    )
    return _Prepared(matrix, plan.matrix(taken(known.frame, fold.test)), plan)


def taken(frame: pl.DataFrame, places: Ints) -> pl.DataFrame:
    """The rows at ascending *places*, without a copy where they lie together.

    >>> taken(pl.DataFrame({"x": [1, 2, 3]}), np.array([1, 2]))["x"].to_list()
    [2, 3]
    """
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return frame.slice(int(places[0]), len(places))
    return frame[pl.Series(places)]
