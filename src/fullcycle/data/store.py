"""Storing: the rows that are due, cleaned and kept as blobs, a month at a time; each of them accounted for."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import polars as pl

from fullcycle.data.clean.apply import clean
from fullcycle.data.clean.outliers import Fitted
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import Touched, merge
from fullcycle.data.contract.keys import Keys, unique_keys
from fullcycle.data.contract.tally import Tally
from fullcycle.data.contract.tally import merge as merged
from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.sources.files import parquet
from fullcycle.data.table import Segment
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.finding import Finding

VERSION = 1
"""Raised when the same rows of a month come to something else; what was kept of an older version is then not read."""
MOST = 100_000
"""Rows without an outcome that are looked at."""


class Stored(NamedTuple):
    """What became of the rows that were due.

    Attributes
    ----------
    quarantine : rows that were turned away when they landed or were cleaned, as text, with ``reasons``.
    unknown : rows whose outcome never came, :data:`MOST` at most.
    tally : what was counted where the rows were held against the contract.
    due, kept, void, removed : rows that were due; kept; without an outcome that ever came; quarantined of those due.
    """

    segments: tuple[Segment, ...]
    quarantine: pl.DataFrame
    touched: tuple[Touched, ...]
    tally: Tally
    void: int
    removed: int
    unknown: pl.DataFrame

    @property
    def kept(self) -> int:
        """Rows that stay."""
        return sum(segment.rows for segment in self.segments)


def store(
    history: History,
    as_of: datetime,
    settings: Clean,
    fitted: Fitted,
    blobs: Blobs,
    *,
    hidden: Sequence[str] = (),
    kept: Kept | None = None,
) -> Stored:
    """The rows whose outcome was known at *as_of*, cleaned, each month a blob; the same rows are the same blobs.

    Parameters
    ----------
    hidden : columns whose cells are not kept, since they seem personal and nobody has decided what to do about it.
    kept : where what a month came to is kept for the next time; not where a key has to be unique among all months, since
        what a month comes to then depends on others, nor while columns are *hidden*, whose cells may lie nowhere.
    """
    segments: list[Segment] = []
    touched: list[Touched] = []
    tallies: list[Tally] = []
    unknown = [history.rows.empty]
    void = 0
    quarantine = [_turned_away(history, as_of)]
    unique = unique_keys(history.rules, history.facts)
    keys, said = Keys(unique), _said(history, settings, fitted)
    cache = kept if kept is not None and not (unique or hidden) else Kept()
    for period, rows in history.ripe(as_of):
        key = cache.key("store", VERSION, [period, *said, _content(rows)]) if cache is kept else ""  # nothing is kept
        month = _month(cache.get(key), blobs)
        if month is None:
            month = _made(history, rows, keys, settings, fitted, blobs, hidden=hidden)
            cache.put(key, msgspec.msgpack.encode(month))
        segments.append(Segment(period=period, rows=month.rows, blob=month.blob))
        quarantine += [_read(month.quarantined), _read(month.removed)]
        touched += month.touched
        tallies.append(month.tally)
        void += month.void
        if sum(map(len, unknown)) < MOST:
            unknown.append(_read(month.unknown))
    away = pl.concat(quarantine, how="diagonal").with_columns(
        pl.lit(None, pl.String).alias(name) for name in (*hidden, *(("raw",) if hidden else ()))
    )
    gone = len(away) - len(quarantine[0])
    return Stored(tuple(segments), away, merge(touched), merged(tallies), void, gone, pl.concat(unknown).head(MOST))


class _Month(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of the rows of a month. Tables are Parquet: *quarantined* and *removed* as text, *unknown* typed."""

    rows: int
    blob: str
    void: int
    tally: Tally
    touched: tuple[Touched, ...]
    quarantined: bytes
    removed: bytes
    unknown: bytes


def _made(
    history: History,
    rows: pl.DataFrame,
    keys: Keys,
    settings: Clean,
    fitted: Fitted,
    blobs: Blobs,
    *,
    hidden: Sequence[str],
) -> _Month:
    judged = history.judge(rows, keys)
    done = clean(judged.kept, settings, fitted, entity=history.entity, time=history.time, facts=history.facts)
    known = history.derive(done.rows).filter(history.has_outcome)
    known = known.with_columns(pl.lit(None, known.schema[name]).alias(name) for name in hidden)
    return _Month(
        rows=len(known),
        blob=blobs.put(parquet(known)),
        void=len(done.rows) - len(known),
        tally=judged.tally,
        touched=done.touched,
        quarantined=parquet(_as_text(judged.quarantined, history)),
        removed=parquet(_as_text(done.removed, history)),
        unknown=parquet(done.rows.filter(~history.has_outcome).head(MOST)),
    )


def _month(body: bytes | None, blobs: Blobs) -> _Month | None:
    """What was kept of a month, as long as its rows are still as they were."""
    if body is None:
        return None
    month = msgspec.msgpack.decode(body, type=_Month)
    return month if blobs.has(month.blob) and blobs.erased(month.blob) is None else None


def _said(history: History, settings: Clean, fitted: Fitted) -> list[object]:
    """All that decides what becomes of a row, beside the row."""
    columns = (history.entity, history.time, history.target, history.zone)
    return [pl.__version__, columns, history.facts, history.derived, history.rules, settings, fitted]


def _content(rows: pl.DataFrame) -> str:
    """Digest of rows in their order: of their cells in a layout without gaps."""
    sink = io.BytesIO()
    rows.rechunk().write_ipc(sink, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    return hashlib.sha256(sink.getbuffer()).hexdigest()


def _read(body: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(body))


def _turned_away(history: History, as_of: datetime) -> pl.DataFrame:
    return history.quarantine(as_of).drop("when")


def _as_text(rows: pl.DataFrame, history: History) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(pl.String) for name in (*history.facts, "reasons"))


def balance(stored: Stored) -> Finding:
    """Every row that was due is somewhere: kept, in quarantine, or void by rule.

    >>> whole = Stored((), pl.DataFrame(), (), Tally(rows=3), void=2, removed=1, unknown=pl.DataFrame())
    >>> balance(whole).passed
    True
    """
    lost = stored.tally.rows - stored.kept - stored.void - stored.removed
    return Finding(
        check="rows_balance",
        subject="table",
        value=float(lost),
        limit=0.0,
        rule="at_most",
        passed=not lost,
        unit="rows",
        evidence={"due": stored.tally.rows, "kept": stored.kept, "void": stored.void, "removed": stored.removed},
    )


def by_reason(quarantine: pl.DataFrame) -> dict[str, int]:
    """Rows in quarantine by reason."""
    counts = quarantine["reasons"].value_counts(sort=False)
    return dict(sorted(zip(counts["reasons"].to_list(), counts["count"].to_list(), strict=True)))
