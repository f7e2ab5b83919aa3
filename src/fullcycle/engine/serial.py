"""One call after another in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.limits import Limit, Stopped

T = TypeVar("T")

LATE = Stopped("the time of its round was over", late=True)
"""What stands for a call that the end of its batch's time left undone."""


class SerialEngine:
    """The plainest engine.

    A limit of time interrupts Python code, in the main thread and where there are signals; code in C ends first. Of
    memory, only what the call itself could not get stops it: who shares its process with a call cannot kill it.

    >>> [(place, result) for place, result, _ in SerialEngine().map([lambda: "a", lambda: "b"])]
    [(0, 'a'), (1, 'b')]
    """

    def map(
        self, calls: Sequence[Callable[[], T]], *, limit: Limit | None = None
    ) -> Iterator[tuple[int, T | Stopped, float]]:
        """Position, result and seconds of each call, in order."""
        spent = 0.0
        for place, call in enumerate(calls):
            result: T | Stopped
            if limit is None:
                _, result, seconds = timed(place, call)
            else:
                result, seconds = _limited(call, limit, spent)
            spent += seconds
            yield place, result, seconds


class _Overtime(BaseException):
    """No Exception, so that a call that catches those does not catch this."""


def timed(place: int, call: Callable[[], T]) -> tuple[int, T, float]:
    """Position, result and elapsed seconds of *call*."""
    with Stopwatch() as watch:
        result = call()
    return place, result, watch.seconds


def allowed(limit: Limit, spent: float) -> tuple[float | None, bool]:
    """Seconds that the next call may take, and whether it is the end of the batch that sets them.

    >>> allowed(Limit(seconds=5.0, until=8.0), 4.0), allowed(Limit(), 4.0)
    ((4.0, True), (None, False))
    """
    left = None if limit.until is None else max(limit.until - spent, 0.0)
    if left is not None and (limit.seconds is None or left < limit.seconds):
        return left, True
    return limit.seconds, False


def too_long(seconds: float) -> Stopped:
    """What stands for a call that took longer than it may.

    >>> too_long(20.0).reason
    'stopped after 20 s'
    """
    return Stopped(f"stopped after {seconds:.3g} s")


def _limited(call: Callable[[], T], limit: Limit, spent: float) -> tuple[T | Stopped, float]:
    seconds, last = allowed(limit, spent)
    if seconds == 0:
        return LATE, 0.0
    with Stopwatch() as watch:
        try:
            with _alarm(seconds):
                result: T | Stopped = call()
        except _Overtime:
            result = LATE if last else too_long(seconds or 0.0)
        except MemoryError:
            result = Stopped("out of memory")
    return result, watch.seconds


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    if seconds is None or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise _Overtime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
