"""``fullcycle outcomes``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from fullcycle.predictor.contract import Contract, Failure
    from fullcycle.traffic.match import Matched

SHOWN = 5  # rejected rows that people are shown; JSON holds them all


@declare("outcomes")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def command(session: Session, file: Path | None) -> None:
    """Import what really happened, from a Parquet, CSV, TSV or JSON lines file. The same file again changes nothing.

    Without FILE, read what is new where [deployment.outcomes] says, by default in the training sources.
    """
    if file is None:
        return _read_source(session)
    from fullcycle.kernel.record import digest
    from fullcycle.loop.publish import outcome_reader
    from fullcycle.loop.standing import clock_of
    from fullcycle.traffic.append import SegmentWriter
    from fullcycle.traffic.schema import micros

    project = session.project
    reader, now = outcome_reader(project), clock_of(project).now()
    body = _bytes(file)
    good, bad = reader.read_frame(_rows(file, body, reader.texts), received=micros(now))
    rejected = [{"row": one.row, **_facts(one.failure)} for one in bad]
    if not good:
        _refuse(file, rejected)
    before = _matched(session, now)
    with SegmentWriter(session.cycle.traffic.folder) as log:
        logged = log.write_sealed(f"import-{digest(body)[:40]}", good)
    counts = _gained(before, _matched(session, now))
    taken = f"{len(good)} outcomes {'taken' if logged else 'had been taken before'}"
    session.tell(
        {"rows": len(good), "logged": logged, **counts, "rejected": rejected},
        f"{taken}: {', '.join(f'{count} {name}' for name, count in counts.items())}",
        *_told(rejected),
    )


def _read_source(session: Session) -> None:
    from fullcycle.loop.outcomes import read_outcomes
    from fullcycle.loop.standing import clock_of

    now = clock_of(session.project).now()
    before = _matched(session, now)
    came = read_outcomes(session.cycle)
    counts = _gained(before, _matched(session, clock_of(session.project).now()))
    rejected = [{"row": one.row, **_facts(one.failure)} for one in came.rejected]
    session.tell(
        {"place": came.place, "rows": came.rows, "new": came.new, **counts, "rejected": rejected},
        f"{came.new} of {came.rows} outcomes in {came.place} are new: "
        + ", ".join(f"{count} {name}" for name, count in counts.items()),
        *_told(rejected),
    )
    if rejected and not came.rows:
        raise click.exceptions.Exit(1)


def _facts(failure: Failure) -> dict[str, object]:
    return {name: getattr(failure, name) for name in failure.__struct_fields__}


def _told(rejected: list[dict[str, object]]) -> list[str]:
    """The first rows that were turned away, and how many more."""
    told = [
        f"row {int(str(one['row'])) + 1} rejected: {one['column']}, found {one['found']}, expected {one['expected']}"
        for one in rejected[:SHOWN]
    ]
    return told + ([f"{len(rejected) - SHOWN} more rejected"] if len(rejected) > SHOWN else [])


def _matched(session: Session, now: datetime) -> Matched:
    traffic = session.cycle.traffic
    return traffic.read(traffic.cut(None, None, now))[1]


def _gained(before: Matched, after: Matched) -> dict[str, int]:
    """What an import changed."""
    names = {
        "known": "matched",
        "void": "void",
        "unmatched": "pending",
        "duplicate": "duplicate",
        "corrected": "corrected",
    }
    return {word: getattr(after, name) - getattr(before, name) for name, word in names.items()}


def _rows(file: Path, body: bytes, texts: Contract) -> pl.DataFrame:
    """The rows of the file; a cell that cannot be what its column says refuses the file, since outcomes are facts."""
    from fullcycle.deployment.files import read_rows
    from fullcycle.kernel.errors import InputError

    frame, broken = read_rows(file, body, texts)
    if broken:
        row, failures = next(iter(sorted(broken.items())))
        raise InputError(
            f"column {failures[0].column!r} cannot be read",
            place=f"{file}, row {row + 1}",
            found=failures[0].found,
            expected=failures[0].expected,
            mend="mend the cell; nothing was imported",
        )
    return frame


def _bytes(file: Path) -> bytes:
    from fullcycle.kernel.errors import InputError

    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            "the file cannot be read", place=str(file), found=error.strerror, mend="name an existing file"
        ) from None


def _refuse(file: Path, rejected: list[dict[str, object]]) -> None:
    from fullcycle.kernel.errors import InputError

    if not rejected:
        raise InputError(
            "the file holds no outcome", place=str(file), expected="an id, or entity and time, and what happened"
        )
    first = rejected[0]
    raise InputError(
        "no row of the file is an outcome",
        place=f"{file}, row 1, column {first['column']}",
        expected=f"{first['expected']}, found {first['found']}",
        mend="nothing was imported; mend the rows and run again",
    )
