"""This machine's processes: warm workers, one a core, kept for the next round.

Each worker is a process of its own that can be killed without disturbing the others. So a call that never returns, or
takes more memory than there is, is stopped and told as such, and the rest goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import connection as connections
from typing import Any, Generic, TypeVar

from fullcycle.engine.serial import LATE, SerialEngine, allowed, too_long
from fullcycle.engine.worker import Worker
from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.errors import OutsideError
from fullcycle.kernel.limits import Limit, Stopped

T = TypeVar("T")

LOOK = 0.1  # seconds between two looks at what the workers take
SPARE = 0.8  # of the memory that is free when a batch begins, shared by its workers
_IDLE: list[Worker] = []


class LocalEngine:
    """Calls spread over worker processes; results come as they are ready.

    Parameters
    ----------
    workers : number of processes; by default one a core. With one, or for one call alone, everything runs in this
        process, unless there is a limit.
    prepare : what a worker does before its first call, such as loading the project's own Python; harmless when repeated.

    Raises
    ------
    OutsideError
        A worker was killed by somebody else, most often for want of memory, and there is no limit that expects it.
    """

    def __init__(self, workers: int | None = None, *, prepare: Callable[[], None] | None = None) -> None:
        self.workers = workers or cores()
        self.prepare = prepare

    def map(
        self, calls: Sequence[Callable[[], T]], *, limit: Limit | None = None
    ) -> Iterator[tuple[int, T | Stopped, float]]:
        """Position, result and seconds of each call, in the order in which they end."""
        if limit is None and min(self.workers, len(calls)) <= 1:
            yield from SerialEngine().map(calls)
        elif calls:
            yield from _Batch(calls, limit, min(self.workers, len(calls)), self.prepare).results()


class _Batch(Generic[T]):
    """Calls on their way through workers."""

    def __init__(
        self,
        calls: Sequence[Callable[[], T]],
        limit: Limit | None,
        workers: int,
        prepare: Callable[[], None] | None,
    ) -> None:
        self._calls, self._limit, self._prepare = calls, limit or Limit(), prepare
        self._forgiving, self._workers = limit is not None, workers
        self._memory = self._limit.memory or int(SPARE * free_memory() / workers)
        self._waiting = list(range(len(calls)))
        self._running: dict[Worker, tuple[int, Stopwatch]] = {}
        self._watch = Stopwatch()

    def results(self) -> Iterator[tuple[int, T | Stopped, float]]:
        """What :meth:`LocalEngine.map` yields."""
        try:
            with self._watch:
                while self._waiting or self._running:
                    while self._waiting and len(self._running) < self._workers:
                        if allowed(self._limit, self._watch.so_far)[0] == 0:
                            yield self._waiting.pop(0), LATE, 0.0
                        else:
                            self._start(self._waiting.pop(0))
                    yield from self._ended()
                    yield from self._overdue()
        finally:
            for worker in self._running:  # an error, or a caller that has seen enough
                worker.kill()

    def _start(self, place: int) -> None:
        worker = _idle() or Worker()
        watch = Stopwatch()
        watch.__enter__()
        self._running[worker] = place, watch
        worker.call(partial(_prepared, self._prepare, self._calls[place]))

    def _ended(self) -> Iterator[tuple[int, T | Stopped, float]]:
        by_connection: dict[Any, Worker] = {worker.connection: worker for worker in self._running}
        for ready in connections.wait(list(by_connection), timeout=LOOK):
            worker = by_connection[ready]
            place, watch = self._running.pop(worker)
            try:
                answer = worker.answer()
            except (EOFError, OSError) as error:
                worker.kill()
                if not self._forgiving:
                    raise OutsideError(
                        "a worker process was killed",
                        found=f"exit code {worker.process.returncode}",
                        mend="free memory, then run again: finished trials are kept",
                    ) from error
                yield place, Stopped(f"its process died, exit code {worker.process.returncode}"), watch.so_far
                continue
            _IDLE.append(worker)
            if isinstance(answer.error, MemoryError) and self._forgiving:
                yield place, Stopped("out of memory"), answer.seconds
            elif answer.error is not None:
                raise answer.error
            else:
                yield place, answer.value, answer.seconds

    def _overdue(self) -> Iterator[tuple[int, T | Stopped, float]]:
        """Calls beyond their limit, stopped."""
        for worker, (place, watch) in list(self._running.items()):
            seconds, last = self._left(watch)
            reason = None
            if seconds is not None and watch.so_far > seconds:
                reason = LATE if last else too_long(seconds)
            elif self._forgiving and worker.memory() > self._memory:
                reason = Stopped(f"took more memory than {self._memory / 2**30:.2g} GiB")
            if reason is not None:
                del self._running[worker]
                worker.kill()
                yield place, reason, watch.so_far

    def _left(self, watch: Stopwatch) -> tuple[float | None, bool]:
        """Seconds that a running call may take in all, and whether it is the end of the batch that sets them."""
        return allowed(self._limit, self._watch.so_far - watch.so_far)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that could be taken without swapping; where this system does not tell, more than there ever is.

    >>> free_memory() > 0
    True
    """
    found = 1 << 62
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        found = int(lines["MemAvailable"].split()[0]) * 1024
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file, open("/sys/fs/cgroup/memory.current") as now:
            found = min(found, max(int(file.read()) - int(now.read()), 1))
    except (OSError, KeyError, ValueError):  # another system, or no limit of a container
        pass
    return found


def _idle() -> Worker | None:
    while _IDLE:
        worker = _IDLE.pop()
        if worker.usable():
            return worker
        if worker.owner == os.getpid():
            worker.kill()
    return None


def _prepared(prepare: Callable[[], None] | None, call: Callable[[], T]) -> T:
    if prepare is not None:
        prepare()
    return call()
