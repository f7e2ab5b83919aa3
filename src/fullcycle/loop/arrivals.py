"""Outcomes arrive: from where ``[deployment.outcomes]`` says, or from the training sources, read again as their columns fill."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from fullcycle.kernel.clock import instant, parse_instant
from fullcycle.kernel.errors import InputError
from fullcycle.loop.outcomes import read_outcomes
from fullcycle.loop.publish import outcome_reader
from fullcycle.loop.stages import Cycle
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import micros

EVERY = timedelta(hours=1)  # a source is not read again sooner
_READ = "loop.outcomes"


def arrive(cycle: Cycle, log: SegmentWriter, before: datetime, now: datetime) -> int:
    """Log the outcomes that the source says became known in ``before < when <= now``, once; a clustering has none.

    Returns
    -------
    How many there are; 0 where they had been logged before.

    Raises
    ------
    InputError
        One of them cannot be read.
    """
    name = f"outcomes-{micros(now)}"
    if not cycle.history.target or log.holds(name):
        return 0
    rows, rejected = outcome_reader(cycle.project).read_frame(cycle.history.outcomes(before, now), received=micros(now))
    if rejected:
        raise InputError("an outcome of the history cannot be read", found=str(rejected[0].failure))
    log.write_sealed(name, [msgspec.structs.replace(row, received=row.at) for row in rows])
    return len(rows)


def arrive_since(cycle: Cycle) -> int:
    """Log what the source of outcomes says anew, see :func:`~fullcycle.loop.outcomes.read_outcomes`; a clustering waits for none.

    Training sources are read as a whole, so not more often than every hour; what ``[deployment.outcomes]`` names each time.

    Returns
    -------
    How many outcomes are new.

    Raises
    ------
    InputError
        The source cannot be read, or one of its rows is no outcome.
    """
    now = cycle.clock.now()
    if cycle.settings.scoping.task == "clustering" or (_whole(cycle) and _looked(cycle, now - EVERY)):
        return 0
    came = read_outcomes(cycle)
    if came.new or _whole(cycle):
        cycle.run.act(_READ, instant(now), lambda: {"until": instant(now), "rows": came.new})
    if came.rejected:
        first = came.rejected[0]
        place = f"{came.place}, row {first.row + 1}, column {first.failure.column}"
        raise InputError(
            "an outcome cannot be read", place=place, found=first.failure.found, expected=first.failure.expected
        )
    return came.new


def _whole(cycle: Cycle) -> bool:
    return cycle.settings.deployment.outcomes.location is None


def _looked(cycle: Cycle, since: datetime) -> bool:
    """Whether the source was read later than *since*."""
    mine = (it for it in reversed(cycle.run.state.refresh().entries) if it.scope == cycle.project.scope)
    last = next((it.facts["until"] for it in mine if it.step == _READ and it.verb == "act"), None)
    return last is not None and parse_instant(last) > since
