"""Records as people read them: findings first, then what matters of each kind, in figures rounded for reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fullcycle.cli.output import against_lines, finding_lines

if TYPE_CHECKING:
    from fullcycle.cli.session import Session
    from fullcycle.kernel.finding import Finding
    from fullcycle.kernel.record import Record

FINDINGS = 20  # that passed or were only looked at, told to people; JSON holds them all


def lines(session: Session, record: Record, measured: Sequence[Finding]) -> Iterator[str]:
    """A record, its findings and what was measured of it."""
    from fullcycle.cli.figures import figure
    from fullcycle.cli.shown.outline import outline
    from fullcycle.data.records import Dataset
    from fullcycle.development.records import Model

    yield figure(record, session.project.settings.project.timezone)
    yield from _findings((*getattr(record, "findings", ()), *measured))
    match record:
        case Model():
            from fullcycle.cli.shown.model import model_lines

            yield from model_lines(session, record)
        case Dataset():
            from fullcycle.cli.shown.dataset import dataset_lines

            yield from dataset_lines(record, session.project.settings.project.timezone)
        case _:
            yield ""
            yield from outline(record)
    yield ""
    yield "rounded for reading; --json tells every field exactly"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Those against it, with what they rest on; then the others."""
    if not findings:
        return
    against = sorted((one for one in findings if one.passed is False), key=lambda one: one.severity != "reject")
    others = [one for one in findings if one.passed is not False]
    yield ""
    if against:
        yield from against_lines(against)
    if others:
        told = finding_lines(others[:FINDINGS])
        yield from ("", *told) if against else told
    if (more := len(others) - FINDINGS) > 0:
        yield f"… and {more} more that passed or were only looked at"
