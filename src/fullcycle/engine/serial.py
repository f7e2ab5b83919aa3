"""One call after another in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from fullcycle.kernel.clock import Stopwatch

T = TypeVar("T")


class SerialEngine:
    """The plainest engine.

    >>> [(place, result) for place, result, _ in SerialEngine().map([lambda: "a", lambda: "b"])]
    [(0, 'a'), (1, 'b')]
    """

    def map(self, calls: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T, float]]:
        """Position, result and seconds of each call, in order."""
        for place, call in enumerate(calls):
            yield timed(place, call)


def timed(place: int, call: Callable[[], T]) -> tuple[int, T, float]:
    """Position, result and elapsed seconds of *call*."""
    with Stopwatch() as watch:
        result = call()
    return place, result, watch.seconds
