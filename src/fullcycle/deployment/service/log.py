"""The service's log: what was answered within the last hour is at hand, and an answer leaves only when it is logged."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from fullcycle.deployment.answer import Answer
from fullcycle.traffic.append import GroupCommit
from fullcycle.traffic.schema import Outcome

HOUR = 3_600_000_000  # µs
MOST = 100_000  # answers, and outcomes, that a worker keeps at hand
T = TypeVar("T")


class Kept(msgspec.Struct, eq=False, gc=False):
    """An answer that is at hand, without its row; ``logged`` is what to wait for before it may leave, None if nothing.

    ``row`` and ``about`` are the digests of the row and of the decision: what a retry must bring again.
    """

    id: str
    decision: str | float
    score: float | list[float] | None
    variant: str
    row: str
    about: str
    logged: asyncio.Future[None] | None

    def answers(self, answer: Answer) -> bool:
        """Whether *answer* is to the same row."""
        return (self.row, self.about) == (answer.logged.digest, answer.logged.decision)


class Recent(Generic[T]):
    """Things by id, for an hour, at most `MOST` of them.

    >>> recent = Recent[str](most=1)
    >>> recent.put("a", "first", 0)
    >>> recent.put("b", "second", 1)
    >>> recent.get("a", 2), recent.get("b", 2), recent.get("b", 1 + HOUR)
    (None, 'second', None)
    """

    def __init__(self, most: int = MOST) -> None:
        self._things: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._most = most

    def put(self, id: str, thing: T, now: int) -> None:
        """Keep *thing*; *now* in µs."""
        self._things[id] = (thing, now)
        self._things.move_to_end(id)
        while len(self._things) > self._most:
            self._things.popitem(last=False)

    def get(self, id: str, now: int) -> T | None:
        """What is kept as *id*, unless it is an hour old."""
        found = self._things.get(id)
        if found is None:
            return None
        if now - found[1] >= HOUR:
            del self._things[id]
            return None
        return found[0]

    def drop(self, id: str) -> None:
        """Forget it."""
        self._things.pop(id, None)


class TrafficLog:
    """Logs decisions and outcomes, and knows those of the last hour.

    Parameters
    ----------
    commit : writes rows and returns when they are logged.
    """

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self.answers: Recent[Kept] = Recent()
        self._decisions: Recent[bool] = Recent()
        self._outcomes: Recent[tuple[object, ...]] = Recent()
        self.mirror: Callable[[Sequence[Answer]], None] | None = None  # is handed what was logged

    async def seal_when_asked(self, every: float) -> None:
        """See :meth:`fullcycle.traffic.append.GroupCommit.seal_when_asked`."""
        await self._commit.seal_when_asked(every)

    async def decide(self, answers: Sequence[Answer], now: int) -> None:
        """Return when *answers* are logged; until then, who asks for one of them again waits as well.

        Raises
        ------
        OutsideError : they are not logged, and are as if they had never been given.
        """
        logged = self._commit.put([answer.logged for answer in answers])
        kept = [_kept(answer, logged) for answer in answers]
        for one in kept:
            self.answers.put(one.id, one, now)
            if one.about != one.id:
                self._decisions.put(one.about, True, now)
        if logged is not None:
            await self._until(logged, kept)
        if self.mirror is not None:
            self.mirror(answers)

    async def _until(self, logged: asyncio.Future[None], kept: Sequence[Kept]) -> None:
        try:
            await logged
        except BaseException:
            for one in kept:
                self.answers.drop(one.id)
                self._decisions.drop(one.about)
            raise
        for one in kept:
            one.logged = None

    async def learn(self, outcomes: Sequence[Outcome], digest: Callable[[Outcome], str], now: int) -> dict[str, int]:
        """Return when *outcomes* are logged, with how many this replica could match.

        Each is one of ``matched`` (its decision was answered here within the last hour), ``pending`` (elsewhere, earlier, or not at all:
        matching tells), ``duplicate`` (said again) or ``corrected`` (said differently); ``void`` counts those with a reason besides.

        Parameters
        ----------
        digest : of the decision that an outcome's entity and time name.

        Raises
        ------
        OutsideError : they are not logged.
        """
        counts = dict.fromkeys(("matched", "pending", "duplicate", "corrected", "void"), 0)
        seen: dict[str, tuple[object, ...]] = {}
        for outcome in outcomes:
            about = outcome.id or digest(outcome)
            name = f"{about} feedback" if outcome.status == "feedback" else about  # says nothing of what happened
            content: tuple[object, ...] = (outcome.reason, outcome.row, outcome.actual)
            before = seen.get(name) or self._outcomes.get(name, now)
            seen[name] = content
            if before is not None:
                counts["duplicate" if before == content else "corrected"] += 1
            elif self.answers.get(about, now) is not None or self._decisions.get(about, now):
                counts["matched"] += 1
            else:
                counts["pending"] += 1
            counts["void"] += outcome.reason != ""
        if outcomes:
            await self._commit.write(outcomes)
        for name, content in seen.items():
            self._outcomes.put(name, content, now)
        return counts

    async def close(self) -> None:
        """Log what waits and close the segment."""
        await self._commit.close()


def _kept(answer: Answer, logged: asyncio.Future[None] | None) -> Kept:
    row = answer.logged
    return Kept(row.id, answer.decision, answer.score, answer.variant, row.digest, row.decision, logged)
