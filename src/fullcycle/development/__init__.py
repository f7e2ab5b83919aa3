"""Development: which feature plan and learner decide best, and do they pass the charter's gates?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.metadata import version

import msgspec
import numpy as np

from fullcycle.data.records import Dataset
from fullcycle.development.behave import behaviours as own_behaviours
from fullcycle.development.behaviours.checks import prepare
from fullcycle.development.behaviours.judge import judge
from fullcycle.development.behaviours.read import Behaviour
from fullcycle.development.chosen import refitted, searched
from fullcycle.development.features import check_settings, expressions, feature, learnable, left_out, without
from fullcycle.development.fit import fit
from fullcycle.development.gates import measured_gates
from fullcycle.development.learners import LEARNERS
from fullcycle.development.reading import read_test_rows
from fullcycle.development.records import FoldRows, Line, Model, Trial, Tried
from fullcycle.development.rule_scores import expert
from fullcycle.development.search import Progress, passed_over, silent
from fullcycle.development.settings import Development
from fullcycle.development.table import Floats, Given, rows
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.verbs import Engine, Run, step
from fullcycle.predictor.policy import Policy
from fullcycle.scoping.records import Charter

__all__ = ["LEARNERS", "feature", "make", "measured_gates", "policy_of"]

_LIBRARIES = ("lightgbm", "scikit-learn", "optuna", "numpy", "scipy", "polars")


@step("development.make", version=6, libraries=_LIBRARIES, project_code=True)
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    settings: Development,
    refit: Trial | Model | None = None,
    trials: tuple[Tried, ...] = (),
    reading: int = 1,
    behaviours: tuple[Behaviour, ...] = (),
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
    behaviours : the project's behavioural tests that are data; those of its ``cycle.py`` are registered.

    Raises
    ------
    InputError
        A setting is wrong, or the rows cannot be learnt from.
    """
    policy = policy_of(charter, dataset)
    unread = {it.name for it in dataset.columns if not it.feature} - {charter.time}
    test = rows(dataset, charter.target, blobs, "test").frame
    tests = [prepare(it, dataset.contract, policy, test, unread=unread) for it in behaviours]
    expert(settings.knowledge.expert_rule, policy.kinds, charter.task, policy.zone)  # a mistake is told at once
    columns = learnable(dataset.columns, charter)
    given = Given(charter, dataset, settings, expressions(columns, dataset.derived), blobs)
    check_settings(settings.features, columns, given.expressions, knowledge=settings.knowledge)
    chosen = (
        searched(given, run=run, engine=engine, progress=progress, told=trials)
        if refit is None
        else refitted(refit, given, run)
    )
    final = fit(chosen.members, given, chosen.calibration.map)
    seen = read_test_rows(chosen, given, final, policy, reading=reading)
    first, several = chosen.members[0], len(chosen.members) > 1
    return Model(
        parents=(dataset.id, charter.id),
        task=charter.task,
        learner="ensemble" if several else first.learner,
        parameters={} if several else first.parameters,
        plan=blobs.put(final.plan.to_json()),
        fitted=blobs.put(final.model.to_bytes()),
        format=final.model.name,
        policy=seen.policy,
        leaderboard=leaderboard(chosen.trials),
        figures=seen.figures,
        scores=blobs.put(_written(seen.scores)),
        trained_rows=len(final.known),
        fits=chosen.fits + len(chosen.members),
        seed=settings.seed,
        evaluation=blobs.put(seen.evaluation.to_bytes()),
        reading=reading,
        findings=(
            *seen.findings,
            *chosen.findings,
            *judge(tests, final.plan, final.model, contract=dataset.contract, policy=seen.policy),
            *own_behaviours(final.plan, final.model),
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


def policy_of(charter: Charter, dataset: Dataset) -> Policy:
    """How scores become decisions. Values and today's rule may read what a request brings, and nothing known later.

    Raises
    ------
    InputError
        The parts of the charter do not fit each other.
    """
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
