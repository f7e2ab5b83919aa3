"""What a bundle costs where it serves, measured in a fresh process: ``python -m fullcycle.deployment.probe BUNDLE`` prints JSON."""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Protocol

from fullcycle.kernel.clock import duration, size
from fullcycle.kernel.errors import OutsideError
from fullcycle.kernel.finding import Finding

WARM, MEASURED = 200, 2000  # rows
_PATIENCE = 300  # seconds


class Limits(Protocol):
    """The limits of a charter that concern a bundle, as texts with their units."""

    @property
    def latency_p99(self) -> str | None: ...
    @property
    def memory(self) -> str | None: ...
    @property
    def bundle(self) -> str | None: ...


def probe(bundle: Path, limits: Limits) -> tuple[Finding, ...]:
    """The measured findings of a bundle: they are about this machine and belong in the journal, in no record.

    Parameters
    ----------
    bundle : file of the bundle.
    limits : a charter's; where one is open, the figure is noted.

    Returns
    -------
    ``latency_p99`` of one row in process (s), ``memory`` of a process that serves (B), ``bundle`` size (B).

    Raises
    ------
    OutsideError : the process failed.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-m", "fullcycle.deployment.probe", str(bundle)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise OutsideError("a bundle could not be measured", place=str(bundle), found="it took too long") from None
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise OutsideError("a bundle could not be measured", place=str(bundle), found=last)
    figures: dict[str, float] = json.loads(run.stdout)
    return findings(figures, limits)


def findings(figures: dict[str, float], limits: Limits) -> tuple[Finding, ...]:
    """Figures held against limits.

    >>> class Open:
    ...     latency_p99, memory, bundle = "20ms", None, None
    >>> found = findings({"latency_p99": 0.001, "memory": 1e8, "bundle": 2e4}, Open())
    >>> [(one.check, one.passed) for one in found]
    [('latency_p99', True), ('memory', None), ('bundle', None)]
    """
    bounds = {
        "latency_p99": None if limits.latency_p99 is None else duration(limits.latency_p99).total_seconds(),
        "memory": None if limits.memory is None else float(size(limits.memory)),
        "bundle": None if limits.bundle is None else float(size(limits.bundle)),
    }
    return tuple(_finding(check, figures[check], limit) for check, limit in bounds.items())


def _finding(check: str, value: float, limit: float | None) -> Finding:
    return Finding(
        check=check,
        subject="bundle",
        value=value,
        limit=limit,
        rule="at_most",
        passed=None if limit is None else value <= limit,
        severity="note" if limit is None else "reject",
        unit="s" if check == "latency_p99" else "B",
    )


def measure(path: Path) -> dict[str, float]:
    """Load a bundle as a worker does, answer rows one by one, and say what it took."""
    from fullcycle.predictor.bundle import Predictor

    import_module("fullcycle.deployment.service.worker")  # what a worker imports takes memory too
    body = path.read_bytes()
    predictor = Predictor.load(body)
    rows = predictor.contract.golden_rows(64)
    seconds = []
    for turn in range(WARM + MEASURED):
        started = time.perf_counter()
        predictor.answer(rows[turn % len(rows)])
        seconds.append(time.perf_counter() - started)
    slowest = sorted(seconds[WARM:])
    return {
        "latency_p99": slowest[math.ceil(0.99 * MEASURED) - 1],
        "memory": float(peak_memory()),
        "bundle": float(len(body)),
    }


def peak_memory() -> int:
    """Bytes of memory that this process has held at most.

    >>> peak_memory() > 1_000_000
    True
    """
    try:  # what getrusage says of a process starts at what its parent held
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))) + "\n")
