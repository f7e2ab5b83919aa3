"""What an experiment tracker is told of a model and its trials: parameters, figures with their intervals, and ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from fullcycle.development.board import Place
from fullcycle.development.records import Model
from fullcycle.kernel.finding import may_go_on

MODEL, TRIAL = "fullcycle.model", "fullcycle.trial"
"""Tags that name records: what is logged under one is never logged again."""


class Tracked(Struct, frozen=True, kw_only=True):
    """A run as a tracker keeps it.

    Attributes
    ----------
    tag : key of the tag by which it is known; its value is the record's id.
    seconds : that it took; 0 where nobody measured.
    """

    name: str
    tag: str
    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    seconds: float = 0.0

    @property
    def id(self) -> str:
        """The record that it tells of."""
        return self.tags[self.tag]


def model_run(model: Model, *, seconds: float = 0.0, tags: Mapping[str, str] | None = None) -> Tracked:
    """The model itself: every figure of the test rows, its ends under ``.low`` and ``.high``.

    Parameters
    ----------
    tags : further ones, such as the project's name.
    """
    dataset, charter = model.parents
    return Tracked(
        name=f"{model.learner} {model.id[:12]}",
        tag=MODEL,
        parameters={"learner": model.learner, "seed": str(model.seed), **_texts(model.parameters)},
        metrics=dict(_figures(model)),
        tags={
            **(tags or {}),
            MODEL: model.id,
            "fullcycle.dataset": dataset,
            "fullcycle.charter": charter,
            "fullcycle.task": model.task,
            "fullcycle.gates": "passed" if may_go_on(model.findings) else "failed",
        },
        seconds=seconds,
    )


def trial_run(place: Place) -> Tracked:
    """A trial by its place on the leaderboard.

    >>> trial_run(Place(place=2, learner="linear", loss=0.5, parameters={"a": 1}, note="", seconds=None, trial="ab")).metrics
    {'loss': 0.5, 'place': 2.0}
    """
    return Tracked(
        name=f"{place.learner} {place.trial[:12]}",
        tag=TRIAL,
        parameters={"learner": place.learner, **_texts(place.parameters or {})},
        metrics={
            "loss": place.loss,
            "place": float(place.place),
            **({} if place.error is None else {"loss_standard_error": place.error}),
        },
        tags={TRIAL: place.trial, **({"fullcycle.note": place.note} if place.note else {})},
        seconds=place.seconds or 0.0,
    )


def _figures(model: Model) -> Iterator[tuple[str, float]]:
    if model.leaderboard:
        yield "loss", model.leaderboard[0].loss
    for name, found in sorted(model.figures.items()):
        key = _key(name)
        yield key, found.point
        if found.low is not None and found.high is not None:
            yield f"{key}.low", found.low
            yield f"{key}.high", found.high


def _texts(parameters: Mapping[str, float | int | str | bool]) -> dict[str, str]:
    return {_key(name): str(value) for name, value in sorted(parameters.items())}


def _key(name: str) -> str:
    """A name in the letters that trackers allow.

    >>> _key("worth_always_call + mail")
    'worth_always_call _ mail'
    """
    return re.sub(r"[^\w.\- /]", "_", name)[:250]
