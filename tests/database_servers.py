"""Real database servers on this machine, for tests: PostgreSQL and MariaDB on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

PASSWORD = "pa:ss@w/rd#1"  # signs that an address has to encode
ABSENT = "no {} here: apt-get install -y --no-install-recommends {}"


class Server(NamedTuple):
    """A server that runs: where it listens, and how to run SQL as its administrator."""

    port: int
    run: Callable[[str, str], None]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server with the superuser ``postgres`` and :data:`PASSWORD`."""
    binaries = _postgresql_binaries()
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with _folder("postgres") as folder:
        port, data, secret = _free_port(), folder / "data", folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        make = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}"]
        subprocess.run([*make, "-N", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd=folder, **user)  # type: ignore[call-overload]
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "16MB",
            "max_parallel_workers_per_gather": "0",
        }
        command = [binaries / "postgres", "-D", data, "-p", str(port)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        client = [
            binaries / "psql",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
        ]

        def run(database: str, statements: str) -> None:
            environment = {**os.environ, "PGPASSWORD": PASSWORD}
            subprocess.run(
                [*client, database], input=statements, text=True, check=True, capture_output=True, env=environment
            )

        with _running(command, folder, user, lambda: run("postgres", "SELECT 1")):
            yield Server(port, run)


@contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB server; its ``root`` comes in through a socket alone."""
    server, make, client = (shutil.which(name, path=_path()) for name in ("mariadbd", "mariadb-install-db", "mariadb"))
    if not (server and make and client):
        pytest.skip(ABSENT.format("MariaDB", "mariadb-server"))
    account = "mysql"
    user = {"user": account, "group": account, "extra_groups": []} if os.geteuid() == 0 else {}
    with _folder(account) as folder:
        port, data, wire = _free_port(), folder / "data", folder / "socket"
        options = ["--no-defaults", f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"]
        subprocess.run([make, *options], check=True, capture_output=True, cwd=folder, **user)  # type: ignore[call-overload]
        command = [server, "--no-defaults", f"--datadir={data}", f"--port={port}", f"--socket={wire}", "--skip-log-bin"]
        command += ["--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M", f"--pid-file={folder}/pid"]

        def run(database: str, statements: str) -> None:
            asked = [client, "--no-defaults", f"--socket={wire}", "-uroot", database]
            subprocess.run(asked, input=statements, text=True, check=True, capture_output=True)

        with _running(command, folder, user, lambda: run("", "SELECT 1")):
            yield Server(port, run)


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
    if not (found[-1].parent / "initdb").is_file():
        pytest.skip(ABSENT.format("PostgreSQL", "postgresql"))
    return found[-1].parent


@contextmanager
def _folder(owner: str) -> Iterator[Path]:
    """A folder that *owner* may use, since neither server runs as root."""
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, owner, owner)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[object], folder: Path, user: dict[str, object], ready: Callable[[], None]) -> Iterator[None]:
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, cwd=folder, start_new_session=True, **user
        )  # type: ignore[call-overload]
    try:
        for _ in range(200):
            if process.poll() is not None:
                break
            try:
                ready()
                break
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        else:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        yield
    finally:
        process.send_signal(signal.SIGQUIT if "postgres" in str(command[0]) else signal.SIGKILL)
        process.wait(timeout=30)
