"""How many rows a second a batch answers, with contract, policy and log, and the memory that it takes."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from bench.example import Example, example, rows
from bench.report import Options, Report
from bench.timing import Case, Measure, measured
from fullcycle.deployment.serving import FILE, Serving, write_serving
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share

_START = """\
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from fullcycle.deployment.batch import predict_file
from fullcycle.deployment.serving import read_serving
path, source, target = map(Path, sys.argv[1:])
begun = time.perf_counter()
predict_file(path, read_serving(path), source, target, at=datetime(2026, 3, 1, tzinfo=UTC))
took = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def run(options: Options) -> Report:
    """Parquet to Parquet in a process of its own, at two sizes that should take the same memory."""
    n, rounds = (4_000, 1) if options.quick else (3_000_000, 3)
    made = _fewer_trees() if not options.quick else example(True)
    memory: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as place:
        cases = []
        for size in (n // 4, n):
            source = Path(place, f"{size}.parquet")
            _write(size, source)
            cases.append(Case(f"{size:,} rows", _answered(made, source, size, memory)))
        lines = measured(cases, rounds)
    notes = [
        f"{made.booster.num_trees()} trees on 20 columns; contract, policy and durable log included, each round with a log of its own.",
        "Peak memory of the process, libraries included: "
        + ", ".join(f"{size:,} rows {peak:.0f} MiB" for size, peak in memory.items())
        + ".",
    ]
    return Report("batch", lines, "rate", "row", tuple(notes))


def _fewer_trees() -> Example:
    """Trees as many as early stopping leaves on tables of this size, so that not the library alone is measured."""
    made = Example(30, 20_000)
    made.check()
    return made


def _write(size: int, source: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    parts = []
    for part, first in enumerate(range(0, size, 250_000)):
        count = min(250_000, size - first)
        names = pl.int_range(first, first + count, eager=True).cast(pl.String)
        at = pl.Series([start + timedelta(seconds=first)], dtype=pl.Datetime("us", "UTC"))
        times = pl.repeat(at[0], count, eager=True, dtype=pl.Datetime("us", "UTC")) + pl.duration(seconds=0)
        frame = rows(count, seed=part).with_columns(customer="c" + names, at=times)
        piece = source.with_name(f"{source.stem}-{part}.piece")
        frame.write_parquet(piece)
        parts.append(piece)
    pl.scan_parquet(parts).sink_parquet(source, row_group_size=100_000)
    for piece in parts:
        piece.unlink()


def _answered(made: Example, source: Path, size: int, memory: dict[int, float]) -> Measure:
    """A measure: seconds a row, the process's start left out."""

    def measure() -> float:
        with tempfile.TemporaryDirectory() as place:
            path, name = Path(place, FILE), digest(made.bundle)
            serving = Serving(
                scope=Scope(project="bench"),
                route=Route(generation=1, shares=(Share(release="r", share=1.0),)),
                bundles={"r": name},
                entity="customer",
                time="at",
            )
            (path.parent / serving.entity_key).write_bytes(secrets.token_bytes(32))
            write_serving(path, serving, (made.bundle,))
            command = (sys.executable, "-c", _START, str(path), str(source), str(Path(place, "out.parquet")))
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            took, _, peak = json.loads(told)
            memory[size] = max(memory.get(size, 0.0), peak / 1024)
            return float(took) / size

    return measure
