"""The profile of a large table beside reading its file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bench.example import COLUMNS, rows
from bench.processes import peak
from bench.report import Options, Report, number
from bench.timing import Case, measured, repeated
from fullcycle.data.profile import merged, profile
from fullcycle.data.profile.ahead import ahead
from fullcycle.data.records import Column
from fullcycle.data.sources.read import read
from fullcycle.data.sources.settings import Source
from fullcycle.measure.sketches import ColumnSketch

BATCH = 1 << 19


def run(options: Options) -> Report:
    """Every sketch of 20 columns, batch by batch and merged, beside ``polars.read_parquet`` and our own reading."""
    n, rounds = (20_000, 2) if options.quick else (3_000_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        rows(n, seed=3).write_parquet(path, compression="zstd", compression_level=3, row_group_size=BATCH // 4)
        cases = [
            Case("profile, reading included", repeated(lambda: profiled(path))),
            Case("polars.read_parquet", repeated(lambda: pl.read_parquet(path)), "reading"),
            Case("the data room's reading: digest, batches", repeated(lambda: _read(path)), "our reading"),
        ]
        lines = measured(cases, rounds)
        memory = peak(f"from pathlib import Path; from bench.profile import profiled; profiled(Path({str(path)!r}))")
    notes = (
        f"{n:,} rows of 20 columns, in batches of {BATCH:,}; sketches merged.",
        f"At most {number(memory / 2**20)} MiB of memory in a process of its own.",
    )
    return Report("profile", lines, notes=notes)


def profiled(path: Path) -> dict[str, ColumnSketch]:
    """The profile of a file, a batch at a time."""
    columns = [
        Column(name=name, kind="category" if name.startswith("category") else "float", known="before", feature=True)
        for name in COLUMNS
    ]
    return merged(profile(batch, columns) for batch in ahead(_batches(path)))


def _read(path: Path) -> int:
    return sum(map(len, read(Source(name="table", location=path.name), path.parent).batches()))


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    table = pl.scan_parquet(path)
    n = int(table.select(pl.len()).collect().item())
    for start in range(0, n, BATCH):
        yield table.slice(start, BATCH).collect()
