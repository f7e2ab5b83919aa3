"""Read traffic as it was at a cut: each row once, while others write and compact."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import polars as pl

from fullcycle.kernel.errors import Corrupt, RecordUnknown
from fullcycle.kernel.scope import Scope
from fullcycle.traffic.cut import Cut, SegmentMark, take_cut
from fullcycle.traffic.expand import expand
from fullcycle.traffic.frames import decode
from fullcycle.traffic.match import Matched, match
from fullcycle.traffic.schema import Decision, Outcome, Row, micros, scope_folder
from fullcycle.traffic.segments import read_segment, segment_bytes
from fullcycle.traffic.tables import Kind, Table, rows_frame

__all__ = ["CONTENT", "Cut", "Matched", "Traced", "Traffic", "content_digest", "expand", "read_segment"]

CONTENT = ("time", "row", "action", "variant", "score", "status", "after", "actual")
_LIGHT = ["id", "decision", "entity", "time", "at", "variant", "digest"]

R = TypeVar("R", Decision, Outcome)


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """One answer and what came of it.

    Attributes
    ----------
    decision : the answer, as logged.
    counts : whether it is the one that counts for its decision.
    status : ``known``, ``void`` or ``waiting``.
    outcomes : every outcome that came in for the decision, in the order received.

    Examples
    --------
    >>> Traced.__struct_fields__
    ('decision', 'counts', 'status', 'outcomes')
    """

    decision: Decision
    counts: bool
    status: str
    outcomes: tuple[Outcome, ...]


class Traffic:
    """Reads the traffic of one scope.

    Parameters
    ----------
    root : folder under which every environment and timeline has its own.
    scope : what is read; no other scope's rows are ever seen.

    Examples
    --------
    >>> from datetime import UTC
    >>> traffic = Traffic(Path("nowhere"), Scope(project="late-flights"))
    >>> frame, counts = traffic.read(traffic.cut(None, None, datetime(2013, 7, 1, tzinfo=UTC)))
    >>> frame.height, counts.waiting
    (0, 0)
    """

    def __init__(self, root: Path, scope: Scope) -> None:
        self.scope, self.folder = scope, scope_folder(root, scope)

    def cut(self, start: datetime | None, end: datetime | None, as_of: datetime) -> Cut:
        """Name what can be read now: ``start <= prediction time < end``, seen at *as_of*.

        Raises
        ------
        InputError : the window ends before it starts, or a time has no zone.
        """
        window = [None if at is None else micros(at) for at in (start, end)]
        return take_cut(self.folder, self.scope, window[0], window[1], micros(as_of))

    def read(self, cut: Cut) -> tuple[pl.DataFrame, Matched]:
        """The decisions of the cut that count, with their outcomes; see `match` for the columns.

        Decisions answered and outcomes received by ``as_of``. Sorted by content (time, row, action, …), so that the order
        does not depend on the entity key, on ids, or on what has been compacted.

        Raises
        ------
        Corrupt : a segment is damaged, or shorter than it was when the cut was taken.
        """
        inside = _window(cut)
        answered = self._rows("decisions", cut, pl.col("at") <= cut.as_of)
        received = self._rows("outcomes", cut, pl.col("received") <= cut.as_of)
        decisions = answered.filter(inside).collect()
        # An outcome that names a time outside the window is of this window only where its id says so.
        ours = inside.fill_null(True) | pl.col("id").is_in(decisions["id"].unique().to_list())
        outcomes = received.filter(ours).collect()
        elsewhere = None if _unbounded(cut) else _elsewhere(answered.filter(~inside), decisions, outcomes)
        frame, counts = match(decisions, outcomes, elsewhere=elsewhere)
        return frame.sort([*CONTENT, "id"]), counts

    def answered(self, since: datetime, as_of: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Every answer given in ``since <= at <= as_of``, those of a shadow too; and those that count, matched as `read` does.

        Raises
        ------
        InputError : a time has no zone.
        Corrupt : rows are gone.
        """
        cut = self.cut(None, None, as_of)
        begun = micros(since)
        answers = self._rows("decisions", cut, pl.col("at").is_between(begun, cut.as_of)).collect()
        outcomes = self._rows("outcomes", cut, pl.col("received").is_between(begun, cut.as_of)).collect()
        return answers, match(answers, outcomes)[0]

    def decision(self, id: str) -> Traced:
        """One answer and what came of it, for tracing; the first answer where the id was used again.

        Raises
        ------
        RecordUnknown : no such id was ever answered in this scope.
        """
        cut = take_cut(self.folder, self.scope, None, None, 2**53 - 1)
        asked = self._rows("decisions", cut, pl.col("id") == id).collect()
        if asked.is_empty():
            raise RecordUnknown(id, place=str(self.scope))
        answer = _structs(Decision, asked.sort(pl.col("variant") == "shadow", "at", "digest").head(1))[0]
        answers = self._rows("decisions", cut, pl.col("decision") == answer.decision).collect()
        theirs = pl.col("id").is_in(answers["id"].to_list())
        theirs |= (pl.col("entity") == answer.entity) & (pl.col("time") == answer.time)
        outcomes = self._rows("outcomes", cut, theirs).sort("received", "at", "segment", "offset").collect()
        frame, _ = match(answers, outcomes)
        return Traced(
            decision=answer,
            counts=answer.variant != "shadow" and answer.id in frame["id"],
            status=frame["status"][0] if frame.height else "waiting",
            outcomes=tuple(_structs(Outcome, outcomes)),
        )

    def _rows(self, kind: Kind, cut: Cut, keep: pl.Expr) -> pl.LazyFrame:
        """Rows of one table at the cut, wherever they lie now."""
        table = Table(self.folder, kind, cut.decisions if kind == "decisions" else cut.outcomes)
        loose = [self._loose(kind, mark).lazy() for mark in cut.segments if not table.holds(mark.name)]
        mine = (pl.col("environment") == cut.scope.environment) & (pl.col("timeline") == cut.scope.timeline)
        return pl.concat([table.scan(), *loose]).filter(mine & keep)

    def _loose(self, kind: Kind, mark: SegmentMark) -> pl.DataFrame:
        """Rows of a segment that no table held at the cut; by now one may."""
        found = segment_bytes(self.folder, mark.name)
        if found is not None:
            data, path = found
            if len(data) < mark.bytes:
                raise _short(str(path), mark, len(data))
            rows: list[tuple[Row, int]] = list(decode(data[: mark.bytes], place=str(path), sealed=True))
            return rows_frame(kind, rows, mark.name)
        table = Table(self.folder, kind)
        if not table.holds(mark.name):
            raise _short(mark.name, mark, 0)
        return table.scan().filter(pl.col("segment") == mark.name, pl.col("offset") <= mark.bytes).collect()


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 of what was decided and what came of it: the same whatever the ids, entity key, answering time or compaction.

    Parameters
    ----------
    frame : as `Traffic.read` returns it, in any order.

    Examples
    --------
    >>> from fullcycle.traffic.schema import DECISIONS, OUTCOMES
    >>> content_digest(match(pl.DataFrame(schema=DECISIONS), pl.DataFrame(schema=OUTCOMES))[0])[:12]
    'e3b0c44298fc'
    """
    rows = frame.select(CONTENT).with_columns(pl.col("time").cast(pl.Int64)).sort(CONTENT)
    encoder, digest = msgspec.msgpack.Encoder(), hashlib.sha256()
    for row in rows.iter_rows():
        digest.update(encoder.encode(row))
    return digest.hexdigest()


def _window(cut: Cut) -> pl.Expr:
    after = pl.lit(True) if cut.start is None else pl.col("time") >= cut.start
    before = pl.lit(True) if cut.end is None else pl.col("time") < cut.end
    return after & before


def _unbounded(cut: Cut) -> bool:
    return cut.start is None and cut.end is None


def _elsewhere(answered: pl.LazyFrame, decisions: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Answers outside the window whose ids are named inside it."""
    ids = pl.LazyFrame({"id": pl.concat([decisions["id"], outcomes["id"]]).unique()})
    return answered.select(_LIGHT).join(ids, on="id", how="semi").collect()


def _structs(kind: type[R], frame: pl.DataFrame) -> list[R]:
    return [kind(**row) for row in frame.select(kind.__struct_fields__).iter_rows(named=True)]


def _short(place: str, mark: SegmentMark, found: int) -> Corrupt:
    return Corrupt(
        "rows that were read before are gone",
        place=place,
        found=f"{found} bytes",
        expected=f"{mark.bytes} bytes of segment {mark.name}",
        mend="restore the traffic folder from a backup, or read a new cut",
    )
