"""Suspected: columns that seem to hold personal data, looked for before anything is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from fullcycle.data.history import History
from fullcycle.data.privacy.detect import Suspicion, detect

ROWS = 20_000
"""Rows of the first and of the last period that are looked at."""


def suspected(history: History, as_of: datetime) -> tuple[Suspicion, ...]:
    """Columns of the rows due by *as_of* that seem to hold personal data, told by the ends of the history."""
    first = next((rows for _, rows in history.due(as_of)), None)
    last = next((rows for _, rows in history.due(as_of, backwards=True)), None)
    ends = [rows.select(*history.facts) for rows in (first, last) if rows is not None]
    if not ends:
        return ()
    looked_at = pl.concat([ends[0].head(ROWS), *(rows.tail(ROWS) for rows in ends[1:])])
    return detect(looked_at, history.facts)


def unreviewed(suspicions: Iterable[Suspicion], reviewed: Iterable[str]) -> tuple[Suspicion, ...]:
    """The suspicions less free text that a person has looked through: it may be kept as it is.

    >>> found = Suspicion("note", "free_text", "words", 1.0, 20, 20)
    >>> unreviewed([found], ["note"]), unreviewed([found], []) == (found,)
    ((), True)
    """
    fine = set(reviewed)
    return tuple(it for it in suspicions if it.kind != "free_text" or it.column not in fine)


def undecided(suspicions: Iterable[Suspicion], history: History) -> tuple[str, ...]:
    """The suspected columns of which nobody has decided what to do, and without which a row can be kept."""
    needed = (*history.keys, *history.read)
    return tuple(
        found.column
        for found in suspicions
        if history.facts[found.column].personal is None and found.column not in needed
    )
