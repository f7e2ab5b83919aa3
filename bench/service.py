"""How many requests a second one worker of the service answers, each of one row and logged before it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.example import Example, example, rows
from bench.report import Options, Report
from bench.timing import Case, Measure, measured
from fullcycle.deployment.serving import FILE, Serving, write_serving
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.traffic.append import Mode

CONNECTIONS = 64
_START = """\
import sys
from pathlib import Path
from fullcycle.deployment.service.workers import serve
serve(Path(sys.argv[1]), port=0, ready=lambda address: print(address.port, flush=True))
"""
_ENTITY = "~entity~"


def run(options: Options) -> Report:
    """``POST /predict`` with the two durable logs, beside the least that the same server answers."""
    seconds, rounds = (0.2, 2) if options.quick else (2.0, 5)
    made = example(options.quick)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        ports = {mode: stack.enter_context(_serving(made, Path(place, mode), mode)) for mode in ("durable", "process")}
        cases = [
            Case("one row, log durable (on the disk)", _load(ports["durable"], _requests(), seconds)),
            Case("one row, log process (with the operating system)", _load(ports["process"], _requests(), seconds)),
            Case("empty answer (GET /health/live)", _load(ports["process"], _empty(), seconds), "empty answer"),
        ]
        lines = measured(cases, rounds)
    notes = (
        f"One worker, {CONNECTIONS} connections that stay open, {seconds:g} s a round; every row is of another entity.",
        "The client runs in Python on the same cores and takes its share of them.",
    )
    return Report("service", lines, "rate", "request", notes)


@contextlib.contextmanager
def _serving(made: Example, folder: Path, log: Mode) -> Iterator[int]:
    """A service with one worker that logs in this way; gives its port."""
    folder.mkdir()
    path, name = folder / FILE, digest(made.bundle)
    serving = Serving(
        scope=Scope(project="bench"),
        route=Route(generation=1, shares=(Share(release="r", share=1.0),)),
        bundles={"r": name},
        entity="customer",
        time="at",
        log=log,
    )
    (folder / serving.entity_key).write_bytes(secrets.token_bytes(32))
    write_serving(path, serving, (made.bundle,))
    process = subprocess.Popen((sys.executable, "-c", _START, str(path)), stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError("the service did not start; it says why above")
        yield int(line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _requests() -> Iterator[bytes]:
    """Endlessly many requests of one row, each about another entity."""
    begun = secrets.token_hex(4)
    parts = []
    for row in rows(200, seed=3).to_dicts():
        body = {"rows": [{**row, "at": "2026-03-01T09:30:00Z", "customer": _ENTITY}]}
        parts.append(json.dumps(body).encode().split(_ENTITY.encode()))
    number = 0
    while True:
        for before, after in parts:
            number += 1
            sent = before + f"{begun}{number:010d}".encode() + after
            yield b"POST /predict HTTP/1.1\r\nhost: bench\r\ncontent-length: %d\r\n\r\n" % len(sent) + sent


def _empty() -> Iterator[bytes]:
    while True:
        yield b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n"


def _load(port: int, requests: Iterator[bytes], seconds: float) -> Measure:
    """A measure: as many requests as are answered in *seconds*, over connections that stay open."""
    return lambda: asyncio.run(_send(port, requests, seconds))


async def _send(port: int, requests: Iterator[bytes], seconds: float) -> float:
    loop = asyncio.get_running_loop()
    stop = loop.time() + seconds
    clients = []
    for _ in range(CONNECTIONS):
        _, client = await loop.create_connection(lambda: _Client(requests, stop), "127.0.0.1", port)
        clients.append(client)
    start = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - start
    return took / sum(client.answered for client in clients)


class _Client(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again, until it is time to stop."""

    def __init__(self, requests: Iterator[bytes], stop: float) -> None:
        self._requests, self._stop = requests, stop
        self._loop = asyncio.get_running_loop()
        self._read = b""
        self.done: asyncio.Future[None] = self._loop.create_future()
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def send(self) -> None:
        """Ask the next one."""
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, gap, body = self._read.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return
        self._read = b""
        if not head.startswith(b"HTTP/1.1 200"):
            self._end(RuntimeError(f"the service refused: {body.decode()[:500]}"))
            return
        self.answered += 1
        if self._loop.time() < self._stop:
            self.send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionError("the service closed a connection"))

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)
            self._transport.close()


def _length(head: bytes) -> int:
    """What the head of an answer says of its body."""
    lines = head.lower().split(b"\r\n")
    return next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
