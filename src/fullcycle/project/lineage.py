"""Lineage: how a record came to be, from its ancestors and the journal's entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from fullcycle.kernel.blobs import Blobs, get_record
from fullcycle.kernel.errors import InputError, RecordUnknown
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import kind_of

STAGES = {
    "charter": "scope",
    "dataset": "data",
    "model": "develop",
    "release": "deploy",
    "health": "monitor",
    "verdict": "review",
}
"""By kind of record, the command that makes it."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A record and how it was made.

    Attributes
    ----------
    depth : generations from the record that was asked about; 0 is that record itself.
    step, at, seconds, by : of the entry that first made it; empty where it came from elsewhere.
    parents, observed : ids of its parents, and of what was read outside to make it.
    """

    depth: int
    id: str
    kind: str
    parents: tuple[str, ...]
    observed: tuple[str, ...] = ()
    step: str = ""
    at: datetime | None = None
    seconds: float | None = None
    by: str = ""


def record_ids(entries: Iterable[Entry]) -> list[str]:
    """Ids of every record that steps made, sorted."""
    return sorted({id for entry in entries if entry.verb in ("step", "reused") for id in entry.outputs})


def resolve(prefix: str, heads: Mapping[str, str], entries: Iterable[Entry]) -> str:
    """The id that *prefix* means: a kind of record (its head), or the first digits of an id.

    Raises
    ------
    RecordUnknown
        Nothing begins so.
    InputError
        Several records do, or nothing is current of that kind.

    >>> resolve("model", {"model": "ab"}, [])
    'ab'
    """
    if prefix in heads:
        return heads[prefix]
    matches = [id for id in record_ids(entries) if id.startswith(prefix)]
    if prefix in STAGES:
        mend = f"run 'fullcycle {STAGES[prefix]}'"
        raise InputError(f"no {prefix} has been made here yet", mend=mend)
    if not prefix or not matches:
        raise RecordUnknown(prefix)
    if len(matches) > 1:
        found = ", ".join(id[:12] for id in matches[:4])
        raise InputError(f"{prefix!r} names {len(matches)} records", found=found, mend="give more of its digits")
    return matches[0]


def lineage(blobs: Blobs, entries: Iterable[Entry], id: str) -> list[Made]:
    """The record *id* and its ancestors, each once, the question last.

    Raises
    ------
    RecordUnknown
        One of them is not kept here.
    """
    makers: dict[str, Entry] = {}
    for entry in entries:
        if entry.verb == "step":
            makers.setdefault(entry.outputs[0], entry)
    depths: dict[str, int] = {}
    generation, depth = {id}, 0
    while generation:  # the longest way counts, so that each comes after all that was made from it
        depths |= dict.fromkeys(sorted(generation), depth)
        generation = {parent for one in generation for parent in get_record(blobs, one).parents}
        depth += 1
    return [_made(blobs, makers.get(one), one, depths[one]) for one in sorted(depths, key=lambda one: depths[one])]


def _made(blobs: Blobs, entry: Entry | None, id: str, depth: int) -> Made:
    record = get_record(blobs, id)
    made = Made(depth=depth, id=id, kind=kind_of(record), parents=record.parents)
    if entry is None:
        return made
    return msgspec.structs.replace(
        made,
        observed=tuple(given for given in entry.inputs if given not in record.parents and not blobs.has(given)),
        step=entry.step,
        at=entry.at,
        seconds=entry.cost.get("seconds"),
        by=entry.actor.name,
    )
