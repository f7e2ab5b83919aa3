"""How many workers a load wants: decided from what each says of itself, and from nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

EVERY = 1.0  # seconds between two decisions
TARGET = 0.7  # of each worker's time: above it, requests begin to wait for one another
EASE = 0.6  # of each worker's time, were there one fewer: below it, one can go
GROW_AFTER, SHRINK_AFTER = 3, 60  # decisions in a row that must agree
QUEUE = 64  # requests under way in a worker which has no time left
LATE = 0.05  # seconds by which a worker which has no time left is late


class Load(msgspec.Struct, frozen=True):
    """What a worker did since it said so last.

    Attributes
    ----------
    busy : the share of the time for which it computed.
    in_flight : requests that it is answering now.
    late : seconds by which it came late, on average, to what it does ten times a second: so long a new request waits.

    Examples
    --------
    >>> Load(0.3, 2).used, Load(0.3, 64).used, Load(0.3, 2, late=0.025).used
    (0.3, 1.0, 0.5)
    """

    busy: float
    in_flight: int
    late: float = 0.0

    @property
    def used(self) -> float:
        """How much of it is used, 0 to 1: where the processor is shared, waiting says more than the time that it got."""
        return min(1.0, max(self.busy, self.in_flight / QUEUE, self.late / LATE))


class Elastic:
    """Decides how many workers there should be.

    It is the rule of Kubernetes' HorizontalPodAutoscaler, ceil(used / target), with a window of agreement on each side, so that a
    moment's load starts no process and a moment's rest ends none; it grows at most twofold and shrinks by one.

    Parameters
    ----------
    least, most : bounds of the number of workers.

    Examples
    --------
    >>> elastic = Elastic(1, 4)
    >>> [elastic.wanted([Load(1.0, 8)]) for _ in range(3)]
    [1, 1, 2]
    """

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most, self._high, self._low = least, most, 0, 0

    def wanted(self, loads: Sequence[Load]) -> int:
        """How many there should be, where as many as *loads* answer now."""
        now, used = len(loads), math.fsum(load.used for load in loads)
        enough = min(self._most, max(self._least, math.ceil(used / TARGET)))
        self._high = self._high + 1 if enough > now else 0
        self._low = self._low + 1 if now > self._least and used <= EASE * (now - 1) else 0
        if self._high < GROW_AFTER and self._low < SHRINK_AFTER:
            return now
        wanted = min(enough, 2 * now) if self._high else now - 1
        self._high = self._low = 0
        return wanted
