"""``fullcycle data``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullcycle.cli.figures import facts, figure
from fullcycle.cli.output import against_lines, aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.data.clean.proposal import Proposal
    from fullcycle.data.records import Dataset
    from fullcycle.data.sources.discover import Discovery, TableFound

COLUMNS = 12  # columns of a table that people are shown; JSON holds them all


@declare("data")
@click.option("--discover", metavar="URL", help="List the tables at URL, and propose sources; needs no project.")
@click.option(
    "--columns", type=click.Path(path_type=Path), metavar="FILE", help="Print what a contract (ODCS, JSON Schema) says."
)
@click.option("--propose", is_flag=True, help="Look at raw rows and propose cleaning; changes nothing.")
@click.option(
    "--quarantine", type=click.Path(path_type=Path), metavar="FILE", help="Write the rows that were turned away."
)
def command(
    session: Session, discover: str | None, columns: Path | None, propose: bool, quarantine: Path | None
) -> None:
    """Make the Dataset; what has not changed is taken from the journal. Each option does something else instead."""
    if sum(map(bool, (discover, columns, propose, quarantine))) > 1:
        raise click.UsageError("Give one of --discover, --columns, --propose and --quarantine.")
    if discover is not None:
        _discover(session, discover)
    elif columns is not None:
        _columns(session, columns)
    elif propose:
        _propose(session)
    elif quarantine is not None:
        _quarantine(session, quarantine)
    else:
        _make(session)


def _make(session: Session) -> None:
    """A dataset that is not fit is told as well, before the refusal."""
    from typing import cast

    from fullcycle.data.records import Dataset
    from fullcycle.kernel.errors import Refused

    charter = session.cycle.scope()
    try:
        made = session.cycle.data(charter)
    except Refused:
        if not session.json:
            session.state.refresh()
            _tell(session, cast(Dataset, session.record("dataset")))
        raise
    _tell(session, made)


def _tell(session: Session, dataset: Dataset) -> None:
    from fullcycle.kernel.record import kind_of
    from fullcycle.project.measured import measured

    zone = session.project.settings.project.timezone
    findings = (*dataset.findings, *measured(session.state.refresh().entries, dataset.id))
    against = sorted((one for one in findings if one.passed is False), key=lambda one: one.severity != "reject")
    reasons = sorted(dataset.turned_away.items(), key=lambda item: (-item[1], item[0]))
    session.tell(
        {
            "id": dataset.id,
            "kind": kind_of(dataset),
            "figures": facts(dataset, zone),
            "turned_away": dataset.turned_away,
            "findings": findings,
        },
        f"dataset {dataset.id[:12]}  {figure(dataset, zone)}",
        *_quarantine_lines(reasons),
        *(("", *against_lines(against)) if against else ()),
        "",
        f"{len(findings) - len(against)} more findings passed or were only looked at; 'fullcycle show dataset' tells all",
    )


def _quarantine_lines(reasons: Sequence[tuple[str, int]]) -> Iterator[str]:
    if not reasons:
        yield "quarantine: no rows"
        return
    yield f"quarantine: {sum(rows for _, rows in reasons):,} rows; 'fullcycle data --quarantine FILE' writes them to be mended"
    yield from aligned([(f"  {rows:,}", reason) for reason, rows in reasons])


def _quarantine(session: Session, file: Path) -> None:
    from typing import cast

    from fullcycle.data.records import Dataset
    from fullcycle.project.quarantine import write_quarantine

    made = cast(Dataset, session.record("dataset"))
    written = write_quarantine(session.project, made, file)
    back = ("mend them, delete those that cannot be mended, and add to cycle.toml:", "", *written.toml.splitlines())
    session.tell(
        {**{name: getattr(written, name) for name in written.__struct_fields__}, "turned_away": made.turned_away},
        *((f"wrote {written.rows:,} rows to {file}; 'reasons' says why each was turned away",) if written.rows else ()),
        *written.notes,
        *(back if written.toml else ()),
    )


def _propose(session: Session) -> None:
    from fullcycle.loop.standing import clock_of
    from fullcycle.project.proposals import cleaning, lines

    session.progress("looking at raw rows", 0, 0)
    found, whole = cleaning(session.project, clock_of(session.project).now())
    toml = lines(found)
    told = [line for one in found for line in _proposal_lines(one)]
    if not whole:
        told.append("most times cannot be read: mend that first, then propose again for the other columns")
    ready = ("", "to declare what you agree with; a line of columns.toml replaces the one that is there:", "")
    session.tell(
        {"proposals": found, "whole": whole, "toml": toml},
        *(told or ["nothing to propose: the rows before the test period read well"]),
        *((*ready, *toml.splitlines()) if toml else ()),
    )


def _proposal_lines(proposal: Proposal) -> Iterator[str]:
    evidence = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in proposal.evidence.items())
    yield f"{proposal.step}  {proposal.column}  {evidence}".rstrip()
    yield from dict.fromkeys(f"  {_cell(it.before)} → {_cell(it.after)}" for it in proposal.examples)
    if not proposal.line:
        yield f"  the line would hold cells: decide 'personal' of {proposal.column} in {proposal.file} first"


def _cell(text: str | None) -> str:
    return "missing" if text is None else text


def _columns(session: Session, file: Path) -> None:
    from fullcycle.project.proposals import declared

    found = declared(file)
    toml = found.toml()
    session.tell(
        {"columns": found.columns, "rules": found.rules, "notes": found.notes, "toml": toml}, *toml.splitlines()
    )


def _discover(session: Session, url: str) -> None:
    from fullcycle.data.sources.discover import discover, proposal

    session.progress(f"looking at {url.partition('://')[0]}", 0, 0)
    found = discover(url, session.folder)
    toml = proposal(found)
    session.tell(
        {"discovery": found, "toml": toml},
        *_discovery_lines(found),
        "",
        "proposed for cycle.toml:",
        "",
        *toml.splitlines(),
    )


def _discovery_lines(found: Discovery) -> Iterator[str]:
    for table in found.tables:
        yield from _table_lines(table)
    for join in found.joins:
        ours, theirs = (", ".join(names) for names in (join.columns, join.key))
        yield f"join  {join.table} ({ours}) → {join.other} ({theirs}): {join.because}"


def _table_lines(table: TableFound) -> Iterator[str]:
    rows = "rows not counted" if table.rows is None else f"{'' if table.exact else 'about '}{table.rows:,} rows"
    size = "" if table.bytes is None else f", {table.bytes:,} bytes"
    yield f"{table.name}  {rows}{size}"
    shown = [f"{column.name} {column.type}" for column in table.columns[:COLUMNS]]
    more = len(table.columns) - COLUMNS
    yield f"  columns  {', '.join(shown)}" + (f" and {more} more" if more > 0 else "")
    for key in table.keys:
        yield f"  key      {', '.join(key.columns)} ({key.because})"
    if table.times:
        yield f"  times    {', '.join(table.times)}"
    if table.note:
        yield f"  note     {table.note}"
