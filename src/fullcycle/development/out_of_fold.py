"""Out-of-fold rows: what a search knows of rows on which the model that scored them was not fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.blocks import row_blocks
from fullcycle.development.records import Member, Trial
from fullcycle.development.search import Fold, read_scores, scored_rows
from fullcycle.development.table import Floats, Given, rows


class OutOfFold(NamedTuple):
    """The tested rows of all folds, fold after fold.

    Attributes
    ----------
    target : (n,) what came true.
    blocks : (n,) in which rows are alike.
    scores : by trial, (n,) or (n, classes); of trials that were scored on every fold.
    """

    target: Floats
    blocks: NDArray[np.int64]
    scores: dict[str, Floats]

    def blended(self, members: Sequence[Member]) -> Floats:
        """Scores of members together, by their weights.

        >>> rows = OutOfFold(np.zeros(1), np.zeros(1, np.int64), {"a": np.array([0.2]), "b": np.array([0.6])})
        >>> members = [Member(trial=it, learner="", parameters={}, iterations=0, weight=0.5) for it in "ab"]
        >>> rows.blended(members).round(12).tolist()
        [0.4]
        """
        total = np.zeros_like(self.scores[members[0].trial])
        for it in members:
            total = total + it.weight * self.scores[it.trial]
        return total


def out_of_fold(given: Given, folds: tuple[Fold, ...], trials: Sequence[Trial]) -> OutOfFold:
    """The tested rows with the scores that *trials* keep; pruned ones have not seen all of them."""
    known = rows(given.dataset, given.charter.target, given.blobs, "train", "validation")
    at = scored_rows(folds)
    blocks = row_blocks(known.frame[given.charter.time].gather(at), given.charter)
    scores = {it.id: read_scores(given.blobs.get(it.scores)) for it in trials if not it.pruned}
    return OutOfFold(known.target[at], blocks, scores)
