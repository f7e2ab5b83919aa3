"""The shadow of a service: a release that answers what was asked, in a process of its own that nobody waits for.

What was answered is handed over through a socket whose buffer is the queue: where it is full, the row is dropped and counted. The
process runs at the lowest priority, logs into segments of its own, and may hang or crash: the worker notices nothing but rows dropped.

``python -m fullcycle.deployment.service.shadow ROUTE RELEASE --fd N`` is that process. It ends when its worker does.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.deployment.answer import Answer
from fullcycle.deployment.serving import Serving, load_shadow, read_serving, traffic_folder
from fullcycle.deployment.split import Shadow
from fullcycle.kernel.errors import FullcycleError, OutsideError
from fullcycle.traffic.append import SegmentWriter
from fullcycle.traffic.schema import Decision
from fullcycle.traffic.segments import asked_to_seal

LARGEST = 1 << 17  # bytes of a row that is handed over
QUEUE = 1 << 20  # bytes that wait at most, some hundred rows; the system may allow less
LOOK = 0.5  # seconds between two looks at the route and the process
LONGEST = 30.0  # seconds between two starts, at most
PATIENCE = 2.0  # seconds until a process that does not end is killed
_KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(tuple[dict[str, Any], Decision])
_log = logging.getLogger(__name__)


class Mirror:
    """A worker's side: hands rows over, and keeps the process running while the route names a shadow.

    Parameters
    ----------
    path : of the file that says what serves.
    serving : gives what serves now.
    rows : counts rows by what became of them: ``offered``, ``dropped``.
    """

    def __init__(self, path: Path, serving: Callable[[], Serving], rows: Counter[str]) -> None:
        self._path, self._serving, self._rows = path, serving, rows
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._release, self._pause, self._next = "", LOOK, 0.0
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="shadow-keeper", daemon=True)

    def start(self) -> None:
        """Begin to follow the route."""
        self._keeper.start()

    def offer(self, answers: Sequence[Answer]) -> None:
        """Hand over what was asked, without ever waiting; where no shadow serves, nothing was asked of it."""
        for answer in answers:
            if answer.asked is None:
                continue
            self._rows["offered"] += 1
            waiting = self._socket
            try:
                if waiting is None:
                    raise BlockingIOError
                waiting.send(_encode((answer.asked, answer.logged)))
            except OSError:  # its queue is full, the row too large, or nobody is there
                self._rows["dropped"] += 1

    def close(self) -> None:
        """End the process, and wait for it."""
        self._stop.set()
        self._keeper.join()
        self._end()

    def _keep(self) -> None:
        while not self._stop.is_set():
            wanted = self._serving().route.shadow
            dead = self._process is not None and self._process.poll() is not None
            if wanted != self._release or dead:
                self._end()
                if wanted != self._release:
                    self._release, self._pause, self._next = wanted, LOOK, 0.0
            if self._release and self._process is None and time.monotonic() >= self._next:
                self._start()
            self._stop.wait(LOOK)

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, _KIND)
        with theirs:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE)
            ours.setblocking(False)
            command = [sys.executable, "-m", __name__, str(self._path), self._release, "--fd", str(theirs.fileno())]
            try:
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
            except OSError as error:
                _log.error("the shadow cannot start: %s", error)
                ours.close()
        self._pause = min(2 * self._pause, LONGEST)
        self._next = time.monotonic() + self._pause
        if self._process is not None:
            self._socket = ours

    def _end(self) -> None:
        """Close the queue, at which it ends by itself, or is made to."""
        waiting, self._socket = self._socket, None
        if waiting is not None:
            waiting.close()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode:
            _log.error("the shadow ended with %d", process.returncode)


def answer_all(queue: socket.socket, shadow: Shadow, log: SegmentWriter) -> None:
    """Answer what comes until the other side closes, and log it; seal the segment when that is asked for."""
    queue.settimeout(LOOK)
    seen, looked = asked_to_seal(log.folder), time.monotonic()
    while True:
        with contextlib.suppress(TimeoutError):
            if not (message := queue.recv(LARGEST)):
                break
            asked, heard = _decoder.decode(message)
            log.append([shadow.row(asked, heard)])
            with contextlib.suppress(OutsideError):  # a full disk costs rows of the shadow, and nothing else
                log.commit()
        if time.monotonic() - looked > LOOK:
            looked = time.monotonic()
            if (asked_now := asked_to_seal(log.folder)) != seen:
                log.seal()
                seen = asked_now
    log.seal()


def main(arguments: list[str] | None = None) -> int:
    """Run until the worker ends. The exit code is that of the error which kept it from starting, else 0."""
    parser = argparse.ArgumentParser(prog="fullcycle shadow")
    parser.add_argument("route", type=Path)
    parser.add_argument("release")
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args(arguments)
    os.nice(19)
    try:
        serving = read_serving(options.route)
        if serving.route.shadow != options.release:  # the route has changed meanwhile
            return 0
        shadow = load_shadow(options.route, serving)
        log = SegmentWriter(traffic_folder(options.route, serving), mode="process")
        with socket.socket(fileno=options.fd) as queue:
            answer_all(queue, shadow, log)
    except FullcycleError as error:
        _log.error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:  # the terminal tells everybody; the worker goes on until it has drained
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
