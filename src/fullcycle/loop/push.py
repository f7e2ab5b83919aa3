"""Pushing: a record with all that it rests on goes to another environment, verified, and becomes current there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fullcycle.development.records import Model
from fullcycle.kernel.blobs import FolderBlobs, get_record
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import Record, kind_of
from fullcycle.kernel.state import State
from fullcycle.kernel.verbs import Run
from fullcycle.project.folder import Project
from fullcycle.project.selfcheck import blobs_of
from fullcycle.project.stages import STAGES

CARRIED = ("charter", "dataset", "model", "release")
"""Kinds that may be pushed. Health and verdict tell of the traffic of one environment alone."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What a push brought.

    Attributes
    ----------
    records, blobs : how many the other environment needs, those that it had already among them.
    brought : how many of both were not there yet.
    entries : entries of the journal that came along: how each record was made, and what was measured of it.
    """

    records: int
    blobs: int
    brought: int
    entries: int


def push(source: Project, run: Run, target: Project, record: Record) -> Pushed:
    """Carry *record*, its ancestors and their blobs from *source* to *target*, and make them current there.

    Killed and called again it goes on where it was. Nothing serves before ``deploy`` in that environment.

    Parameters
    ----------
    run : verbs in the scope of *target*.

    Raises
    ------
    InputError
        The environments are one and the same, the record tells of traffic, or the two hash personal data under different keys.
    RecordUnknown, Corrupt
        Something that the record rests on is not whole in *source*; nothing became current in *target*.
    """
    _check(source, target, record)
    needed = {one.id: one for one in _needed(source.blobs, record)}
    names = list(dict.fromkeys(name for one in needed.values() for _, name in blobs_of(one)))
    heads = {STAGES_OF[kind_of(one)]: one for one in lineage(source.blobs, record)}

    def carry() -> dict[str, Any]:
        brought = sum(target.blobs.receive(source.blobs, name) for name in (*names, *needed))
        entries = _journalled(source, target, set(needed))
        for stage, one in heads.items():
            run.set_head(stage, one)
        pushed = Pushed(records=len(needed), blobs=len(names), brought=brought, entries=entries)
        return msgspec.structs.asdict(pushed)

    before = run.state.refresh().head(run.scope, STAGES_OF[kind_of(record)])
    facts = run.act(
        "loop.push", f"{record.id}:{source.scope.environment}:{before.position}", carry, inputs=(record.id,)
    )
    return msgspec.convert(facts, Pushed)


STAGES_OF = {kind: stage for stage, kind in STAGES.items()}


def lineage(blobs: FolderBlobs, record: Record) -> list[Record]:
    """A record and its ancestors, each once."""
    found, waiting = {record.id: record}, [record]
    while waiting:
        parents = [get_record(blobs, id) for id in waiting.pop().parents if id not in found]
        found |= {one.id: one for one in parents}
        waiting += parents
    return list(found.values())


def _needed(blobs: FolderBlobs, record: Record) -> Iterator[Record]:
    """What has to be there for the record to be shown, explained, deployed and retrained: the trials of a model too."""
    for one in lineage(blobs, record):
        yield one
        if isinstance(one, Model):
            yield from (get_record(blobs, line.trial) for line in one.leaderboard if blobs.has(line.trial))


def _journalled(source: Project, target: Project, ids: set[str]) -> int:
    """Bring the entries that tell how the records came to be, as they were, to a journal that does not have them."""
    if source.journal_address == target.journal_address:
        return 0
    there = State(target.journal).refresh()
    known = {_told(entry) for entry in there.entries}
    entries = [
        entry
        for entry in source.journal.read()
        if (entry.verb == "step" and ids & set(entry.outputs)) or (entry.verb == "measure" and ids & set(entry.inputs))
    ]
    fresh = [entry for entry in entries if _told(entry) not in known]
    if fresh:
        target.journal.append(fresh)
    return len(fresh)


def _told(entry: Entry) -> tuple[object, ...]:
    """What makes an entry the same one in another journal."""
    return entry.verb, entry.key, entry.inputs, entry.outputs, entry.at


def _check(source: Project, target: Project, record: Record) -> None:
    if source.scope == target.scope:
        raise InputError(
            "a record is pushed to another environment",
            place="--env",
            found=target.scope.environment,
            mend="name where it goes with --env, such as --env production, and where it comes from with --from",
        )
    if kind_of(record) not in CARRIED:
        raise InputError(
            f"a {kind_of(record)} tells of the traffic of its own environment and stays there",
            found=record.id[:12],
            expected=" or ".join(CARRIED),
        )
    if source.personal_key != target.personal_key:
        raise InputError(
            "the two environments hash personal data under different keys: the same person would not be the same there",
            place=str(target.key_path),
            mend=f"copy {source.key_path} there before anything is made in that environment",
        )
