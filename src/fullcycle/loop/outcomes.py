"""Outcomes from where ``[deployment.outcomes]`` says: what is new there is logged, each once, as often as it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import polars as pl

from fullcycle.data.sources.location import shown
from fullcycle.data.sources.read import read
from fullcycle.data.sources.settings import Source
from fullcycle.deployment.files import from_texts
from fullcycle.deployment.outcomes import OutcomeReader, Rejected
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.record import canonical
from fullcycle.loop.publish import outcome_reader
from fullcycle.loop.stages import Cycle
from fullcycle.predictor.contract import Contract
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import OUTCOMES, Outcome, micros
from fullcycle.traffic.segments import read_segment, segments
from fullcycle.traffic.tables import Table

SOURCE = "source"
"""The source's name, under which it lands what comes only once."""
_SEGMENT = "outcomes-source-"
Address = tuple[str, str, int | None, bool]
Said = tuple[str, str, float | None]


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the source came to.

    Attributes
    ----------
    place : where it looked.
    rows : outcomes in all.
    new : those that were logged now.
    rejected : rows that are none, with the first reason.

    Examples
    --------
    >>> Came(place="truth.csv", rows=3, new=1, rejected=()).new
    1
    """

    place: str
    rows: int
    new: int
    rejected: tuple[Rejected, ...]


def read_outcomes(cycle: Cycle) -> Came:
    """Log what the source of outcomes says that it had not said before.

    The source is what ``[deployment.outcomes]`` names, read as a source of data is; by default the training sources, of which the
    columns known after fill: then only what became known since something serves.

    A row is new where the source never said anything about its decision, or says something else than the last time: so a file
    that is written anew as a whole, one that grows, and a topic give the same. What was added by POST or file stays; the later word
    counts. Killed at any moment and called again, each is logged once.

    Raises
    ------
    InputError
        Nothing is deployed, the task waits for no outcomes, or the source cannot be read.
    OutsideError
        A server does not answer, or the disk is full.
    """
    reader, now = outcome_reader(cycle.project), cycle.clock.now()
    place, frames = _frames(cycle, now)
    good: list[Outcome] = []
    bad: list[Rejected] = []
    done = 0
    for frame in frames:
        rows, turned_away = _read(reader, _named(frame, reader), micros(now))
        good += rows
        bad += [Rejected(one.row + done, one.failure) for one in turned_away]
        done += frame.height
    with SegmentWriter(cycle.traffic.folder) as log:
        fresh = _fresh(good, _said(cycle))
        if fresh:
            log.write_sealed(_segment(fresh), fresh)
    return Came(place=place, rows=len(good), new=len(fresh), rejected=tuple(bad))


def _frames(cycle: Cycle, now: datetime) -> tuple[str, Iterable[pl.DataFrame]]:
    asked = cycle.settings.deployment.outcomes
    if asked.location is None:
        state = cycle.run.state.refresh()
        begun = next((it.at for it in state.entries if it.scope == cycle.project.scope and it.verb == "route"), None)
        if begun is None:
            return "the training sources", []
        return "the training sources", [cycle.history.outcomes(begun, now)]
    options = {name: getattr(asked, name) for name in asked.__struct_fields__}
    source = Source(name=f"outcomes-{SOURCE}", **options)
    reading = read(source, cycle.project.folder)
    return shown(asked.location), reading.batches()


def _named(frame: pl.DataFrame, reader: OutcomeReader) -> pl.DataFrame:
    """The columns that an outcome may have; those that a source adds to a message, and others, are none of ours."""
    known = [name for name in frame.columns if name in reader.columns]
    if not known and frame.width:
        raise InputError(
            "the source of outcomes has none of their columns",
            place="cycle.toml, [deployment.outcomes]",
            found=", ".join(frame.columns)[:200],
            expected=", ".join(sorted(reader.columns)),
            mend="name the columns so in 'query', or in the file",
        )
    return frame.select(known)


def _read(reader: OutcomeReader, frame: pl.DataFrame, received: int) -> tuple[list[Outcome], list[Rejected]]:
    """The outcomes of a table, whose texts are read as numbers and the like where they should be such."""
    rules = tuple(rule for rule in reader.texts.columns if frame.schema.get(rule.name) == pl.String)
    typed, broken = from_texts(frame, Contract(rules, reader.texts.zone))
    left = [place for place in range(frame.height) if place not in broken]
    good, bad = reader.read_frame(typed[left], received=received)
    unread = [Rejected(place, failures[0]) for place, failures in broken.items()]
    moved = [Rejected(left[one.row], one.failure) for one in bad]
    return good, sorted([*unread, *moved], key=lambda one: one.row)


def _said(cycle: Cycle) -> dict[Address, Said]:
    """The last that the source said about each decision, as it was logged."""
    folder = cycle.traffic.folder
    wanted = ["id", "entity", "time", "status", "reason", "row", "actual", "received", "sequence"]
    table = (
        Table(folder, "outcomes").scan().filter(pl.col("segment").str.starts_with(_SEGMENT)).select(wanted).collect()
    )
    loose = [
        {name: getattr(row, name) for name in wanted}
        for name, path in segments(folder).items()
        if name.startswith(_SEGMENT)
        for row in read_segment(path)
        if isinstance(row, Outcome)
    ]
    schema = {name: OUTCOMES[name] for name in wanted}
    rows = pl.concat([table, pl.DataFrame(loose, schema=schema)]).sort("received", "sequence")
    return {
        (id, entity, time, status == "feedback"): (reason, row, actual)
        for id, entity, time, status, reason, row, actual, _, _ in rows.iter_rows()
    }


def _fresh(rows: Sequence[Outcome], said: dict[Address, Said]) -> list[Outcome]:
    """Of what the source says about a decision, in its order, that which comes after what it said last."""
    by_address: dict[Address, list[Outcome]] = {}
    for row in rows:
        by_address.setdefault((row.id, row.entity, row.time, row.status == "feedback"), []).append(row)
    fresh: list[Outcome] = []
    for address, words in by_address.items():
        last = said.get(address)
        start = next(
            (place + 1 for place in range(len(words) - 1, -1, -1) if _content(words[place]) == last),
            0,
        )
        fresh += words[start:]
    return fresh


def _content(row: Outcome) -> Said:
    return row.reason, row.row, row.actual


def _segment(rows: Sequence[Outcome]) -> str:
    facts = [[row.id, row.entity, row.time, row.status, *_content(row), row.received] for row in rows]
    return f"{_SEGMENT}{hashlib.sha256(canonical(facts)).hexdigest()[:40]}"
