"""Outcomes arrive: from the training sources, read again as their columns fill."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from fullcycle.kernel.clock import instant, parse_instant
from fullcycle.kernel.errors import InputError
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
    """Log what became known since the source was last read, or since something serves; not more often than every hour.

    Returns
    -------
    How many outcomes there are.
    """
    entries = cycle.run.state.refresh().entries
    mine = [it for it in entries if it.scope == cycle.project.scope]
    begun = next((it.at for it in mine if it.verb == "route"), None)
    last = next((it.facts["until"] for it in reversed(mine) if it.step == _READ and it.verb == "act"), None)
    before, now = begun if last is None else parse_instant(last), cycle.clock.now()
    if before is None or (last is not None and now - before < EVERY):
        return 0
    with SegmentWriter(cycle.traffic.folder) as log:
        rows = arrive(cycle, log, before, now)
    cycle.run.act(_READ, instant(now), lambda: {"until": instant(now), "rows": rows})
    return rows
