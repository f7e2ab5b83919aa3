"""The whole loop over history, day by day, on a timeline of its own: what would have happened, with nothing seen ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from fullcycle.deployment.answer import Answerer
from fullcycle.kernel.clock import SetClock, day_start, instant
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import Record
from fullcycle.kernel.scope import LIVE
from fullcycle.loop.arrivals import arrive
from fullcycle.loop.govern import govern
from fullcycle.loop.publish import answerer
from fullcycle.loop.rolling import roll
from fullcycle.loop.stages import Cycle, Progress, silent
from fullcycle.project import Project
from fullcycle.project.stages import heads
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import micros

Day = tuple[datetime, datetime, datetime]


def replay(
    project: Project, start: datetime, end: datetime, *, workers: int | None = None, progress: Progress = silent
) -> dict[str, Record]:
    """Scope, develop and release as of *start*; then each day until *end*: outcomes arrive, health and verdict are made
    where they are due, what the verdict asks for is done, a rollout goes on as its traffic tells, and the day is decided.

    Killed at any moment and run again, it goes on where it was, to the same records.

    Raises
    ------
    InputError
        The timeline is ``live`` or began at another time, or *end* is not after *start*.
    Refused
        The first model does not pass its gates.
    """
    _check(project, start, end)
    clock = SetClock(start)
    cycle = Cycle(project, clock=clock, workers=workers, progress=progress)
    charter = cycle.scope(start)
    if not cycle.run.state.route(project.scope)[0].generation:
        dataset = cycle.data(charter)
        cycle.deploy(charter, dataset, cycle.develop(charter, dataset))
    days = list(_days(start, end, project.settings.project.timezone))
    loaded: dict[int, Answerer] = {}
    with SegmentWriter(cycle.traffic.folder) as log:
        for place, (before, day, after) in enumerate(days):
            clock.set(day)
            progress(f"replaying {day:%Y-%m-%d}", place, len(days))
            arrive(cycle, log, before, day)
            govern(cycle)
            roll(cycle)
            _decide(cycle, log, loaded, day, after)
        clock.set(end)
        arrive(cycle, log, days[-1][1], end)
        govern(cycle)
        roll(cycle)
    cycle.run.act("loop.replay", instant(end), lambda: {"days": len(days)})
    progress("replayed", len(days), len(days))
    return {kind: cycle.run.get(id) for kind, id in heads(cycle.run.state.refresh(), project.scope).items()}


def _check(project: Project, start: datetime, end: datetime) -> None:
    if project.scope.timeline == LIVE:
        raise InputError("a replay needs a timeline of its own", found=LIVE, mend="add --timeline replay")
    if end <= start:
        raise InputError("a replay ends after it starts", found=f"from {start:%Y-%m-%d} to {end:%Y-%m-%d}")
    begun = next((entry.at for entry in project.journal.read() if entry.scope == project.scope), start)
    if begun != start:
        raise InputError(
            f"the timeline {project.scope.timeline!r} began at another time",
            found=instant(start),
            expected=instant(begun),
            mend="leave --from out to go on with it, or name another --timeline",
        )


def _days(start: datetime, end: datetime, zone: str) -> Iterator[Day]:
    """Local days: the start of the day before, of the day, and of the day after."""
    before, day = day_start(start - timedelta(hours=12), zone), start
    while day < end:
        after = min(end, day_start(day + timedelta(hours=36), zone))
        yield before, day, after
        before, day = day, after


def _decide(cycle: Cycle, log: SegmentWriter, loaded: dict[int, Answerer], start: datetime, end: datetime) -> None:
    """The day's decisions, under the route that serves; its bundle is loaded once."""
    name = f"decisions-{micros(start)}"
    if log.holds(name):
        return
    generation = cycle.run.state.route(cycle.project.scope)[0].generation
    if generation not in loaded:
        loaded.clear()
        loaded[generation] = answerer(cycle.project)
    found = loaded[generation].frame(cycle.history.arriving(start, end), micros(start))
    log.write_sealed(name, [*found.decisions, *found.said])
