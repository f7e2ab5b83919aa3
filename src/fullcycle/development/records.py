"""What development hands on: the Model, and the trials from which it was chosen."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind, upgrade
from fullcycle.measure.intervals import Estimate
from fullcycle.predictor.policy import Policy


@kind("trial")
class Trial(Record, frozen=True, kw_only=True):
    """One learner with one set of parameters, fitted on the training rows and scored on the validation rows.

    Attributes
    ----------
    loss : log loss (classification) or RMSE (regression) on the validation rows; lower is better.
    iterations : of an iterative learner, the number that early stopping chose; 0 otherwise.
    """

    learner: str
    parameters: dict[str, float | int | str | bool]
    loss: float
    iterations: int = 0


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the leaderboard."""

    trial: str
    learner: str
    loss: float


@kind("model", version=2)
class Model(Record, frozen=True, kw_only=True):
    """Which feature plan and learner decide best, and whether they pass the charter's gates.

    Attributes
    ----------
    plan, fitted : blobs of the feature plan and of the model in its library's own format.
    format : name of that format.
    leaderboard : every trial, best first; a constant stands on it too.
    figures : on the test rows, by name; see :func:`fullcycle.development.evaluate.figures`.
    evaluation : blob of what else was seen of it, see :class:`fullcycle.development.evaluation.Evaluation`; empty in
        models of before there was one.
    reading : which look at these test rows the gates were judged by, 1 for the first.
    scores : blob of the scores of the test rows, in the table's order (NumPy).
    trained_rows : rows that the final fit saw.
    fits : how many models were fitted to choose and make it, the final one too; those of the evaluation aside.
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


@upgrade("model", 1)
def _without_evaluation(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "evaluation": "", "reading": 1}
