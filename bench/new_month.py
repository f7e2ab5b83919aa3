"""What a new month costs a history that was looked at before."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from bench.example import CATEGORIES, COLUMNS, rows
from bench.report import Options, Report
from bench.timing import Case, measured, repeated
from fullcycle.data.clean.outliers import Fitted
from fullcycle.data.contract.settings import ColumnFact, Rules
from fullcycle.data.facts import facts_of
from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.portrait import sketched
from fullcycle.data.settings import Clean
from fullcycle.data.split import Division, Thresholds
from fullcycle.data.store import store
from fullcycle.data.table import Table
from fullcycle.kernel.blobs import FolderBlobs

MONTHS = 12
AS_OF = datetime(2027, 1, 1, tzinfo=UTC)


def run(options: Options) -> Report:
    """Twelve months and one: checked, cleaned, stored and sketched, beside that month alone and all of them anew."""
    n, rounds = (500, 2) if options.quick else (50_000, 5)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        alone, before, grown = (_history(months, n) for months in ([MONTHS], range(MONTHS), range(MONTHS + 1)))
        _made(before, folder, folder / "before")

        def added() -> None:
            shutil.copytree(folder / "before", folder / "kept")
            _made(grown, folder, folder / "kept")
            shutil.rmtree(folder / "kept")

        cases = [
            Case("a new month after twelve", repeated(added)),
            Case("that month alone", repeated(lambda: _made(alone, folder, None)), "month"),
            Case("all thirteen anew", repeated(lambda: _made(grown, folder, None)), "anew"),
        ]
        lines = measured(cases, rounds)
    note = f"{n:,} rows a month, {len(COLUMNS)} columns; from typed rows on, without reading the source."
    return Report("new_month", lines, notes=(note,))


def _made(past: History, folder: Path, kept: Path | None) -> None:
    blobs, results = FolderBlobs(folder / "blobs"), Kept(kept)
    stored = store(past, AS_OF, Clean(), Fitted(), blobs, kept=results)
    division = Division(by="random", columns=("id",), thresholds={"": Thresholds(test=0.2, validation=0.4)})
    columns = facts_of(past, keys=("id", "at", "late"))
    sketched(Table(stored.segments, division, blobs), columns, results)


def _history(months: Sequence[int], n: int) -> History:
    kinds = {name: "category" if name in CATEGORIES else "float" for name in COLUMNS}
    facts = {
        "id": ColumnFact(type="category"),
        "at": ColumnFact(type="time"),
        **{name: ColumnFact(type=kind) for name, kind in kinds.items()},  # type: ignore[arg-type]
        "late": ColumnFact(type="boolean", known="after"),
    }
    past = History(
        tuple(facts),
        facts=facts,
        derived={},
        task="binary",
        target="late",
        entity="id",
        time="at",
        label_delay=timedelta(days=1),
        zone="UTC",
        rules=Rules(),
    )
    for month in months:
        past.add(_month(month, n), pl.DataFrame())
    return past


def _month(month: int, n: int) -> pl.DataFrame:
    start = datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    step = timedelta(days=28) / n
    return rows(n, seed=month).with_columns(
        pl.Series("id", [f"{month}-{row}" for row in range(n)]),
        pl.Series("at", [start + row * step for row in range(n)], dtype=pl.Datetime("us", "UTC")),
        pl.Series("late", np.random.default_rng(month).random(n) < 0.3),
    )
