"""The leaderboard: every trial behind a model and every baseline, best first, with what it was and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from msgspec import Struct

from fullcycle.development.baselines import BOOSTED
from fullcycle.development.evaluation import evaluation_of
from fullcycle.development.learners import LEARNERS, Parameters
from fullcycle.development.records import Line, Model, Trial
from fullcycle.kernel.blobs import Blobs, get_record


class Place(Struct, frozen=True, kw_only=True):
    """The place of a trial or a baseline on the leaderboard.

    Attributes
    ----------
    place : from 1; equal losses stand in the order in which they were tried.
    loss, error : log loss (classification) or RMSE (regression) of rows that the trial was not fitted on, and its standard
        error, None with too few blocks to say.
    parameters : None where the trial's record is not kept here.
    note : what it is there for: ``the model`` or its ``share`` of one, ``constant``, ``defaults`` for a learner as it
        comes, ``pruned`` where it was given up after its first folds, ``baseline`` for what is never served.
    seconds : that it took where it was fitted; None where nobody measured.
    trial : its id; empty for a baseline.
    """

    place: int
    learner: str
    loss: float
    error: float | None = None
    parameters: Parameters | None
    note: str
    seconds: float | None
    trial: str


def leaderboard(model: Model, blobs: Blobs, seconds: Mapping[str, float] | None = None) -> tuple[Place, ...]:
    """Every trial behind *model* and every baseline beside it, best first.

    Parameters
    ----------
    seconds : by trial, as measured; they are figures of a machine and stand in no record.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from fullcycle.kernel.blobs import FolderBlobs
    >>> line = Line(trial="ab", learner="constant", loss=0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = _place(line, FolderBlobs(pathlib.Path(folder)), share=0.0, seconds={"ab": 2.0})
    >>> found.note, found.parameters, found.seconds
    ('constant', None, 2.0)
    """
    shares = {it.trial: it.weight for it in model.members} or {line.trial: 1.0 for line in model.leaderboard[:1]}
    tried = [_place(it, blobs, share=shares.get(it.trial, 0.0), seconds=seconds or {}) for it in model.leaderboard]
    found = sorted([*tried, *_beside(model, blobs, tried)], key=lambda it: ("pruned" in it.note, it.loss))
    return tuple(msgspec.structs.replace(it, place=place) for place, it in enumerate(found, 1))


def _beside(model: Model, blobs: Blobs, tried: Sequence[Place]) -> list[Place]:
    """Baselines that were no trials."""
    there = {it.learner for it in tried}
    there |= {BOOSTED for it in tried if it.learner == "lightgbm" and "defaults" in it.note}
    return [
        Place(place=0, learner=it.name, loss=it.loss, parameters={}, note="baseline", seconds=None, trial="")
        for it in evaluation_of(model, blobs).baselines
        if it.loss is not None and it.name not in there
    ]


def _place(line: Line, blobs: Blobs, *, share: float, seconds: Mapping[str, float]) -> Place:
    trial = cast(Trial, get_record(blobs, line.trial)) if blobs.has(line.trial) else None
    parameters = trial.parameters if trial is not None else None
    notes = ["the model" if share == 1 else f"share {share:.2f}"] if share else []
    if line.learner == "constant":
        notes.append("constant")
    elif parameters is not None and line.learner in LEARNERS and parameters == LEARNERS[line.learner].default():
        notes.append("defaults")
    if line.pruned:
        notes.append("pruned")
    return Place(
        place=0,
        learner=line.learner,
        loss=line.loss,
        error=line.error,
        parameters=parameters,
        note=", ".join(notes),
        seconds=seconds.get(line.trial),
        trial=line.trial,
    )
