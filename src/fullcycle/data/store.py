"""Storing: the rows that are due, cleaned and kept as blobs, a month at a time; each of them accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from fullcycle.data.clean.apply import clean
from fullcycle.data.clean.outliers import Fitted
from fullcycle.data.clean.settings import Clean
from fullcycle.data.clean.touched import Touched, merge
from fullcycle.data.contract.tally import Tally
from fullcycle.data.contract.tally import merge as merged
from fullcycle.data.history import History
from fullcycle.data.sources.files import parquet
from fullcycle.data.table import Segment
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.finding import Finding

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
    history: History, as_of: datetime, settings: Clean, fitted: Fitted, blobs: Blobs, *, hidden: Sequence[str] = ()
) -> Stored:
    """The rows whose outcome was known at *as_of*, cleaned, each month a blob; the same rows are the same blobs.

    Parameters
    ----------
    hidden : columns whose cells are not kept, since they seem personal and nobody has decided what to do about it.
    """
    segments: list[Segment] = []
    touched: list[Touched] = []
    tallies: list[Tally] = []
    unknown = [history.rows.empty]
    void = 0
    quarantine = [_turned_away(history, as_of)]
    for period, judged in history.judged(as_of):
        done = clean(judged.kept, settings, fitted, entity=history.entity, time=history.time, facts=history.facts)
        known = history.derive(done.rows).filter(history.has_outcome)
        known = known.with_columns(pl.lit(None, known.schema[name]).alias(name) for name in hidden)
        segments.append(Segment(period=period, rows=len(known), blob=blobs.put(parquet(known))))
        quarantine += [_as_text(judged.quarantined, history), _as_text(done.removed, history)]
        touched += done.touched
        tallies.append(judged.tally)
        void += len(done.rows) - len(known)
        if sum(map(len, unknown)) < MOST:
            unknown.append(done.rows.filter(~history.has_outcome))
    away = pl.concat(quarantine, how="diagonal").with_columns(
        pl.lit(None, pl.String).alias(name) for name in (*hidden, *(("raw",) if hidden else ()))
    )
    gone = len(away) - len(quarantine[0])
    return Stored(tuple(segments), away, merge(touched), merged(tallies), void, gone, pl.concat(unknown).head(MOST))


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
