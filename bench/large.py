"""Thirty million rows through the data room: how much memory it takes, and how long."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from bench.processes import FULLCYCLE, output, peak
from bench.report import Options, Report, number
from bench.timing import Line
from fullcycle.examples.flights import rows

YEARS, COPIES = 9, 10
"""Years of flights, each the year 2013 so many times over: 30.3 million rows."""
_RUN = """\
import os, sys, time
from pathlib import Path
from fullcycle.cli import main
os.chdir({folder!r})
sys.argv, start = ["fullcycle", "data"], time.perf_counter()
code = 0
try:
    main()
except SystemExit as end:
    code = end.code
if code:
    raise SystemExit(code)
Path("seconds").write_text(str(time.perf_counter() - start))
"""


def run(options: Options) -> Report:
    """``fullcycle data`` on the example's flights, drawn again for years: contract, cleaning, split, profile, leakage."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "flights"
        n = project(folder, 1, 1, every=20) if options.quick else project(folder, YEARS, COPIES)
        memory = peak(_RUN.format(folder=str(folder)))
        lines = (
            Line("fullcycle data", (float((folder / "seconds").read_text()),)),
            Line("polars.read_parquet, file by file", (_seconds_to_read(folder),), "reading"),
        )
    note = f"{n:,} rows; at most {number(memory / 2**20)} MiB of memory in a process of its own."
    return Report("large", lines, notes=(note,))


def _seconds_to_read(folder: Path) -> float:
    start = time.perf_counter()
    for file in sorted(folder.glob("flights/*.parquet")):
        pl.read_parquet(file)
    return time.perf_counter() - start


def project(folder: Path, years: int, copies: int, every: int = 1) -> int:
    """The flights example in *folder* with so many years of flights, a file a year; how many rows.

    Parameters
    ----------
    every : of the flights, one in so many.
    """
    output((*FULLCYCLE, "init", str(folder), "--example", "flights"))
    (folder / "flights.parquet").unlink()
    settings = (folder / "cycle.toml").read_text()
    settings = settings.replace('from = "flights.parquet"', 'from = "flights/*.parquet"')
    (folder / "cycle.toml").write_text(settings.replace('timeline = "replay"', 'timeline = "live"'))
    (folder / "flights").mkdir()
    table, n = rows().gather_every(every), 0
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
