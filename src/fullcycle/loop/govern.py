"""Governing: health and verdicts as they fall due, and what a verdict asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from fullcycle.business.records import Verdict
from fullcycle.data import require_fit
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model, Trial
from fullcycle.kernel.clock import instant
from fullcycle.kernel.errors import InputError, Refused, Waiting
from fullcycle.kernel.record import Record
from fullcycle.kernel.state import Route
from fullcycle.loop import gates
from fullcycle.loop.adoption import made_elsewhere
from fullcycle.loop.stages import Cycle, Window


def govern(cycle: Cycle) -> None:
    """Health of the window and verdict on the period that have matured, each once, and what the verdict asks for."""
    _once(cycle, "monitoring", cycle.monitor)
    _once(cycle, "business", lambda period: follow(cycle, cycle.review(period)))


def follow(cycle: Cycle, verdict: Verdict) -> Verdict:
    """Start the room that *verdict* asks for; what it asks of people is left to them."""
    match verdict.action:
        case "retrain":
            retrain(cycle, verdict)
        case "retire":
            served = cycle.served(verdict.end)
            cycle.route(Route(reason="retire"), served.charter, served.dataset)
    return verdict


def retrain(cycle: Cycle, verdict: Verdict) -> Release | None:
    """The serving model's learner and parameters on all that is known now, through the same gates.

    A challenger becomes current only when it serves; None where it was refused, and the journal says why.
    """
    served = cycle.served(verdict.end)
    charter, champion = served.charter, served.model
    try:
        made_of = champion if len(champion.members) > 1 else cycle.run.get(_trial(champion))
        dataset = cycle.dataset(charter, cycle.clock.now())
        require_fit(dataset)
        model = cycle.model(charter, dataset, cast(Trial | Model, made_of))
        gates.require(model, cycle.run.state)
        release = cycle.release(charter, dataset, model, cycle.champion_before(model))
        cycle.serve(charter, dataset, release)
    except (Refused, Waiting, InputError) as refusal:
        why = str(refusal)
        cycle.run.act("loop.retraining_refused", verdict.id, lambda: {"why": why}, inputs=(verdict.id,))
        return None
    for stage, record in (("data", dataset), ("development", model), ("deployment", release)):
        cycle.run.set_head(stage, record)
    return release


def _once(cycle: Cycle, stage: str, do: Callable[[Window], Record]) -> None:
    try:
        window = cycle.window(stage)
    except Waiting:
        return
    cycle.run.act(f"loop.{stage}", instant(window[1]), lambda: {"record": do(window).id})


def _trial(champion: Model) -> str:
    """The one trial that a model was made of; the best of its learner in a model of before that was told."""
    if champion.members:
        return champion.members[0].trial
    if made_elsewhere(champion):
        raise InputError(
            "a model from elsewhere is not fitted again here",
            place=champion.id[:12],
            mend="adopt a newer one ('fullcycle adopt'), or develop one here ('fullcycle develop')",
        )
    return next(line.trial for line in champion.leaderboard if line.learner == champion.learner)
