"""Development: which feature plan and learner decide best, and do they pass the charter's gates?"""

from __future__ import annotations

import io
from typing import NamedTuple

import msgspec
import numpy as np

from fullcycle.data.records import Dataset
from fullcycle.development.baselines import baseline_gates, baselines
from fullcycle.development.behave import behaviours as own_behaviours
from fullcycle.development.behaviours.checks import prepare
from fullcycle.development.behaviours.judge import judge
from fullcycle.development.behaviours.read import Behaviour
from fullcycle.development.clusters.figures import assigned, cluster_figures, passed_by, structure
from fullcycle.development.clusters.profiles import profiles, telling
from fullcycle.development.conformal import calibrate
from fullcycle.development.evaluate import figures, score_rows
from fullcycle.development.evaluation import Evaluation, Seen, look
from fullcycle.development.evaluation import findings as evaluation_findings
from fullcycle.development.features import check_settings, expressions, feature, learnable, left_out, without
from fullcycle.development.fit import Final, fit
from fullcycle.development.gates import gates, measured_gates
from fullcycle.development.holdout import hold_out
from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import Line, Model, Trial
from fullcycle.development.rule_scores import expert
from fullcycle.development.search import Progress, best, passed_over, search, silent
from fullcycle.development.settings import Development
from fullcycle.development.table import Floats, Given, rows
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.verbs import Engine, Run, step
from fullcycle.measure.intervals import Estimate
from fullcycle.predictor.conformal import Conformal
from fullcycle.predictor.policy import Policy
from fullcycle.scoping.records import Charter

__all__ = ["LEARNERS", "feature", "make", "measured_gates", "policy_of"]


@step(
    "development.make",
    version=4,
    libraries=("lightgbm", "scikit-learn", "optuna", "numpy", "scipy", "polars"),
    project_code=True,
)
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    settings: Development,
    refit: Trial | None = None,
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
    progress : told after each round of trials how many are done.
    refit : a trial whose learner, parameters and iterations are used as they are, without a search.
    reading : which look at these test rows it is; the k-th is tested at α / (k (k + 1)).
    behaviours : the project's behavioural tests that are data; those of its ``cycle.py`` are registered.

    Raises
    ------
    InputError
        The task is not supported, a setting is wrong, or the rows cannot be learnt from.
    """
    policy = policy_of(charter, dataset)
    frame = rows(dataset, charter.target, blobs, "test").frame
    unread = {it.name for it in dataset.columns if not it.feature} - {charter.time}
    tests = [prepare(it, dataset.contract, policy, frame, unread=unread) for it in behaviours]
    # a mistake is told before the search
    expert(settings.knowledge.expert_rule, policy.kinds, charter.task, policy.zone)
    columns = learnable(dataset.columns, charter)
    given = Given(charter, dataset, settings, expressions(columns, dataset.derived), blobs)
    check_settings(settings.features, columns, given.expressions, knowledge=settings.knowledge)
    trials = (refit,) if refit is not None else search(given, run=run, engine=engine, progress=progress)
    chosen = best(trials)
    final = fit(chosen, given)
    grouped = charter.task == "clustering"
    seen = _clustered(chosen, given, final) if grouped else _scored(chosen, given, final, policy, trials, reading)
    return Model(
        parents=(dataset.id, charter.id),
        task=charter.task,
        learner=chosen.learner,
        parameters=chosen.parameters,
        plan=blobs.put(final.plan.to_json()),
        fitted=blobs.put(final.model.to_bytes()),
        format=final.model.name,
        policy=msgspec.structs.replace(policy, conformal=seen.conformal),
        leaderboard=leaderboard(trials),
        figures=seen.figures,
        scores=blobs.put(_written(seen.scores)),
        trained_rows=len(final.known),
        fits=len(trials) + 1 if refit is None else 1,
        seed=settings.seed,
        evaluation=blobs.put(seen.evaluation.to_bytes()),
        reading=reading,
        findings=(
            *gates(charter, seen.figures, reading=reading, effects=seen.evaluation.design_effects),
            *seen.findings,
            *judge(tests, final.plan, final.model, contract=dataset.contract, policy=policy),
            *own_behaviours(final.plan, final.model),
            *left_out(columns, final.plan),
            *without(final.dropped),
            *passed_over(settings, charter.task, dataset.columns),
        ),
    )


class _Seen(NamedTuple):
    """What the test rows say of a model. *findings* are those beside its gates."""

    figures: dict[str, Estimate]
    scores: Floats
    evaluation: Evaluation
    findings: tuple[Finding, ...]
    conformal: Conformal | None = None


def _scored(
    chosen: Trial, given: Given, final: Final, policy: Policy, trials: tuple[Trial, ...], reading: int
) -> _Seen:
    """A model that says something of an outcome, held against the outcomes."""
    charter, dataset = given.charter, given.dataset
    held = hold_out(chosen, given)
    conformal = calibrate(charter.task, held.target, held.scores, held.blocks, confidence=charter.confidence)
    policy = msgspec.structs.replace(policy, conformal=conformal)
    frame, target = rows(dataset, charter.target, given.blobs, "test")
    scores = final.model.scores(final.plan.matrix(frame))
    scored = score_rows(frame, target, scores, known=final.known, charter=charter, classes=len(dataset.classes))
    beside = baselines(given, policy, scored, trials)
    seen = msgspec.structs.replace(look(Seen(chosen, given, final, scored, held, policy)), baselines=beside)
    found = (
        *baseline_gates(beside, charter, reading=reading),
        *evaluation_findings(seen, task=charter.task, confidence=charter.confidence),
    )
    return _Seen(figures(scored, charter=charter, policy=policy), scores, seen, found, conformal)


def _clustered(chosen: Trial, given: Given, final: Final) -> _Seen:
    """A clustering, which no outcome can prove wrong: whether its clusters hold together, and what is in them."""
    known, test = assigned(final, given, "train", "validation"), assigned(final, given, "test")
    found = cluster_figures(chosen, final, given, known, test)
    columns = learnable(given.dataset.columns, given.charter)
    described = profiles(
        *(known.rows.frame, known.codes, telling(given.dataset.columns, given.charter.entity), final.model.outputs),
        rare=given.settings.features.rare,
    )
    unread = passed_by(columns, final.plan.inputs)
    return _Seen(found, test.scores, Evaluation(clusters=described), (*structure(found), *unread))


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


def leaderboard(trials: tuple[Trial, ...]) -> tuple[Line, ...]:
    """Every trial, best first; of equal ones in their order.

    >>> [line.learner for line in leaderboard((Trial(learner="a", parameters={}, loss=1), Trial(learner="b", parameters={}, loss=0)))]
    ['b', 'a']
    """
    return tuple(Line(trial=it.id, learner=it.learner, loss=it.loss) for it in sorted(trials, key=lambda it: it.loss))


def _written(scores: Floats) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(scores), allow_pickle=False)
    return out.getvalue()
