"""The loop over live traffic: what a replay does each day, at every tick."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import msgspec

from fullcycle.deployment.advance import Judged
from fullcycle.kernel.errors import FullcycleError, InputError
from fullcycle.kernel.scope import LIVE, Actor
from fullcycle.loop.arrivals import arrive_since
from fullcycle.loop.govern import govern
from fullcycle.loop.rolling import roll
from fullcycle.loop.stages import Cycle
from fullcycle.project import Project

WATCH = Actor(kind="service", name="watch", known_by="process")
_TTL = 30.0  # seconds after which another takes over from one that died
_log = logging.getLogger(__name__)


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """What one look came to.

    Attributes
    ----------
    outcomes : rows read from the sources.
    made : stage to id of the records that became current.
    judged : of the rollout; ``None`` where nothing is rolled out.
    generation : of the route that serves now.
    """

    outcomes: int
    made: dict[str, str]
    judged: Judged | None
    generation: int


def tick(project: Project, *, actor: Actor = WATCH) -> Tick:
    """Look once: outcomes arrive, health and verdict are made where they are due, a rollout goes on.

    Whoever looks holds a lease, so that two watchers never act at once.

    Raises
    ------
    InputError
        The timeline is a replay's, which plays its days itself.
    """
    if project.scope.timeline != LIVE:
        mend = f"run 'fullcycle replay --timeline {project.scope.timeline}'"
        raise InputError("a replay is not watched", found=project.scope.timeline, expected=LIVE, mend=mend)
    with project.journal.lease(f"watch/{project.scope}", _TTL):
        cycle = Cycle(project, actor=actor)
        if not cycle.run.state.refresh().route(project.scope)[0].generation:
            return Tick(outcomes=0, made={}, judged=None, generation=0)
        before = cycle.run.state.heads(project.scope)
        outcomes = arrive_since(cycle)
        govern(cycle)
        judged = roll(cycle)
        state = cycle.run.state.refresh()
        made = {stage: id for stage, id in state.heads(project.scope).items() if before.get(stage) != id}
        return Tick(outcomes=outcomes, made=made, judged=judged, generation=state.route(project.scope)[0].generation)


def watch(
    opened: Callable[[], Project], every: timedelta, stop: threading.Event, *, told: Callable[[Tick], None]
) -> None:
    """Look again and again until *stop* is set. What fails outside is logged, and tried again at the next look.

    Parameters
    ----------
    opened : gives the project, read anew each time, so that changed settings are seen.
    told : is handed every tick.
    """
    while not stop.is_set():
        try:
            told(tick(opened()))
        except FullcycleError as error:
            _log.error("%s", error)
        stop.wait(every.total_seconds())
