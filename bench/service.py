"""How many requests a second one worker on one core answers, each logged before it is answered, and what they cost it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pickle
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.example import Example, example, rows
from bench.load import CONNECTIONS, ENTITY, load
from bench.report import Options, Report, duration, number
from bench.timing import Case, Line, measured
from fullcycle.deployment.serving import FILE, Serving, write_serving
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.traffic.append import Mode

_START = """\
import sys
from pathlib import Path
from fullcycle.deployment.service.workers import serve
serve(Path(sys.argv[1]), port=0, ready=lambda address: print(address.port, *address.workers, flush=True))
"""
_PEER = """\
import pickle, socket, sys
from typing import Any
import pandas, uvicorn
from fastapi import FastAPI
pipeline, app = pickle.load(open(sys.argv[1], "rb")), FastAPI()
numbers = [name for _, _, columns in pipeline[0].transformers_[:2] for name in columns]

@app.post("/predict")
def predict(body: dict[str, list[dict[str, Any]]]) -> dict[str, list[float]]:
    frame = pandas.DataFrame(body["rows"])
    frame[numbers] = frame[numbers].astype(float)  # a null makes a column of one row one of objects
    return {"scores": pipeline.predict_proba(frame)[:, 1].tolist()}

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="error")).run([listener])
"""
_QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class _Load:
    """A case: what a load costs the process that answers it.

    Attributes
    ----------
    cpu, p50, p99 : a figure a round, in seconds.
    """

    def __init__(self, server: tuple[int, int], path: str, bodies: Sequence[str], seconds: float) -> None:
        port, self._worker = server
        self._url, self._bodies, self._seconds = f"http://127.0.0.1:{port}{path}", bodies, seconds
        self.cpu: list[float] = []
        self.p50: list[float] = []
        self.p99: list[float] = []

    def __call__(self) -> float:
        before = _computed(self._worker)
        found = load(self._url, self._bodies, self._seconds)
        if not found.requests:
            raise RuntimeError(f"{self._url} answered nothing within {self._seconds:g} s")
        self.cpu.append((_computed(self._worker) - before) / found.requests)
        self.p50.append(found.p50)
        self.p99.append(found.p99)
        return 1 / found.rate


def run(options: Options) -> list[Report]:
    """``POST /predict`` with the logs that lose nothing, beside the least that the same server answers, and FastAPI with pandas."""
    seconds, rounds = (2.0, 1) if options.quick else (3.0, 5)
    made = example(options.quick)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        durable, process = (
            stack.enter_context(_serving(made, Path(place, mode), mode)) for mode in ("durable", "process")
        )
        loads = {
            "one row, log durable (on the disk)": _Load(durable, "/predict", _bodies(1), seconds),
            "one row, log process (with the operating system)": _Load(process, "/predict", _bodies(1), seconds),
            "100 rows, log process": _Load(process, "/predict", _bodies(100), seconds),
            "empty answer (GET /health/live)": _Load(process, "/health/live", (), seconds),
        }
        if peer := all(importlib.util.find_spec(name) for name in ("fastapi", "pandas")):
            server = stack.enter_context(_fastapi(made, Path(place)))
            loads["one row, FastAPI with pandas and the pipeline, no contract, no log"] = _Load(
                server, "/predict", _bodies(1), seconds
            )
        empty = "empty answer (GET /health/live)"
        cases = [Case(name, it, "empty answer" if name == empty else "") for name, it in loads.items()]
        lines = measured(cases, rounds)
        notes = _notes(process[1], Path(place), seconds, fastapi=peer)

    def report(title: str, figures: str) -> Report:
        found = [
            Line(name, tuple(getattr(it, figures)[1:]), "empty answer" if name == empty else "")
            for name, it in loads.items()
        ]  # the first round is not counted
        return Report(title, tuple(found))

    return [
        Report("service", lines, "rate", "request", notes),
        report("service: the worker's own time for a request", "cpu"),
        report("service: time until half of the requests are answered", "p50"),
        report("service: time until 99 of 100 are answered", "p99"),
    ]


def _notes(worker: int, folder: Path, seconds: float, *, fastapi: bool) -> tuple[str, ...]:
    syncs = _fdatasync(folder)
    by = "wrk" if shutil.which("wrk") else "a client in Python, which is slower than the service (install wrk)"
    return (
        f"One worker on one core, asked by {by} over {CONNECTIONS} connections, {seconds:g} s a round; every row is of another entity.",
        f"The worker held {number(_peak(worker) / 2**20)} MiB at most. fdatasync of the same disk, 8 KiB appended: median"
        f" {duration(syncs[len(syncs) // 2])}, 99 of 100 within {duration(syncs[len(syncs) * 99 // 100])}.",
        *(() if fastapi else ("FastAPI and pandas are not installed, so there is no line of theirs.",)),
    )


@contextlib.contextmanager
def _serving(made: Example, folder: Path, log: Mode) -> Iterator[tuple[int, int]]:
    """A service with one worker that logs in this way; its port and the worker's process id."""
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
    with _running((sys.executable, "-c", _START, str(path))) as told:
        yield told[0], told[1]


@contextlib.contextmanager
def _fastapi(made: Example, folder: Path) -> Iterator[tuple[int, int]]:
    """The same model as people serve it by hand: the scikit-learn pipeline on a frame of pandas."""
    model = folder / "pipeline.pickle"
    model.write_bytes(pickle.dumps(made.pipeline))
    with _running((sys.executable, "-c", _PEER, str(model))) as told:
        yield told[0], told[-1]


@contextlib.contextmanager
def _running(command: tuple[str, ...]) -> Iterator[list[int]]:
    """A server on the last core; the numbers that it prints first, and its process id."""
    core = {max(os.sched_getaffinity(0))}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **_QUIET},
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError("a server did not start; it says why above")
        yield [*map(int, line.split()), process.pid]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _bodies(size: int) -> list[str]:
    """Requests of *size* rows, each about another entity."""
    found = []
    for part in rows(200 if size == 1 else 10 * size, seed=3).iter_slices(size):
        asked = [
            {**row, "at": "2026-03-01T09:30:00Z", "customer": f"{ENTITY}-{place}"}
            for place, row in enumerate(part.to_dicts())
        ]
        found.append(json.dumps({"rows": asked}))
    return found


def _computed(process: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: int) -> int:
    """Bytes of memory that a process held at most."""
    return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0]) << 10


def _fdatasync(folder: Path) -> list[float]:
    """Seconds that the disk takes, two hundred times, in order."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(8192))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return sorted(took)
