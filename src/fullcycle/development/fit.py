"""The final fit: the members of the model on the training and validation rows together, as one plan and one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fullcycle.development.admission import obstacle
from fullcycle.development.features import Dropped
from fullcycle.development.features.text.tokens import count_tokens
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.planned import planned
from fullcycle.development.records import Member, Trial
from fullcycle.development.search.trial import check_target
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.development.weights import columns_of, weights_of
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.formats.blend import Blend, Part
from fullcycle.predictor.formats.calibrated import Calibrated, Map
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.plan.union import union


class Final(NamedTuple):
    """What the final fit gave.

    Attributes
    ----------
    plan, model : what serves.
    known : (rows,) the target of the rows it was fitted on.
    dropped : features that the plan does without.
    """

    plan: Plan
    model: ModelFormat
    known: Floats
    dropped: tuple[Dropped, ...] = ()


def alone(trial: Trial) -> tuple[Member, ...]:
    """The members of a model that is one trial's.

    >>> alone(Trial(learner="linear", parameters={}, loss=0.5))[0].weight
    1.0
    """
    return (member(trial, 1.0),)


def member(trial: Trial, weight: float) -> Member:
    """A trial as a member.

    >>> member(Trial(learner="linear", parameters={}, loss=0.5, iterations=7), 0.5).iterations
    7
    """
    return Member(
        trial=trial.id,
        learner=trial.learner,
        parameters=trial.parameters,
        iterations=trial.iterations,
        weight=weight,
    )


def fit(members: Sequence[Member], given: Given, map: Map | None = None) -> Final:
    """The model of its members, on all rows before the test rows, which nothing here reads.

    An iterative learner takes the number of iterations that the folds chose for its trial.

    Parameters
    ----------
    map : that calibrates its probabilities; None where they stay as they are.

    Raises
    ------
    InputError
        The rows cannot be learnt from, or a member's learner may not be used on them.
    """
    for it in members:
        error = obstacle(LEARNERS[it.learner], given.charter.task, given.settings.knowledge, given.dataset.columns)
        if error is not None:
            raise error
    known = rows(given.dataset, given.charter.target, given.blobs, "train", "validation")
    check_target(known.target, given.dataset.classes)
    plan, model, dropped = fitted(members, given, known)
    return Final(plan, model if map is None else Calibrated(model, map), known.target, dropped)


class Fitted(NamedTuple):
    """One plan and one model of all members, and the features that the plan does without."""

    plan: Plan
    model: ModelFormat
    dropped: tuple[Dropped, ...]


def fitted(members: Sequence[Member], given: Given, known: Rows, held: Rows | None = None) -> Fitted:
    """The members fitted on *known*; where rows are *held*, they stop iterative learners."""
    plans: dict[str, tuple[Plan, Floats, tuple[Dropped, ...]]] = {}
    models = []
    for it in members:
        recipe = LEARNERS[it.learner].recipe
        if recipe not in plans:
            plans[recipe] = planned(recipe, given, known)
        models.append(_member(it, given, known, *plans[recipe][:2], held))
    if len(members) == 1:
        plan, _, dropped = plans[LEARNERS[members[0].learner].recipe]
        return Fitted(plan, models[0], dropped)
    joined = union([plans[LEARNERS[it.learner].recipe][0] for it in members])
    parts = [
        Part(model, columns, it.weight) for it, model, columns in zip(members, models, joined.columns, strict=True)
    ]
    # what one member does without another may use
    lost = dict.fromkeys(it for _, _, dropped in plans.values() for it in dropped)
    dropped = tuple(it for it in lost if it.feature not in joined.plan.features)
    return Fitted(joined.plan, Blend(parts, len(joined.plan.features)), dropped)


def _member(it: Member, given: Given, known: Rows, plan: Plan, matrix: Floats, held: Rows | None) -> ModelFormat:
    settings = given.settings
    training = Training(
        matrix,
        known.target,
        given.charter.task,
        len(given.dataset.classes),
        it.parameters,
        settings.seed,
        validation=None if held is None else (plan.matrix(held.frame), held.target),
        iterations=it.iterations,
        weights=weights_of(known.frame, settings.weight),
        constraints=constraints(settings.knowledge, plan, columns_of(given)),
        tokens=count_tokens(plan),
    )
    return LEARNERS[it.learner].fit(training).model
