"""A cut names exactly which rows a reading saw, so that it can be read again and stand as an input."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import rfc8785

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.segments import segment_length, segments
from fullcycle.traffic.tables import KINDS, Table


class SegmentMark(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that was not in both tables, as far as it had been written.

    >>> SegmentMark(name="a1", bytes=120).bytes
    120
    """

    name: str
    bytes: int


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows a reading sees.

    Attributes
    ----------
    scope : project, environment, timeline.
    start, end : window on prediction time, in µs UTC: ``start <= time < end``; ``None`` leaves a side open.
    as_of : what was answered or came in later is not seen, in µs UTC.
    decisions, outcomes : versions of the two tables; -1 before the first row.
    segments : what the tables lacked, sorted by name.

    Examples
    --------
    >>> cut = Cut(scope=Scope(project="p"), start=0, end=10, as_of=10, decisions=-1, outcomes=-1, segments=())
    >>> cut.digest[:12]
    'cb2ea631546a'
    """

    scope: Scope
    start: int | None
    end: int | None
    as_of: int
    decisions: int
    outcomes: int
    segments: tuple[SegmentMark, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON (RFC 8785), 64 hexadecimal digits: the id under which the cut is an input."""
        return hashlib.sha256(rfc8785.dumps(msgspec.to_builtins(self))).hexdigest()


def take_cut(folder: Path, scope: Scope, start: int | None, end: int | None, as_of: int) -> Cut:
    """The cut of what lies in the scope's *folder* now.

    Raises
    ------
    InputError : the window ends before it starts.
    Corrupt : a segment is damaged.

    Examples
    --------
    >>> take_cut(Path("nowhere"), Scope(project="p"), None, None, 10).segments
    ()
    """
    if start is not None and end is not None and end < start:
        raise InputError("the window ends before it starts", found=f"{start} … {end}", mend="give start before end")
    # First the segments, then the tables: what a compactor moves in between is in both, never in neither.
    marks = {name: length for name in segments(folder) if (length := segment_length(folder, name)) is not None}
    tables = {kind: Table(folder, kind) for kind in KINDS}
    left = [name for name in marks if not all(table.holds(name) for table in tables.values())]
    return Cut(
        scope=scope,
        start=start,
        end=end,
        as_of=as_of,
        decisions=tables["decisions"].version,
        outcomes=tables["outcomes"].version,
        segments=tuple(SegmentMark(name=name, bytes=marks[name]) for name in left),
    )
