"""Answers that were logged lately: a message that is delivered again gets the answer that it got, and is not logged again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import read_segment, segments
from fullcycle.traffic.tables import Table

SINCE = 3_600_000_000  # µs: brokers deliver again within minutes
MOST = 200_000


class Answers:
    """Logged answers by id, at most :data:`MOST`.

    >>> answers = Answers([])
    >>> answers.get("a1") is None
    True
    """

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._kept: OrderedDict[str, Decision] = OrderedDict()
        for decision in decisions:
            self.put(decision)

    def put(self, decision: Decision) -> None:
        """Keep an answer; the first of an id stays."""
        self._kept.setdefault(decision.id, decision)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def get(self, id: str) -> Decision | None:
        """The answer to this id."""
        return self._kept.get(id)


def logged_since(folder: Path, since: int) -> Iterator[Decision]:
    """Decisions answered since then, in µs UTC, that lie in the log or the table of the scope in *folder*; shadows are none.

    >>> list(logged_since(Path("nowhere"), 0))
    []
    """
    rows = Table(folder, "decisions").scan().filter(pl.col("at") >= since, pl.col("variant") != "shadow")
    for row in rows.select(Decision.__struct_fields__).sort("at").tail(MOST).collect().iter_rows(named=True):
        yield Decision(**row)
    for path in segments(folder).values():
        try:
            found = read_segment(path)
        except FileNotFoundError:  # compacted since it was listed
            continue
        yield from (row for row in found if isinstance(row, Decision) and row.at >= since and row.variant != "shadow")
