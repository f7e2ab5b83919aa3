"""``fullcycle replay``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from fullcycle.cli.figures import figure, local, verdict_lines
from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.project import Project


@declare("replay")
@click.option(
    "--from", "start", metavar="TIME", help="When the first model is released; by default the middle of the history."
)
@click.option("--to", "end", metavar="TIME", help="Where the replay ends; by default when the last outcome is known.")
@click.option("--workers", type=click.IntRange(1), help="Processes that fit trials; by default one a core.")
def command(session: Session, start: str | None, end: str | None, workers: int | None) -> None:
    """Play the whole loop over history, day by day, on a timeline of its own ('replay' unless one is named)."""
    from fullcycle.business.report import total
    from fullcycle.kernel.scope import LIVE
    from fullcycle.loop.replay import replay

    if session.timeline is None and session.project.scope.timeline == LIVE:
        session = Session(session.folder, session.environment, "replay", session.json)
    first, last = _period(session.project, start, end)
    try:
        records = replay(session.project, first, last, workers=workers, progress=session.progress)
    finally:
        session.progress.close()
    zone = session.project.settings.project.timezone
    rows = [(kind, record.id[:12], figure(record, zone)) for kind, record in records.items()]
    scope, verdicts = session.project.scope, session.cycle.verdicts()
    session.tell(
        {
            "timeline": scope.timeline,
            "from": first,
            "to": last,
            "records": {kind: record.id for kind, record in records.items()},
            "verdicts": [{"id": one.id, "action": one.action, "gain": one.gain} for one in verdicts],
            "gain": total(verdicts),
        },
        f"replayed {local(first, zone):%Y-%m-%d} to {local(last, zone):%Y-%m-%d} on {scope}",
        *aligned(rows),
        *verdict_lines(verdicts, zone),
    )


def _period(project: Project, start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """What is not said: where the timeline began, or the middle of the history; and when the last outcome is known."""
    from fullcycle.kernel.clock import parse_instant

    zone = project.settings.project.timezone
    begun = next((entry.at for entry in project.journal.read() if entry.scope == project.scope), None)
    first = parse_instant(start, zone=zone, place="--from") if start else begun
    last = parse_instant(end, zone=zone, place="--to") if end else None
    if first is None or last is None:
        middle, known = _history(project, zone)
        first, last = first or middle, last or known
    return first, last


def _history(project: Project, zone: str) -> tuple[datetime, datetime]:
    from fullcycle.kernel.clock import day_start

    periods = project.history(project.read_rows()[0]).rows.periods()
    first, last = periods[0].start, periods[-1].last
    return day_start(first + (last - first) / 2, zone), day_start(
        last + project.label_delay + timedelta(hours=36), zone
    )
