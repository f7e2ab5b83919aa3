"""Several workers on one port: started, watched, started again when they die, drained at a signal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from fullcycle.deployment.service.elastic import EVERY, Elastic, Load
from fullcycle.deployment.service.tls import NONE, Tls
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
"""Environment of a worker: one thread each, and none that spins while it waits."""
READY = b"ready\n"  # what a worker says first
BACKLOG = 2048
STEADY = 10.0  # seconds after which a death counts as a new one
LONGEST = 5.0  # seconds between two starts, at most
PATIENCE = 40.0  # seconds until a worker that does not drain is killed
_log = logging.getLogger(__name__)


class Address(msgspec.Struct, frozen=True):
    """Where the service answers, and the process ids of its workers."""

    host: str
    port: int
    workers: tuple[int, ...]
    scheme: str = "http"

    @property
    def url(self) -> str:
        """As a browser wants it.

        >>> Address("::1", 8000, ()).url
        'http://[::1]:8000'
        """
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def serve(
    path: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int | Literal["auto"] = 1,
    *,
    ready: Callable[[Address], None] | None = None,
    tls: Tls = NONE,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are then answered. Call it in the main thread.

    Parameters
    ----------
    path : of the file that says what serves, see `serving_path`.
    port : 0 for any that is free.
    workers : processes that share the port; ``auto``: as many as the load wants, up to the machine's cores, see `Elastic`.
    ready : called once, when all of them answer.
    tls : certificate and key, where it speaks HTTPS.

    Raises
    ------
    OutsideError : the port is in use, or a worker cannot start.
    InputError : nothing is deployed, or fewer than one worker; or certificate and key do not fit each other.
    """
    from fullcycle.engine.local import cores

    tls.check()
    if workers != "auto" and workers < 1:
        raise InputError("a service needs a worker", found=workers, expected="1 or more, or auto")
    elastic = Elastic(1, cores()) if workers == "auto" else None
    with listening(host, port) as listener:
        asyncio.run(_Crew(path, listener, 1 if workers == "auto" else workers, elastic, ready, tls).run())


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens.

    Raises
    ------
    OutsideError : it cannot, naming the port and the way out.

    Examples
    --------
    >>> with listening("127.0.0.1", 0) as listener:
    ...     listener.getsockname()[1] > 0
    True
    """
    place = f"{host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family)
    except (OSError, OverflowError) as error:
        raise OutsideError("cannot listen there", place=place, found=str(error), mend="give another --host") from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                mend = f"stop what listens there, or serve on another port: --port {port + 1}"
                raise OutsideError(f"port {port} is in use", place=place, mend=mend) from None
            mend = (
                "give another --host" if getattr(error, "errno", None) == errno.EADDRNOTAVAIL else "give another --port"
            )
            raise OutsideError("cannot listen there", place=place, found=str(error), mend=mend) from None
        listener.setblocking(False)
        yield listener


class _Crew:
    """The workers of one service, each in a place that outlives it."""

    def __init__(
        self,
        path: Path,
        listener: socket.socket,
        workers: int,
        elastic: Elastic | None,
        ready: Callable[[Address], None] | None,
        tls: Tls,
    ) -> None:
        self._path, self._listener, self._elastic, self._ready, self._tls = path, listener, elastic, ready, tls
        self._waiting = set(range(workers))  # first places, whose worker has not answered yet
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._loads: dict[int, Load] = {}
        self._ends: dict[int, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: FullcycleError | None = None

    async def run(self) -> None:
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        for place in sorted(self._waiting):
            self._open(place)
        adapting = asyncio.create_task(self._adapt(self._elastic)) if self._elastic else None
        await self._stop.wait()
        if adapting is not None:
            adapting.cancel()
        for end in self._ends.values():
            end.set()
        for found in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
        if self._failed is not None:
            raise self._failed

    async def _adapt(self, elastic: Elastic) -> None:
        """Open and close places as the load wants; not while one of them has yet to answer, or is draining."""
        while True:
            await asyncio.sleep(EVERY)
            if len(self._loads) != len(self._tasks):
                continue
            now, wanted = len(self._loads), elastic.wanted(list(self._loads.values()))
            if wanted != now:
                _log.info("%d workers answer; the load wants %d", now, wanted)
            for _ in range(now, wanted):
                self._open(max(self._ends) + 1)
            for _ in range(wanted, now):
                self._ends[max(self._ends)].set()

    def _open(self, place: int) -> None:
        self._ends[place] = asyncio.Event()
        task = asyncio.create_task(self._keep(place, self._ends[place]))
        task.add_done_callback(self._closed)
        self._tasks.add(task)

    def _closed(self, task: asyncio.Task[None]) -> None:
        """A place was closed on purpose, or failed, and with it the service."""
        if self._stop.is_set():
            return
        if task.exception() is None:
            self._tasks.discard(task)
        else:
            self._stop.set()

    async def _keep(self, place: int, end: asyncio.Event) -> None:
        """A worker in this place, again and again."""
        pause = 0.1
        while not end.is_set():
            begun = time.monotonic()
            process = self._processes[place] = await self._start()
            heard = asyncio.create_task(self._hear(place, process))
            ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(end.wait())
            await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if end.is_set():
                await _end(process, ended)
            await heard
            self._loads.pop(place, None)
            if not end.is_set():
                _log.warning("worker %d ended with %s; another is started", process.pid, process.returncode)
                pause = 0.1 if time.monotonic() - begun > STEADY else min(2 * pause, LONGEST)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), pause)
        del self._ends[place], self._processes[place]

    async def _start(self) -> asyncio.subprocess.Process:
        number = self._listener.fileno()
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fullcycle.deployment.service.worker",
            str(self._path),
            "--fd",
            str(number),
            *self._tls.arguments(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(number,),
            env={**os.environ, **QUIET},
        )

    async def _hear(self, place: int, process: asyncio.subprocess.Process) -> None:
        """What a worker says: that it answers, then how much it has to do. One that cannot start with the service fails it."""
        if process.stdout is None:
            return
        line = await process.stdout.readline()
        if line == READY:
            self._waiting.discard(place)
            if not self._waiting and self._ready is not None:
                ready, self._ready = self._ready, None
                ready(self._address())
            async for line in process.stdout:
                self._loads[place] = msgspec.json.decode(line, type=Load)
        elif place in self._waiting and not self._stop.is_set():
            self._failed = self._failed or _error(line)
            self._stop.set()
        elif not self._stop.is_set():
            _log.error("a worker cannot start: %s", _error(line))

    def _address(self) -> Address:
        host, port = self._listener.getsockname()[:2]
        pids = tuple(self._processes[place].pid for place in sorted(self._processes))
        return Address(host, port, pids, "https" if self._tls.certificate else "http")


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    """Let a worker drain; kill it when it does not."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    _, late = await asyncio.wait([ended], timeout=PATIENCE)
    if late:
        process.kill()
        await ended


def _error(line: bytes) -> FullcycleError:
    """Why a worker could not start, as it said itself."""
    try:
        facts = msgspec.json.decode(line, type=dict[str, str | int])
    except msgspec.MsgspecError:
        return OutsideError("a worker died while it started", mend="see what it wrote on standard error")
    told = {name: str(facts.get(name, "")) for name in ("place", "expected", "mend")}
    kind = InputError if facts.get("exit") == 2 else OutsideError
    return kind(str(facts.get("problem", "")), found=facts.get("found"), **told)
