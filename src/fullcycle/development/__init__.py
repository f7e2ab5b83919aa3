"""Development: which feature plan and learner decide best, and do they pass the charter's gates?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple, cast

import msgspec
import numpy as np

from fullcycle.data.records import Dataset
from fullcycle.development.baseline import no_better_than_constant
from fullcycle.development.behave import behaviours
from fullcycle.development.calibrate import Calibration, calibration, cross_mapped
from fullcycle.development.conformal import calibrate
from fullcycle.development.ensemble import ensemble
from fullcycle.development.evaluate import figures, score_rows
from fullcycle.development.evaluation import Seen, look
from fullcycle.development.evaluation import findings as evaluation_findings
from fullcycle.development.features import check_settings, expressions, feature, learnable, left_out, without
from fullcycle.development.fit import alone, fit
from fullcycle.development.gates import gates, measured_gates
from fullcycle.development.holdout import Holdout, hold_out
from fullcycle.development.learners import LEARNERS
from fullcycle.development.out_of_fold import out_of_fold
from fullcycle.development.records import FoldRows, Line, Member, Model, Trial, Tried
from fullcycle.development.search import Fold, Progress, failures, folds_of, passed_over, search, silent
from fullcycle.development.settings import Development
from fullcycle.development.table import Floats, Given, rows
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Engine, Run, step
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.policy import Policy
from fullcycle.scoping.records import Charter

__all__ = ["LEARNERS", "feature", "make", "measured_gates", "policy_of"]

_LIBRARIES = ("lightgbm", "scikit-learn", "optuna", "numpy", "scipy", "polars")


@step("development.make", version=4, libraries=_LIBRARIES, project_code=True)
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    settings: Development,
    refit: Trial | Model | None = None,
    trials: tuple[Tried, ...] = (),
    reading: int = 1,
    blobs: Blobs,
    run: Run,
    engine: Engine,
    progress: Progress = silent,
) -> Model:
    """The Model: the best of the trials, fitted on all rows before the test rows, and what it came to on those.

    Parameters
    ----------
    progress : told after each round of trials how many are done, and the best loss.
    refit : a trial, or a model, whose learners, parameters and iterations are used as they are, without a search.
    trials : of a model that is made again: just these are run, whatever the budget.
    reading : which look at these test rows it is; the k-th is tested at α / (k (k + 1)).

    Raises
    ------
    InputError
        The task is not supported, a setting is wrong, or the rows cannot be learnt from.
    """
    policy = policy_of(charter, dataset)
    columns = learnable(dataset.columns, charter)
    given = Given(charter, dataset, settings, expressions(columns, dataset.derived), blobs)
    check_settings(settings.features, columns, given.expressions, knowledge=settings.knowledge)
    again = None if refit is None else _refitted(refit, given, run)
    chosen = again or _searched(given, run=run, engine=engine, progress=progress, told=trials)
    final = fit(chosen.members, given, chosen.calibration.map)
    policy = msgspec.structs.replace(policy, conformal=_conformal(chosen, charter))
    frame, target = rows(dataset, charter.target, blobs, "test")
    scores = final.model.scores(final.plan.matrix(frame))
    scored = score_rows(frame, target, scores, known=final.known, charter=charter, classes=len(dataset.classes))
    found = figures(scored, charter=charter, policy=policy)
    seen = look(Seen(chosen.members, given, final, scored, chosen.held, policy))
    first = chosen.members[0]
    return Model(
        parents=(dataset.id, charter.id),
        task=charter.task,
        learner=first.learner if len(chosen.members) == 1 else "ensemble",
        parameters=first.parameters if len(chosen.members) == 1 else {},
        plan=blobs.put(final.plan.to_json()),
        fitted=blobs.put(final.model.to_bytes()),
        format=final.model.name,
        policy=policy,
        leaderboard=leaderboard(chosen.trials),
        figures=found,
        scores=blobs.put(_written(scores)),
        trained_rows=len(final.known),
        fits=chosen.fits + len(chosen.members),
        seed=settings.seed,
        evaluation=blobs.put(seen.to_bytes()),
        reading=reading,
        findings=(
            *gates(charter, found, reading=reading, effects=seen.design_effects),
            *chosen.findings,
            *evaluation_findings(seen, task=charter.task, confidence=charter.confidence),
            *behaviours(final.plan, final.model),
            *left_out(columns, final.plan),
            *without(final.dropped),
            *passed_over(settings, charter.task, dataset.columns),
        ),
        members=chosen.members,
        calibration="" if chosen.calibration.map is None else chosen.calibration.map.method,
        trials=chosen.tried,
        folds=tuple(FoldRows(trained=len(it.train), tested=len(it.test)) for it in chosen.folds),
        settings=settings,
        libraries={name: version(name) for name in _LIBRARIES},
        code=run.code,
    )


class _Chosen(NamedTuple):
    """What the model will be made of, and how it was found."""

    members: tuple[Member, ...]
    calibration: Calibration
    held: Holdout
    trials: tuple[Trial, ...]
    fits: int
    findings: tuple[Finding, ...]
    tried: tuple[Tried, ...] = ()
    folds: tuple[Fold, ...] = ()


def _searched(given: Given, *, run: Run, engine: Engine, progress: Progress, told: Sequence[Tried]) -> _Chosen:
    """The best of a search: one trial or several, calibrated where it helps."""
    charter, settings, task = given.charter, given.settings, given.charter.task
    found = search(given, run=run, engine=engine, progress=progress, told=told)
    folds = folds_of(given)
    unseen = out_of_fold(given, folds, found.trials)
    members, gained = ensemble(found.trials, unseen, settings, task=task)
    blended = unseen.blended(members)
    mapped = Calibration(None)
    if settings.calibrate:
        known = unseen.target, blended, unseen.blocks
        mapped = calibration(members, task, *known, confidence=charter.confidence)
    flat = no_better_than_constant(members, found.trials, unseen, task=task, confidence=charter.confidence)
    # of one fold the tested rows are the validation rows
    once = Holdout(unseen.target, blended, unseen.blocks, len(folds[0].train)) if len(folds) == 1 else None
    held = once or hold_out(members, given)
    notes = (*flat, *failures(found.failed), *gained, *mapped.findings)
    fits = sum(len(it.fold_losses) for it in found.trials)
    return _Chosen(members, mapped, held, found.trials, fits, notes, found.tried, folds)


def _refitted(refit: Trial | Model, given: Given, run: Run) -> _Chosen:
    """What a trial or a model was made of, without a search; calibrated by the validation rows of this dataset."""
    members = alone(refit) if isinstance(refit, Trial) else refit.members
    if not members:
        raise InputError("this model does not tell its members", found="version 2 or before", mend="refit its trial")
    trials = (refit,) if isinstance(refit, Trial) else tuple(cast(Trial, run.get(it.trial)) for it in members)
    held = hold_out(members, given)
    mapped = Calibration(None)
    if given.settings.calibrate:
        known = held.target, held.scores, held.blocks
        mapped = calibration(members, given.charter.task, *known, confidence=given.charter.confidence)
    return _Chosen(members, mapped, held, trials, 0, mapped.findings)


def _conformal(chosen: _Chosen, charter: Charter) -> Conformal | None:
    """The intervals or sets of the model; scores that calibration has learnt from are mapped by what others say."""
    held, map = chosen.held, chosen.calibration.map
    scores = held.scores
    if map is not None:
        mapped = cross_mapped(map.method, held.target, held.scores, held.blocks)
        scores = map.scores(held.scores) if mapped is None else mapped
    return calibrate(charter.task, held.target, scores, held.blocks, confidence=charter.confidence)


def policy_of(charter: Charter, dataset: Dataset) -> Policy:
    """How scores become decisions. Values and today's rule may read what a request brings, and nothing known later.

    Raises
    ------
    InputError
        This version does not develop such models; or the parts of the charter do not fit each other.
    """
    if charter.task not in ("binary", "multiclass", "regression"):
        raise InputError(
            "this version does not develop models of this task",
            place="cycle.toml, [scoping] task",
            found=charter.task,
            expected="binary, multiclass or regression",
        )
    values = charter.values
    if charter.task == "multiclass":  # codes follow the dataset's order of classes
        values = msgspec.structs.replace(values, classes=dataset.classes)
    return Policy(
        task=charter.task,
        actions=charter.actions,
        values=values,
        todays_rule={**charter.todays_rule},
        limits=charter.limits.actions_per_day,
        zone=charter.timezone,
        kinds={rule.name: rule.kind for rule in dataset.contract.columns},
        confidence=charter.confidence,
    )


def leaderboard(trials: Sequence[Trial]) -> tuple[Line, ...]:
    """Every trial, best first, pruned ones last; of equal ones in their order.

    >>> [line.learner for line in leaderboard((Trial(learner="a", parameters={}, loss=1), Trial(learner="b", parameters={}, loss=0)))]
    ['b', 'a']
    """
    return tuple(
        Line(trial=it.id, learner=it.learner, loss=it.loss, error=it.error, pruned=it.pruned)
        for it in sorted(trials, key=lambda it: (it.pruned, it.loss))
    )


def _written(scores: Floats) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(scores), allow_pickle=False)
    return out.getvalue()
