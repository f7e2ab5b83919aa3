"""One worker process: ``python -m fullcycle.deployment.service.worker ROUTE --fd N``. Started by ``workers``, which holds its standard
input.

It says ``ready`` on standard output when it answers, or why it cannot, as JSON; then, once a second, how much it has to do, as JSON. It
drains and stops at SIGTERM, and when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import time
from pathlib import Path

import msgspec
import uvicorn

from fullcycle.deployment.access import FILE as ACCESS
from fullcycle.deployment.service.access import Guard
from fullcycle.deployment.service.app import Service
from fullcycle.deployment.service.connection import Connection
from fullcycle.deployment.service.elastic import Load
from fullcycle.deployment.service.json_log import log_as_json
from fullcycle.deployment.service.routing import Routing
from fullcycle.deployment.service.tls import Tls
from fullcycle.deployment.service.tracing import Collector, Traced
from fullcycle.deployment.service.workers import READY
from fullcycle.kernel.errors import FullcycleError

DRAIN = 30  # seconds for requests under way at a stop
TICKS = 10  # of uvicorn's, a tenth of a second each, between two reports
SWITCH = 0.0005  # seconds that a thread, which logs or loads, keeps requests waiting at a time; by default 5 ms


class Server(uvicorn.Server):
    """Says when it answers and how much it has to do, and refuses who sends too slowly."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service, self._said = service, (time.monotonic(), time.process_time())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            _say(READY)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: see to what uvicorn sees to, and now and then to late requests."""
        if not counter % TICKS:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.refuse_if_late(now)
            self._say_load()
        return await super().on_tick(counter)

    def _say_load(self) -> None:
        before, self._said = self._said, (time.monotonic(), time.process_time())
        passed, computed = (now - then for now, then in zip(self._said, before, strict=True))
        late = max(0.0, passed / TICKS - 0.1)
        _say(msgspec.json.encode(Load(computed / max(passed, 1e-3), self._service.in_flight, late)) + b"\n")


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop. The exit code is that of the error which kept it from starting, else 0."""
    parser = argparse.ArgumentParser(prog="fullcycle worker")
    parser.add_argument("route", type=Path)
    parser.add_argument("--fd", type=int, required=True)
    for name in Tls.__struct_fields__:
        parser.add_argument(f"--tls-{name}", default="")
    options = parser.parse_args(arguments)
    os.set_blocking(1, False)
    log_as_json()
    try:
        service = Service(Routing(options.route))
        guard = Guard(service.app(), options.route.parent / ACCESS, refused=service.refused)
    except FullcycleError as error:
        _say(msgspec.json.encode({**error.facts(), "exit": error.exit_code}) + b"\n")
        return error.exit_code
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()  # what was loaded stays: no collection need look at it again
    config = uvicorn.Config(
        Traced(guard, Collector(), service.facts),
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=75,  # longer than most clients keep a connection, so that it is they who close it
        timeout_graceful_shutdown=DRAIN,
        **Tls(options.tls_certificate, options.tls_key, options.tls_clients).options(),
    )
    server = Server(config, service)
    threading.Thread(target=_stop_when_alone, args=(server,), daemon=True).start()
    try:
        server.run([socket.socket(fileno=options.fd)])
    except KeyboardInterrupt:  # the server has drained and passes the signal on
        return 0
    return 0


def _stop_when_alone(server: Server) -> None:
    while os.read(0, 1024):
        pass
    server.should_exit = True


def _say(line: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, BlockingIOError):  # whoever started it is gone, or does not listen
        os.write(1, line)


if __name__ == "__main__":
    sys.exit(main())
