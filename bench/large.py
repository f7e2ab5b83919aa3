"""Thirty million rows through the data room: how much memory it takes, and how long."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl

from bench.processes import FULLCYCLE, output, peak
from bench.report import Options, Report, number
from bench.timing import Line
from fullcycle.examples.flights import rows

YEARS, COPIES = 9, 10
"""Years of flights, each the year 2013 so many times over: 30.3 million rows."""


def run(options: Options) -> Report:
    """``fullcycle data`` on the example's flights, drawn again for years: contract, cleaning, split, profile, leakage."""
    years, copies = (1, 1) if options.quick else (YEARS, COPIES)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "flights"
        n = project(folder, years, copies)
        code = (
            f"import os, time; os.chdir({str(folder)!r}); from fullcycle.cli import main; start = time.perf_counter()\n"
        )
        code += "import sys; sys.argv = ['fullcycle', 'data']\ntry:\n  main()\nexcept SystemExit:\n  pass\n"
        code += "Path = __import__('pathlib').Path; Path('seconds').write_text(str(time.perf_counter() - start))\n"
        memory = peak(code)
        seconds = float((folder / "seconds").read_text())
    note = f"{n:,} rows; at most {number(memory / 2**20)} MiB of memory in a process of its own."
    return Report("large", (Line("fullcycle data", (seconds,)),), notes=(note,))


def project(folder: Path, years: int, copies: int) -> int:
    """The flights example in *folder* with so many years of flights, a file a year; how many rows."""
    output((*FULLCYCLE, "init", str(folder), "--example", "flights"))
    (folder / "flights.parquet").unlink()
    settings = (folder / "cycle.toml").read_text()
    settings = settings.replace('from = "flights.parquet"', 'from = "flights/*.parquet"')
    (folder / "cycle.toml").write_text(settings.replace('timeline = "replay"', 'timeline = "live"'))
    (folder / "flights").mkdir()
    table, n = rows(), 0
    for year in range(years):
        back = timedelta(days=364 * year)  # the same days of the week
        drawn = pl.concat(
            table.with_columns(
                pl.format("{}-{}", "flight_id", pl.lit(copy)).alias("flight_id"),
                pl.col("scheduled_departure") - back,
            ).sample(fraction=1, with_replacement=False, seed=copy, shuffle=True)
            for copy in range(copies)
        )
        drawn.write_parquet(folder / "flights" / f"{2013 - year}.parquet")
        n += drawn.height
    return n
