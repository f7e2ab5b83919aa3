"""One worker process: ``python -m fullcycle.deployment.service.worker ROUTE --fd N``. Started by ``workers``, which holds its standard
input.

It says ``ready`` on standard output when it answers, or why it cannot, as JSON. It drains and stops at SIGTERM, and when whoever
started it is gone.
"""

from __future__ import annotations

import argparse
import gc
import os
import socket
import sys
import threading
from pathlib import Path

import msgspec
import uvicorn

from fullcycle.deployment.service.app import Service
from fullcycle.deployment.service.json_log import log_as_json
from fullcycle.deployment.service.routing import Routing
from fullcycle.deployment.service.tracing import Collector, Traced
from fullcycle.kernel.errors import FullcycleError

READY = b"ready\n"
DRAIN = 30  # seconds for requests under way at a stop


class Server(uvicorn.Server):
    """Says when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            _say(READY)


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop. The exit code is that of the error which kept it from starting, else 0."""
    parser = argparse.ArgumentParser(prog="fullcycle worker")
    parser.add_argument("route", type=Path)
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args(arguments)
    log_as_json()
    try:
        service = Service(Routing(options.route))
    except FullcycleError as error:
        _say(msgspec.json.encode({**error.facts(), "exit": error.exit_code}) + b"\n")
        return error.exit_code
    gc.collect()
    gc.freeze()  # what was loaded stays: no collection need look at it again
    config = uvicorn.Config(
        Traced(service.app(), Collector(), service.facts),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=75,  # longer than most clients keep a connection, so that it is they who close it
        timeout_graceful_shutdown=DRAIN,
    )
    server = Server(config)
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
    os.write(1, line)


if __name__ == "__main__":
    sys.exit(main())
