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

import msgspec

from fullcycle.deployment.service.tls import NONE, Tls
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
"""Environment of a worker: one thread each, and none that spins while it waits."""
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
    workers: int = 1,
    *,
    ready: Callable[[Address], None] | None = None,
    tls: Tls = NONE,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are then answered. Call it in the main thread.

    Parameters
    ----------
    path : of the file that says what serves, see `serving_path`.
    port : 0 for any that is free.
    workers : processes that share the port.
    ready : called once, when all of them answer.
    tls : certificate and key, where it speaks HTTPS.

    Raises
    ------
    OutsideError : the port is in use, or a worker cannot start.
    InputError : nothing is deployed, or fewer than one worker; or certificate and key do not fit each other.
    """
    tls.check()
    if workers < 1:
        raise InputError("a service needs a worker", found=workers, expected="1 or more")
    with listening(host, port) as listener:
        asyncio.run(_Crew(path, listener, workers, ready, tls).run())


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
    """The workers of one service."""

    def __init__(
        self, path: Path, listener: socket.socket, workers: int, ready: Callable[[Address], None] | None, tls: Tls
    ) -> None:
        self._path, self._listener, self._ready, self._tls = path, listener, ready, tls
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._waiting = set(range(workers))  # places whose worker has not answered yet
        self._failed: FullcycleError | None = None

    async def run(self) -> None:
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        places = [asyncio.create_task(self._keep(place)) for place in sorted(self._waiting)]
        for task in places:
            task.add_done_callback(lambda _: self._stop.set())
        for found in await asyncio.gather(*places, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
        if self._failed is not None:
            raise self._failed

    async def _keep(self, place: int) -> None:
        """A worker in this place, again and again."""
        pause = 0.1
        while not self._stop.is_set():
            begun = time.monotonic()
            process = self._processes[place] = await self._start()
            greeted = asyncio.create_task(self._greet(place, process))
            ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(self._stop.wait())
            await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if self._stop.is_set():
                await _end(process, ended)
            await greeted
            if not self._stop.is_set():
                _log.warning("worker %d ended with %s; another is started", process.pid, process.returncode)
                pause = 0.1 if time.monotonic() - begun > STEADY else min(2 * pause, LONGEST)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)

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

    async def _greet(self, place: int, process: asyncio.subprocess.Process) -> None:
        """Wait until the worker answers; one that cannot while the service starts fails the service."""
        line = b"" if process.stdout is None else await process.stdout.readline()
        if line == b"ready\n":
            self._waiting.discard(place)
            if not self._waiting and self._ready is not None:
                ready, self._ready = self._ready, None
                ready(self._address())
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
