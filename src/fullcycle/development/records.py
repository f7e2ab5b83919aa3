"""What development hands on: the Model, and the trials from which it was chosen."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from fullcycle.development.settings import Development
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind, upgrade
from fullcycle.measure.intervals import Estimate
from fullcycle.predictor.policy import Policy


@kind("trial", version=2)
class Trial(Record, frozen=True, kw_only=True):
    """One learner with one set of parameters, fitted and scored on each fold.

    Attributes
    ----------
    loss : log loss (classification) or RMSE (regression) of rows that it was not fitted on, the mean over folds; lower is
        better.
    iterations : of an iterative learner, the number that early stopping chose, the median over folds; 0 otherwise.
    error : standard error of the loss, rows resampled in blocks; None with too few blocks to say.
    fold_losses : of each fold, in order.
    scores : blob of the scores of the tested rows, fold after fold (NumPy); empty where there are none.
    pruned : whether it was given up before its last fold, since it lost on the first ones.
    """

    learner: str
    parameters: dict[str, float | int | str | bool]
    loss: float
    iterations: int = 0
    error: float | None = None
    fold_losses: tuple[float, ...] = ()
    scores: str = ""
    pruned: bool = False


@upgrade("trial", 1)
def _one_fold(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "error": None, "fold_losses": [fields["loss"]], "scores": "", "pruned": False}


@kind("failed_trial")
class FailedTrial(Record, frozen=True, kw_only=True):
    """A trial that came to nothing, and why."""

    learner: str
    parameters: dict[str, float | int | str | bool]
    reason: str


class Tried(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was tried: told again in the same order, it gives the same model.

    Attributes
    ----------
    bar : fold losses of the leader at that time, against which it could be pruned; empty where it could not.
    stopped : why this machine stopped it: it took too long or too much memory. It is not run again then.
    """

    learner: str
    parameters: dict[str, float | int | str | bool]
    bar: tuple[float, ...] = ()
    stopped: str = ""


class Member(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model is made of: a trial, and its share of the score."""

    trial: str
    learner: str
    parameters: dict[str, float | int | str | bool]
    iterations: int
    weight: float


class FoldRows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many rows a fold trains on and tests."""

    trained: int
    tested: int


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the leaderboard: what the trial's record says. A pruned one's loss is of its first folds only."""

    trial: str
    learner: str
    loss: float
    error: float | None = None
    pruned: bool = False


@kind("model", version=3)
class Model(Record, frozen=True, kw_only=True):
    """Which feature plan and learner decide best, and whether they pass the charter's gates.

    Attributes
    ----------
    learner, parameters : of the model; of several members ``ensemble``, without parameters.
    plan, fitted : blobs of the feature plan and of the model in its library's own format.
    format : name of that format.
    leaderboard : every trial that came to something, best first, pruned ones last; a constant stands on it too.
    figures : on the test rows, by name; see :func:`fullcycle.development.evaluate.figures`.
    evaluation : blob of what else was seen of it, see :class:`fullcycle.development.evaluation.Evaluation`; empty in
        models of before there was one.
    reading : which look at these test rows the gates were judged by, 1 for the first.
    scores : blob of the scores of the test rows, in the table's order (NumPy).
    trained_rows : rows that the final fit saw.
    fits : how many models were fitted to choose and make it, the final ones too; those of the evaluation aside.
    members : what it is made of; empty in models of version 2 and before, which have one.
    calibration : how scores were calibrated: ``temperature``, ``sigmoid``, ``isotonic``, or empty where they were not.
    trials : what was tried, in order: ``make(trials=…)`` with the same settings gives this record again, though a budget
        in time has run out at another place. Empty where one trial or model was fitted anew without a search.
    folds : on which every trial was fitted and scored.
    settings : of the section ``[development]``; None in models of version 2 and before.
    libraries : versions of those that can change the result.
    code : digest of the project's own Python; empty if it has none.
    """

    task: str
    learner: str
    parameters: dict[str, float | int | str | bool]
    plan: str
    fitted: str
    format: str
    policy: Policy
    leaderboard: tuple[Line, ...]
    figures: dict[str, Estimate]
    scores: str
    trained_rows: int
    fits: int
    seed: int
    findings: tuple[Finding, ...]
    evaluation: str = ""
    reading: int = 1
    members: tuple[Member, ...] = ()
    calibration: str = ""
    trials: tuple[Tried, ...] = ()
    folds: tuple[FoldRows, ...] = ()
    settings: Development | None = None
    libraries: dict[str, str] = field(default_factory=dict)
    code: str = ""


@upgrade("model", 1)
def _without_evaluation(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "evaluation": "", "reading": 1}


@upgrade("model", 2)
def _without_trials(fields: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"members": [], "calibration": "", "trials": [], "folds": [], "settings": None}
    return {**fields, **empty, "libraries": {}, "code": ""}
