"""What a model will be made of: found by a search, or taken over from a model that is fitted again on newer rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

from fullcycle.development.calibrate import Calibration, calibration, cross_mapped
from fullcycle.development.conformal import calibrate
from fullcycle.development.ensemble import ensemble
from fullcycle.development.fit import alone
from fullcycle.development.holdout import Holdout, hold_out
from fullcycle.development.no_better_than_constant import no_better_than_constant
from fullcycle.development.out_of_fold import out_of_fold
from fullcycle.development.records import Member, Model, Trial, Tried
from fullcycle.development.reserve import reserve, sizes
from fullcycle.development.search import Fold, Progress, best, failures, folds_of, search
from fullcycle.development.table import Given
from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Engine, Run
from fullcycle.predictor.conformal import Conformal


class Chosen(NamedTuple):
    """What the model will be made of, and how it was found.

    Attributes
    ----------
    members : of one trial or several.
    calibration : of their probabilities; of a clustering there is none.
    held : rows that the members were not fitted on, with their scores; None for a clustering.
    trials, fits : those of the search, and how many models they fitted.
    tried, folds : as the search can be made again.
    """

    members: tuple[Member, ...]
    calibration: Calibration
    held: Holdout | None
    trials: tuple[Trial, ...]
    fits: int
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    folds: tuple[Fold, ...] = ()


def searched(
    given: Given, *, run: Run, engine: Engine, progress: Progress, told: Sequence[Tried], watch: Stopwatch
) -> Chosen:
    """The best of a search: one trial or several, calibrated where it helps. See :func:`fullcycle.development.search.search`."""
    charter, settings, task = given.charter, given.settings, given.charter.task
    folds = folds_of(given)
    left = partial(reserve, given, sizes(given, folds))
    found = search(given, run=run, engine=engine, progress=progress, told=told, watch=watch, reserve=left)
    failed = failures(found.failed)
    if task == "clustering":  # there is no outcome by which to weigh or calibrate
        members, fits = alone(best(found.trials)), len(found.trials)
        return Chosen(members, Calibration(None), None, found.trials, fits, failed, found.tried, folds)
    unseen = out_of_fold(given, folds, found.trials)
    members, gained = ensemble(found.trials, unseen, settings, task=task)
    blended = unseen.blended(members)
    mapped = Calibration(None)
    if settings.calibrate and not _one_season(given, len(folds)):
        known = unseen.target, blended, unseen.blocks
        mapped = calibration(members, task, *known, confidence=charter.confidence)
    flat = no_better_than_constant(members, found.trials, unseen, task=task, confidence=charter.confidence)
    # of one fold the tested rows are the validation rows
    once = Holdout(unseen.target, blended, unseen.blocks, len(folds[0].train)) if len(folds) == 1 else None
    held = once or hold_out(members, given)
    fits = sum(len(it.fold_losses) for it in found.trials)
    notes = (*flat, *failed, *gained, *mapped.findings)
    return Chosen(members, mapped, held, found.trials, fits, notes, found.tried, folds)


def refitted(refit: Trial | Model, given: Given, run: Run) -> Chosen:
    """What a trial or a model was made of, without a search; calibrated by the validation rows of this dataset, if at all.

    Raises
    ------
    InputError
        The model is too old to tell what it was made of.
    """
    members = alone(refit) if isinstance(refit, Trial) else refit.members
    if not members:
        raise InputError("this model does not tell its members", found="version 2 or before", mend="refit its trial")
    trials = (refit,) if isinstance(refit, Trial) else tuple(cast(Trial, run.get(it.trial)) for it in members)
    task, confidence = given.charter.task, given.charter.confidence
    if task == "clustering":
        return Chosen(members, Calibration(None), None, trials, 0)
    held = hold_out(members, given)
    mapped = Calibration(None)
    if given.settings.calibrate and not _one_season(given, 1):
        mapped = calibration(members, task, held.target, held.scores, held.blocks, confidence=confidence)
    return Chosen(members, mapped, held, trials, 0, mapped.findings)


def _one_season(given: Given, folds: int) -> bool:
    """Whether the held-out rows are of one stretch of time, whose level of the outcome says nothing of the next one's.

    On flights a map learnt from September and October, quiet months, made November and December worse than a constant.
    """
    return given.dataset.division.by == "time" and folds == 1


def conformal_of(chosen: Chosen, task: str, confidence: float) -> Conformal | None:
    """The intervals or sets of the model; scores that calibration has learnt from are mapped by what others say."""
    held, map = chosen.held, chosen.calibration.map
    if held is None:
        return None
    scores = held.scores
    if map is not None:
        mapped = cross_mapped(map.method, held.target, held.scores, held.blocks)
        scores = map.scores(held.scores) if mapped is None else mapped
    return calibrate(task, held.target, scores, held.blocks, confidence=confidence)
