"""The leaderboard: every trial behind a model, best first, with what it was and, of this machine, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct

from fullcycle.development.learners import LEARNERS, Parameters
from fullcycle.development.records import Model, Trial
from fullcycle.kernel.blobs import Blobs, get_record


class Place(Struct, frozen=True, kw_only=True):
    """A trial's place on the leaderboard.

    Attributes
    ----------
    place : from 1; equal losses stand in the order in which they were tried.
    loss : log loss (classification) or RMSE (regression) of rows that the trial was not fitted on.
    parameters : None where the trial's record is not kept here.
    note : what it is there for: ``the model``, ``constant``, or ``defaults`` for a learner as it comes.
    seconds : that it took where it was fitted; None where nobody measured.
    """

    place: int
    learner: str
    loss: float
    parameters: Parameters | None
    note: str
    seconds: float | None
    trial: str


def leaderboard(model: Model, blobs: Blobs, seconds: Mapping[str, float] | None = None) -> tuple[Place, ...]:
    """Every trial behind *model*, best first.

    Parameters
    ----------
    seconds : by trial, as measured; they are figures of a machine and stand in no record.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from fullcycle.kernel.blobs import FolderBlobs
    >>> from fullcycle.development.records import Line
    >>> line = Line(trial="ab", learner="constant", loss=0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = _place(1, line, FolderBlobs(pathlib.Path(folder)), model=False, seconds={"ab": 2.0})
    >>> found.note, found.parameters, found.seconds
    ('constant', None, 2.0)
    """
    return tuple(
        _place(place, line, blobs, model=place == 1, seconds=seconds or {})
        for place, line in enumerate(model.leaderboard, 1)
    )


def _place(place: int, line: Any, blobs: Blobs, *, model: bool, seconds: Mapping[str, float]) -> Place:
    trial = cast(Trial, get_record(blobs, line.trial)) if blobs.has(line.trial) else None
    parameters = trial.parameters if trial is not None else None
    notes = ["the model"] if model else []
    if line.learner == "constant":
        notes.append("constant")
    elif parameters is not None and line.learner in LEARNERS and parameters == LEARNERS[line.learner].default():
        notes.append("defaults")
    return Place(
        place=place,
        learner=line.learner,
        loss=line.loss,
        parameters=parameters,
        note=", ".join(notes),
        seconds=seconds.get(line.trial),
        trial=line.trial,
    )
