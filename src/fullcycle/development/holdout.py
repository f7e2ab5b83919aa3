"""The chosen members fitted again on the training rows alone: their scores of the validation rows are of rows never seen.

What calibrates a prediction interval or suspects a label needs such scores. They are those of the model that the search
chose, not of the final one, which has learnt from the validation rows too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.blocks import row_blocks
from fullcycle.development.fit import fitted
from fullcycle.development.records import Member
from fullcycle.development.table import Floats, Given, Rows, rows


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


def hold_out(members: Sequence[Member], given: Given) -> Holdout:
    """The validation rows, scored by the members' model of the training rows.

    Raises
    ------
    InputError
        The rows cannot be learnt from.
    """
    train = rows(given.dataset, given.charter.target, given.blobs, "train")
    validation = rows(given.dataset, given.charter.target, given.blobs, "validation")
    scores = scores_after(members, given, train, validation)
    blocks = row_blocks(validation.frame[given.charter.time], given.charter)
    return Holdout(validation.target, scores, blocks, len(train.target))


def scores_after(
    members: Sequence[Member], given: Given, train: Rows, validation: Rows, *, stopping: bool = False
) -> Floats:
    """Scores of the validation rows by the members' model, fitted on *train*.

    An iterative learner takes as many iterations as its trial; with *stopping* the validation rows stop it, as they did
    the trial.
    """
    plan, model, _ = fitted(members, given, train, validation if stopping else None)
    return model.scores(plan.matrix(validation.frame))
