"""The reserve: the seconds of a time budget that what follows the search will take, told from what its trials took.

The final fit, the fit that validation rows are held out from, LightGBM's defaults as a baseline and the learning curve are
fits like those of the trials, on other numbers of rows. Of what is looked at beside, the seconds go by columns and rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fullcycle.development.ensemble import FEW, MOST, ROUNDS, candidates
from fullcycle.development.learners import LEARNERS
from fullcycle.development.learners.boosting import UNTOLD
from fullcycle.development.learning_curve import MOST as MOST_OF_CURVE
from fullcycle.development.learning_curve import SHARES
from fullcycle.development.records import Trial
from fullcycle.development.search import Fold, Speed
from fullcycle.development.table import Given

MANY = 6  # members of an ensemble for which accuracy is all that counts
FIGURES = 2e-5  # seconds for the figures of a test row
LOSS = 3e-8  # seconds for the loss of a row, of which selecting an ensemble takes many
SEEN = {"explanations": 3.0, "slices": 0.3, "robustness": 1.5, "label_errors": 0.1}
"""Seconds for what is looked at beside the figures, measured on samples of the default size."""


class Sizes(NamedTuple):
    """Numbers of rows.

    Attributes
    ----------
    known, train, test : training and validation rows, training rows alone, test rows.
    folds : that the trials of the search are fitted on, all folds together.
    several : whether there are several folds.
    """

    known: int
    train: int
    test: int
    folds: int
    several: bool


def sizes(given: Given, folds: Sequence[Fold]) -> Sizes:
    """The numbers of rows of a dataset and of its folds."""
    parts = given.dataset.parts
    train, test = parts["train"].rows, parts["test"].rows
    fitted = sum(len(it.train) for it in folds)
    return Sizes(train + parts["validation"].rows, train, test, fitted, len(folds) > 1)


def reserve(
    given: Given, rows: Sizes, trials: Sequence[Trial], seconds: Mapping[str, float], speed: Speed | None
) -> float | None:
    """Seconds that what follows the search is expected to take; None while nothing has told.

    Parameters
    ----------
    trials : so far.
    seconds : that each took, by its id.
    speed : of LightGBM, None where it is not known.
    """
    settings, clustering = given.settings, given.charter.task == "clustering"
    members = _members(given, trials, rows.known)
    told = [seconds[it.id] for it in members if it.id in seconds]
    usual = None if speed is None else speed.start + UNTOLD * speed.tree  # as many trees as the baseline has
    fits = sum(told) if told else usual
    if fits is None:
        return None
    row = fits / max(rows.folds, 1)  # seconds to fit the model on one row
    fitted = rows.known + (rows.train if rows.several and not clustering else 0)
    if settings.evaluation.learning_curve and not clustering:
        fitted += sum(size for share in SHARES if (size := rows.train // share) <= MOST_OF_CURVE)
    baseline = 0.0 if usual is None or _defaults(members) else usual
    looked = sum(took for name, took in SEEN.items() if getattr(settings.evaluation, name)) + FIGURES * rows.test
    busy = 1.0 if speed is None else speed.busy
    beside = busy * (looked + _selecting(given, rows, trials))
    return row * fitted + baseline * rows.known / max(rows.folds, 1) + beside


def _selecting(given: Given, rows: Sizes, trials: Sequence[Trial]) -> float:
    """Seconds for selecting an ensemble: of all tested rows, and of each half of them."""
    if given.settings.ensemble == "none" or given.charter.task == "clustering":
        return 0.0
    tested = min(rows.known if rows.several else rows.known - rows.train, MOST)
    return 2 * ROUNDS * len(candidates(trials, rows.known)) * tested * LOSS


def _members(given: Given, trials: Sequence[Trial], n: int) -> list[Trial]:
    """The trials of which the model is likely to be made: as many as an ensemble takes, the best."""
    if given.charter.task == "clustering" or given.settings.ensemble == "none":
        most = 1
    else:
        most = FEW if given.settings.ensemble == "auto" else MANY
    return candidates(trials, n)[:most]


def _defaults(members: Sequence[Trial]) -> bool:
    return len(members) == 1 and members[0].parameters == LEARNERS["lightgbm"].default()
