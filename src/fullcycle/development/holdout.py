"""The chosen trial fitted again on the training rows alone: its scores of the validation rows are of rows it never saw.

What calibrates a prediction interval or suspects a label needs such scores. They are those of the model that the search
chose, not of the final one, which has learnt from the validation rows too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.features import fit_plan, learnable
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.records import Trial
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.predictor.days import local_days
from fullcycle.predictor.plan.zones import DAY
from fullcycle.scoping.records import Charter


class Holdout(NamedTuple):
    """Validation rows with scores of a model that was not fitted on them.

    Attributes
    ----------
    target : (n,) what came true.
    scores : (n,) or (n, classes).
    blocks : (n,) the blocks in which rows are alike, as for the test rows.
    trained : rows that the model was fitted on.
    """

    target: Floats
    scores: Floats
    blocks: NDArray[np.int64]
    trained: int


def hold_out(chosen: Trial, given: Given) -> Holdout:
    """The validation rows, scored by the trial's model of the training rows.

    Raises
    ------
    InputError
        The rows cannot be learnt from.
    """
    train = rows(given.dataset, given.charter.target, given.blobs, "train")
    validation = rows(given.dataset, given.charter.target, given.blobs, "validation")
    scores = scores_after(chosen, given, train, validation, iterations=chosen.iterations)
    return Holdout(validation.target, scores, row_blocks(validation, given.charter), len(train.target))


def scores_after(chosen: Trial, given: Given, train: Rows, validation: Rows, *, iterations: int = 0) -> Floats:
    """Scores of the validation rows by the trial's learner and parameters, fitted on *train*.

    An iterative learner takes so many *iterations*; with 0 of them the validation rows stop it, as they did the trial.
    """
    charter, dataset, settings = given.charter, given.dataset, given.settings
    learner, columns = LEARNERS[chosen.learner], learnable(dataset.columns, charter)
    plan, matrix = fit_plan(
        *train,
        recipe=learner.recipe,
        columns=columns,
        settings=settings.features,
        zone=charter.timezone,
        task=charter.task,
        expressions=given.expressions,
    )
    held = plan.matrix(validation.frame)
    fitted = learner.fit(
        Training(
            matrix,
            train.target,
            charter.task,
            len(dataset.classes),
            chosen.parameters,
            settings.seed,
            validation=None if iterations else (held, validation.target),
            iterations=iterations,
            constraints=constraints(settings.knowledge, plan, columns),
        )
    )
    return fitted.model.scores(held)


def row_blocks(held: Rows, charter: Charter) -> NDArray[np.int64]:
    """The block of each row, (n,): its local day, or as many days as an outcome takes to be known."""
    return days_to_blocks(local_days(held.frame[charter.time], charter.timezone), charter.label_delay)


def days_to_blocks(days: NDArray[np.int64], label_delay: int) -> NDArray[np.int64]:
    """Days as blocks that are as long as an outcome takes, in microseconds.

    >>> days_to_blocks(np.array([10, 11, 12]), 2 * 86_400_000_000).tolist()
    [5, 5, 6]
    """
    return days // max(1, -(-label_delay // DAY))
