"""This machine's processes: warm workers, one a core, kept for the next round."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import TypeVar

from fullcycle.engine.serial import SerialEngine, timed
from fullcycle.kernel.errors import OutsideError

T = TypeVar("T")

QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
"""Environment of a worker: one thread each, and none that spins while it waits (on a busy machine that costs 35 times)."""


class LocalEngine:
    """Calls spread over worker processes; results come as they are ready.

    Parameters
    ----------
    workers : number of processes; by default one a core. With one, everything runs in this process.
    prepare : what a worker does before its first call, such as loading the project's own Python; harmless when repeated.

    Raises
    ------
    OutsideError
        A worker was killed, most often for want of memory.
    """

    def __init__(self, workers: int | None = None, *, prepare: Callable[[], None] | None = None) -> None:
        self.workers = workers or cores()
        self.prepare = prepare

    def map(self, calls: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T, float]]:
        """Position, result and seconds of each call, in the order in which they end."""
        if min(self.workers, len(calls)) <= 1:
            yield from SerialEngine().map(calls)
            return
        from loky import get_reusable_executor
        from loky.process_executor import TerminatedWorkerError

        executor = get_reusable_executor(
            max_workers=self.workers, timeout=60, env=QUIET, initializer=_leave_with, initargs=(os.getpid(),)
        )
        futures = [executor.submit(_prepared, self.prepare, place, call) for place, call in enumerate(calls)]
        try:
            for future in as_completed(futures):
                yield future.result()
        except TerminatedWorkerError as error:
            raise OutsideError(
                "a worker process was killed",
                found=str(error).split("\n")[0],
                mend="free memory, then run again: finished trials are kept",
            ) from error
        finally:
            for future in futures:
                future.cancel()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _leave_with(parent: int) -> None:
    """End this worker soon after *parent* is gone, so that a killed command leaves nothing running."""

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _prepared(prepare: Callable[[], None] | None, place: int, call: Callable[[], T]) -> tuple[int, T, float]:
    if prepare is not None:
        prepare()
    return timed(place, call)
