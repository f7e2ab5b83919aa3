"""A worker: a process of this Python that answers one call after another, until it is told to stop or left alone.

It connects to whoever started it, who gives the key on its standard input, and then its own path of imports.
"""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, NamedTuple

from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.errors import OutsideError

QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
"""Environment of a worker: one thread each, and none that spins while it waits (on a busy machine that costs 35 times)."""

IDLE = 60.0  # seconds after which a worker that nobody calls leaves
START = 120.0  # seconds within which a worker answers at all
_PROGRAM = "from fullcycle.engine.worker import main; main()"  # as a module, so that its types have their names


class Answer(NamedTuple):
    """What a call came to: its value, or what it raised."""

    value: Any
    error: BaseException | None
    seconds: float


class Worker:
    """The handle of a worker process."""

    def __init__(self) -> None:
        key = secrets.token_bytes(32)
        self.owner = os.getpid()
        with Listener(authkey=key) as listener:
            address = str(listener.address)
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, address],
                stdin=subprocess.PIPE,
                env={**os.environ, **QUIET},
            )
            if self.process.stdin is not None:
                self.process.stdin.write(key.hex().encode() + b"\n")
                self.process.stdin.close()
            self.connection: Connection = _accepted(listener, self.process, key)
        self.connection.send_bytes(pickle.dumps(sys.path))

    def call(self, function: Callable[[], Any]) -> None:
        """Send it a call; what it came to is read by :meth:`answer`."""
        import cloudpickle

        self.connection.send_bytes(cloudpickle.dumps(function))

    def answer(self) -> Answer:
        """What the call came to. Raises EOFError where the worker is gone."""
        found: Answer = pickle.loads(self.connection.recv_bytes())
        return found

    def memory(self) -> int:
        """Bytes that it holds now; 0 where this system does not tell."""
        try:
            with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    def usable(self) -> bool:
        """Whether it waits for this process's calls."""
        return self.owner == os.getpid() and self.process.poll() is None and not self.connection.poll()

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.connection.close()


def _accepted(listener: Listener, process: subprocess.Popen[bytes], key: bytes) -> Connection:
    """The worker's connection. Were it to end before it answers, accept() would wait for ever: then we answer ourselves."""
    accepted = threading.Event()

    def watch() -> None:
        with Stopwatch() as waited:
            while not accepted.wait(0.2):
                if process.poll() is not None or waited.so_far > START:
                    process.kill()
                    Client(listener.address, authkey=key).close()
                    return

    threading.Thread(target=watch, daemon=True).start()
    connection = listener.accept()
    accepted.set()
    if process.poll() is not None:
        raise OutsideError("a worker process could not be started", found=f"exit code {process.returncode}")
    return connection


def serve(connection: Connection) -> None:
    """Answer calls until the other side is gone, or says nothing for :data:`IDLE` seconds."""
    import cloudpickle

    while connection.poll(IDLE):
        try:
            body = connection.recv_bytes()
        except (EOFError, OSError):
            return
        answer = _answered(body)
        try:
            sent = cloudpickle.dumps(answer)
        except (TypeError, pickle.PicklingError, AttributeError) as error:
            what = answer.value if answer.error is None else answer.error
            problem = TypeError(f"{type(what).__name__} cannot be sent home: {error}")
            sent = cloudpickle.dumps(Answer(None, problem, answer.seconds))
        connection.send_bytes(sent)


def main() -> None:
    """A worker's whole life."""
    _leave_with(os.getppid())
    connection = Client(sys.argv[1], authkey=bytes.fromhex(sys.stdin.readline().strip()))
    sys.path[:] = pickle.loads(connection.recv_bytes())
    serve(connection)


def _answered(body: bytes) -> Answer:
    value, error = None, None
    with Stopwatch() as watch:
        try:
            value = pickle.loads(body)()
        except Exception as raised:  # noqa: BLE001 - whatever it is comes home and is raised there
            raised.add_note("".join(traceback.format_exception(raised)))
            error = raised
        except BaseException as raised:  # noqa: BLE001 - a call that wants to leave ends itself, not its caller
            error = RuntimeError(f"the call ended its process: {raised!r}")
    return Answer(value, error, watch.seconds)


def _leave_with(parent: int) -> None:
    """End this worker soon after *parent* is gone, so that a killed command leaves nothing running."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
