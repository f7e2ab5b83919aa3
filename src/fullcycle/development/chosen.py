"""What a model will be made of: found by a search, or taken over from a model that is fitted again on newer rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, cast

from fullcycle.development.calibrate import Calibration, calibration, cross_mapped
from fullcycle.development.conformal import calibrate
from fullcycle.development.ensemble import ensemble
from fullcycle.development.fit import Final, alone, fit
from fullcycle.development.holdout import Holdout, hold_out
from fullcycle.development.latency import allowed, as_slow, latency_p99, slowest
from fullcycle.development.no_better_than_constant import no_better_than_constant
from fullcycle.development.out_of_fold import out_of_fold
from fullcycle.development.records import Member, Model, Trial, Tried
from fullcycle.development.reserve import reserve, sizes
from fullcycle.development.search import Fold, Progress, Searched, best, failures, folds_of, search
from fullcycle.development.table import Given
from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Engine, Run
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.policy import Policy


class Chosen(NamedTuple):
    """What the model will be made of, and how it was found.

    Attributes
    ----------
    members : of one trial or several.
    calibration : of their probabilities; of a clustering there is none.
    held : rows that the members were not fitted on, with their scores; None for a clustering.
    trials, fits : those of the search, and how many models they fitted.
    tried, folds : as the search can be made again.
    final : the final fit, where selecting took one; otherwise None.
    """

    members: tuple[Member, ...]
    calibration: Calibration
    held: Holdout | None
    trials: tuple[Trial, ...]
    fits: int
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    folds: tuple[Fold, ...] = ()
    final: Final | None = None


def searched(
    given: Given,
    policy: Policy,
    *,
    run: Run,
    engine: Engine,
    progress: Progress,
    told: Sequence[Tried],
    watch: Stopwatch,
) -> Chosen:
    """The best of a search: one trial or several, calibrated where it helps, and quick enough to answer.

    See :func:`fullcycle.development.search.search` and :mod:`fullcycle.development.latency`.
    """
    task = given.charter.task
    folds = folds_of(given)
    left = partial(reserve, given, sizes(given, folds))
    found = search(given, run=run, engine=engine, progress=progress, told=told, watch=watch, reserve=left)
    if task == "clustering":  # there is no outcome by which to weigh or calibrate
        members, failed = alone(best(found.trials)), failures(found.failed)
        return Chosen(members, Calibration(None), None, found.trials, len(found.trials), failed, found.tried, folds)
    if told or (limit := allowed(given)) is None:  # what was ruled out then is told as stopped
        return _selected(given, found, folds)
    return _quick_enough(given, found, folds, policy, limit)


def _quick_enough(given: Given, found: Searched, folds: tuple[Fold, ...], policy: Policy, limit: float) -> Chosen:
    """The selection among the trials whose model answers in time: the slowest member of one that does not is ruled out."""
    while True:
        chosen = _selected(given, found, folds)
        final = fit(chosen.members, given, chosen.calibration.map)
        took = latency_p99(final, given, policy)
        slow = slowest(final, chosen.members)
        if took <= limit or slow.learner == "constant":
            return chosen._replace(final=final)
        trial = next(it for it in found.trials if it.id == slow.trial)
        reason = f"its model answers a row in {took * 1e3:.3g} ms (latency_p99), {limit * 1e3:.3g} ms are allowed"
        found = found.without(as_slow(trial, found.trials), reason)


def _selected(given: Given, found: Searched, folds: tuple[Fold, ...]) -> Chosen:
    """One trial or several, calibrated where it helps."""
    charter, settings, task = given.charter, given.settings, given.charter.task
    failed = failures(found.failed)
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
