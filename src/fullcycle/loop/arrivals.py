"""Outcomes arrive: from where ``[deployment.outcomes]`` says, or from the training sources, read again as their columns fill."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from fullcycle.deployment.files import read_rows
from fullcycle.deployment.serving import read_serving
from fullcycle.kernel.clock import instant, parse_instant
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import digest
from fullcycle.loop.publish import outcome_reader
from fullcycle.loop.stages import Cycle
from fullcycle.predictor.contract import ColumnRule, Contract
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


def arrive_from(cycle: Cycle, file: Path) -> int:
    """Log the outcomes that a file holds; what was logged of it before is not logged again.

    Returns
    -------
    How many there are; 0 where the file is as it was.

    Raises
    ------
    InputError
        It is not there, or a row of it is no outcome: names the first.
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        mend = "set from in [deployment.outcomes] to an existing file"
        raise InputError("the outcomes cannot be read", place=str(file), found=error.strerror, mend=mend) from None
    with SegmentWriter(cycle.traffic.folder) as log:
        name = f"import-{digest(body)[:40]}"  # as 'fullcycle outcomes' names it
        if log.holds(name):
            return 0
        serving = read_serving(cycle.project.serving_path)
        kinds = {**serving.labels, serving.time: "time", "at": "time", "id": "category", "void": "category"}
        kinds["actual"] = "category" if serving.classes else "float"
        rules = [{"name": name, "kind": kind, "required": False} for name, kind in kinds.items()]
        frame, broken = read_rows(file, body, Contract(tuple(msgspec.convert(rules, list[ColumnRule])), serving.zone))
        rows, rejected = outcome_reader(cycle.project).read_frame(frame, received=micros(cycle.clock.now()))
        failures = {one.row: one.failure for one in rejected} | {row: found[0] for row, found in broken.items()}
        if failures:
            row, first = min(failures.items(), key=lambda it: it[0])
            place = f"{file}, row {row + 1}, column {first.column}"
            raise InputError("an outcome cannot be read", place=place, found=first.found, expected=first.expected)
        log.write_sealed(name, rows)
    return len(rows)


def arrive_since(cycle: Cycle) -> int:
    """Log what became known since the source was last read, or since something serves; not more often than every hour. A file that
    ``[deployment.outcomes]`` names is looked at each time.

    Returns
    -------
    How many outcomes there are.

    Raises
    ------
    InputError
        One of them cannot be read.
    """
    if (location := cycle.settings.deployment.outcomes.location) is not None:
        return arrive_from(cycle, cycle.project.folder / location)
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
