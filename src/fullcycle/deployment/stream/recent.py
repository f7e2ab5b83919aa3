"""Answers that were logged lately: a message that is delivered again gets the answer that it got, and is not logged again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import read_segment, segments
from fullcycle.traffic.tables import Table

SINCE = 3_600_000_000  # µs: brokers deliver again within minutes
MOST = 200_000


class Logged(NamedTuple):
    """What was answered: the digests of decision and row, and the answer."""

    id: str
    decision: str
    digest: str
    release: str
    variant: str
    action: str
    score: float | None

    @classmethod
    def of(cls, row: Decision) -> Logged:
        """What is kept of a row of the log."""
        return cls(row.id, row.decision, row.digest, row.release, row.variant, row.action, row.score)


class Answers:
    """Logged answers by id, at most :data:`MOST`.

    >>> answers = Answers([])
    >>> answers.get("a1") is None
    True
    """

    def __init__(self, answers: Iterable[Logged]) -> None:
        self._kept: OrderedDict[str, Logged] = OrderedDict()
        for answer in answers:
            self.put(answer)

    def put(self, answer: Logged) -> None:
        """Keep an answer; the first of an id stays."""
        self._kept.setdefault(answer.id, answer)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def get(self, id: str) -> Logged | None:
        """The answer to this id."""
        return self._kept.get(id)


def logged_since(folder: Path, since: int) -> Iterator[Logged]:
    """What was answered since then, in µs UTC, and lies in the log or the table of the scope in *folder*; shadows are none.

    >>> list(logged_since(Path("nowhere"), 0))
    []
    """
    rows = Table(folder, "decisions").scan().filter(pl.col("at") >= since, pl.col("variant") != "shadow")
    for row in rows.sort("at").tail(MOST).select(Logged._fields).collect().iter_rows():
        yield Logged(*row)
    for path in segments(folder).values():
        try:
            found = read_segment(path)
        except FileNotFoundError:  # compacted since it was listed
            continue
        for one in found:
            if isinstance(one, Decision) and one.at >= since and one.variant != "shadow":
                yield Logged.of(one)
