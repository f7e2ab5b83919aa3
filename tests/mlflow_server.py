"""A real MLflow tracking server on this machine, for tests.

Its pins fight ours (pyarrow), so it stands in an environment of its own beside ours, made when it is first asked for.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HOME = Path(sys.prefix) / "mlflow-server"
WAIT = 180  # seconds that a server may take to start on a busy machine


def _executable() -> Path:
    if (found := shutil.which("mlflow")) is not None:
        return Path(found)
    with (Path(sys.prefix) / "mlflow-server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes stand beside each other
        if not (HOME / "ready").exists():
            _install()
    return HOME / "bin" / "mlflow"


def _install() -> None:
    uv = shutil.which("uv", path=f"{sys.prefix}/bin{os.pathsep}{os.environ.get('PATH', '')}")
    make = [uv, "venv", "--clear", "--python", sys.executable] if uv else [sys.executable, "-m", "venv", "--clear"]
    pip = (
        [uv, "pip", "install", "--python", str(HOME / "bin" / "python")]
        if uv
        else [str(HOME / "bin" / "pip"), "install"]
    )
    try:
        for command in ([*make, str(HOME)], [*pip, "--quiet", "mlflow==3.17.2"]):
            subprocess.run(command, check=True, capture_output=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"install mlflow where 'mlflow' is found: {error}")
    (HOME / "ready").touch()


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """Start a server that keeps its data in *folder*; gives its address, and stops it by its process group."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [str(_executable()), "server", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    command += [f"--backend-store-uri=sqlite:///{folder}/mlflow.db", f"--artifacts-destination={folder}/artifacts"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | quiet, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/health", process, folder / "log.txt")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + WAIT
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"MLflow did not start: {log.read_text()[-2000:]}")
