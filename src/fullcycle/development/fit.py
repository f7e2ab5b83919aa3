"""The final fit: the best trial's learner and parameters on the training and validation rows together."""

from __future__ import annotations

from typing import NamedTuple

from fullcycle.development.admission import obstacle
from fullcycle.development.features import Dropped, fit_features, learnable
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.records import Trial
from fullcycle.development.search import check_target
from fullcycle.development.table import Floats, Given, rows
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan


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


def fit(chosen: Trial, given: Given) -> Final:
    """The model of a trial, on all rows before the test rows, which nothing here reads.

    An iterative learner takes the number of iterations that the validation rows chose for the trial.

    Raises
    ------
    InputError
        The rows cannot be learnt from, or the trial's learner may not be used on them.
    """
    charter, dataset, settings = given.charter, given.dataset, given.settings
    learner = LEARNERS[chosen.learner]
    if (error := obstacle(learner, charter.task, settings.knowledge, dataset.columns)) is not None:
        raise error
    known = rows(dataset, charter.target, given.blobs, "train", "validation")
    check_target(known.target, dataset.classes)
    columns = learnable(dataset.columns, charter)
    plan, matrix, dropped = fit_features(
        *known,
        recipe=learner.recipe,
        columns=columns,
        settings=settings.features,
        zone=charter.timezone,
        task=charter.task,
        expressions=given.expressions,
    )
    training = Training(
        matrix,
        known.target,
        charter.task,
        len(dataset.classes),
        chosen.parameters,
        settings.seed,
        iterations=chosen.iterations,
        constraints=constraints(settings.knowledge, plan, columns),
    )
    fitted = learner.fit(training)
    return Final(plan, fitted.model, known.target, dropped)
