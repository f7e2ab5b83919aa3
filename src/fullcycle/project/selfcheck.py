"""Self-check: the chain of the journal, and every record and blob that heads and routes rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fullcycle.kernel.blobs import FolderBlobs, get_record
from fullcycle.kernel.errors import Corrupt, RecordUnknown
from fullcycle.kernel.journal import Entry, Journal, verify
from fullcycle.kernel.record import Record, kind_of
from fullcycle.kernel.state import Route

BLOBS = {
    "dataset": ("table", "quarantine", "portrait"),
    "model": ("plan", "fitted", "scores", "evaluation"),
    "release": ("bundle",),
}
"""By kind of record, the fields that name a blob, or one a segment; an empty one names none."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """How much was seen to be whole; *erased* are those of the blobs from which something was erased."""

    entries: int
    records: int
    blobs: int
    erased: int = 0


def check(journal: Journal, blobs: FolderBlobs) -> Checked:
    """Verify the chain, then the bytes of each current record, of its ancestors, and of the blobs that they name.

    Raises
    ------
    Corrupt
        Names the first entry, record or blob that is missing or is not what its name says.
    """
    entries = list(journal.read())
    length = verify(entries)
    waiting = list(_current(entries))
    records: set[str] = set()
    checked: set[str] = set()
    while waiting:
        id, place = waiting.pop()
        if id in records:
            continue
        records.add(id)
        _bytes(blobs, id, place)
        record = get_record(blobs, id)
        waiting += [(parent, f"a parent of {place}") for parent in record.parents]
        for field, name in blobs_of(record):
            _bytes(blobs, name, f"the {field} of {place}")
            checked.add(name)
    erased = sum(blobs.erased(name) is not None for name in checked)
    return Checked(entries=length, records=len(records), blobs=len(checked), erased=erased)


def erased_of(blobs: FolderBlobs, record: Record) -> list[str]:
    """What of a record's blobs reads as less than it was made with: ``table of 2024-01``, ``quarantine``."""
    return [field for field, name in blobs_of(record) if blobs.erased(name) is not None]


def blobs_of(record: Record) -> Iterator[tuple[str, str]]:
    """Each blob that a record names, after the field that names it; a segment of a table with its period."""
    for field in BLOBS.get(kind_of(record), ()):
        value = getattr(record, field)
        if isinstance(value, tuple):
            yield from ((f"{field} of {segment.period}", segment.blob) for segment in value)
        elif value:
            yield field, value


def _current(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """What heads and routes ever named, newest last so that it is checked first."""
    for entry in entries:
        if entry.verb == "head":
            yield entry.outputs[0], f"the {entry.step} head {entry.outputs[0][:12]}, journal entry {entry.position}"
        elif entry.verb == "route":
            for share in msgspec.convert(entry.facts["route"], Route).shares:
                if share.release:
                    yield share.release, f"the route, journal entry {entry.position}"


def _bytes(blobs: FolderBlobs, name: str, place: str) -> None:
    mend = (
        "restore .fullcycle/blobs from a backup; without one, move .fullcycle aside and run 'fullcycle run' anew "
        "(decisions and outcomes stay in what was moved)"
    )
    try:
        blobs.get(name)
    except RecordUnknown:
        raise Corrupt(
            "a record or blob is missing", place=place, found=f"nothing under {name[:12]}", mend=mend
        ) from None
    except Corrupt as error:
        raise Corrupt(error.problem, place=f"{place}: {error.place}", expected=name[:12], mend=mend) from None
