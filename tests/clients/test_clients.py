"""The clients that users copy, each compiled and run: they retry under one id, fall back in time, and hide no refusal."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import fullcycle
from deployment.bundles import Running, bundle, place, route

HERE = Path(__file__).parent
CLIENTS = Path(fullcycle.__file__).parents[2] / "clients"


class Unsteady(ThreadingHTTPServer):
    """Says 503, then hangs up, then passes a request on."""

    daemon_threads = True

    def __init__(self, to: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.to, self.bodies = to, list[bytes]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    server: Unsteady

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(body)
        turn = len(self.server.bodies)
        if turn == 1:
            return self._answer(503, b"{}", {"Retry-After": "0"})
        if turn == 2:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        answer = httpx.post(self.server.to + self.path, content=body)
        return self._answer(answer.status_code, answer.content, {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(place(tmp_path_factory.mktemp("clients"), bundle(), route("r1")).path) as running:
        yield running


@pytest.fixture
def unsteady(service: Running) -> Iterator[Unsteady]:
    server = Unsteady(service.told["url"])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def commands(language: str, folder: Path) -> list[list[str]]:
    """What compiles and runs a driver; skips where its tools are not installed."""
    driver, client = {
        "java": ("Driver.java", "FullcycleClient.java"),
        "python": ("driver.python", "fullcycle_client.py"),
        "typescript": ("driver.ts", "fullcycle_client.ts"),
    }[language]
    shutil.copy(HERE / driver, folder)
    shutil.copy(CLIENTS / language / client, folder)
    if language == "python":
        return [[sys.executable, driver]]
    tool, told = {
        "java": ("javac", "install a JDK: apt-get install default-jdk-headless"),
        "typescript": ("deno", "pip install deno"),
    }[language]
    if shutil.which(tool) is None:
        pytest.skip(told)
    if language == "typescript":
        return [["deno", "check", "--no-remote", driver], ["deno", "run", "--no-remote", "--allow-net", driver]]
    compiled = ["javac", "--release", "11", "-encoding", "UTF-8", "-Xlint:all", "-Werror", driver, client]
    return [compiled, ["java", "-Dfile.encoding=UTF-8", "-cp", ".", "Driver"]]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["java", "python", "typescript"])
def test_a_client_decides_retries_and_falls_back(
    service: Running, unsteady: Unsteady, tmp_path: Path, language: str
) -> None:
    *before, run = commands(language, tmp_path)
    for command in before:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        absent = closed.getsockname()[1]
        closed.close()
        services = [service.told["url"], unsteady.url, f"http://127.0.0.1:{silent.getsockname()[1]}"]
        command = [*run, *services, f"http://127.0.0.1:{absent}/"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    row = {"flight": "N1", "distance": 1200, "carrier": None, "departure": "2013-07-01T12:15:00Z"}
    wanted = service.predict(row, dry_run=True).json()["predictions"][0]
    for number in range(4):
        found = told[f"decision{number}"]
        assert found.pop("id") == f'{language}-é"\\\n-{number}'
        if number < 2:
            assert found == {name: wanted[name] for name in ("decision", "score", "variant")}
        else:
            assert found == {"decision": "wait", "score": None, "variant": "fallback"}
    assert (told["outcome"]["matched"], told["outcome"]["rejected"]) == (1, 0)
    assert told["refused"].startswith("422")
    assert "distance" in told["refused"]
    assert len(unsteady.bodies) == 3
    assert len({json.loads(body)["rows"][0]["id"] for body in unsteady.bodies}) == 1
