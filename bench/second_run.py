"""How long a run takes that finds nothing to do."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from bench.processes import BARE, FULLCYCLE, output
from bench.report import Options, Report, duration
from bench.timing import Case, measured, repeated

DEMO = Path("demo", "late-flights")
_LIBRARIES = (*BARE[:2], "from fullcycle.loop import stages")
_CYCLE = """\
[project]
name = "small"

[scoping]
question = "Which orders will arrive late, so that customers can be told?"
task = "binary"
target = "late"
entity = "order"
time = "at"
label_delay = "1d"
actions = ["tell", "wait"]
todays_rule = { always = "wait" }
action_changes_outcome = false

[scoping.value]
currency = "EUR"
tell = { true = 9, false = -4 }
wait = { true = 0, false = 0 }

[data]
sources = [{ name = "orders", from = "orders.parquet" }]

[development]
search_budget = "2 trials"
search = "none"
"""
_COLUMNS = """\
order = { type = "category", feature = false }
at = { type = "time" }
distance = { type = "float" }
carrier = { type = "category" }
late = { type = "boolean", known = "after" }
"""


def run(options: Options) -> Report:
    """``fullcycle run`` where nothing changed, beside a process that loads what it needs, and one that does nothing.

    A project that is there already is measured on a copy of it.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "project")
        known = options.project or (DEMO if (DEMO / "cycle.toml").exists() and not options.quick else None)
        if known is None:
            make_project(folder, 1000 if options.quick else 20_000)
        else:
            shutil.copytree(known, folder)
        command = (*FULLCYCLE, "run", "--project", str(folder), "--json")
        start = time.perf_counter()
        output(command)
        first = time.perf_counter() - start
        anew = _made(output(command))
        cases = [
            Case("fullcycle run, nothing changed", repeated(lambda: output(command))),
            Case("import of the libraries that it needs", repeated(lambda: output(_LIBRARIES)), "import"),
            Case("python -c pass", repeated(lambda: output(BARE)), "bare"),
        ]
        lines = measured(cases, 2 if options.quick else 15)
        anew += _made(output(command))
    notes = [
        f"Project: {known or 'a small one, made for this'}; the run before the measured ones took {duration(first)}.",
        f"NOT a second run: {', '.join(sorted(set(anew)))} was made each time." if anew else "Every record was reused.",
    ]
    return Report("second_run", lines, notes=tuple(notes))


def make_project(folder: Path, rows: int) -> None:
    """A project folder with *rows* orders of the year 2025, whose lateness depends on distance and carrier.

    >>> with tempfile.TemporaryDirectory() as place:
    ...     make_project(Path(place, "small"), 10)
    ...     sorted(file.name for file in Path(place, "small").iterdir())
    ['columns.toml', 'cycle.toml', 'orders.parquet']
    """
    folder.mkdir()
    random = np.random.default_rng(0)
    distance, carrier = random.normal(500, 200, rows), random.integers(0, 5, rows)
    odds = (distance - 500) / 200 + 0.5 * (carrier == 2) - 1
    at = np.datetime64("2025-01-01", "us") + np.arange(rows) * np.timedelta64(365 * 86_400_000_000 // rows, "us")
    frame = pl.DataFrame(
        {
            "order": [f"o{row}" for row in range(rows)],
            "at": at,
            "distance": distance,
            "carrier": np.array(["AA", "B6", "DL", "UA", "WN"])[carrier],
            "late": random.random(rows) < 1 / (1 + np.exp(-odds)),
        }
    )
    frame.write_parquet(folder / "orders.parquet")
    (folder / "cycle.toml").write_text(_CYCLE, encoding="utf-8")
    (folder / "columns.toml").write_text(_COLUMNS, encoding="utf-8")


def _made(answer: str) -> list[str]:
    """The kinds of record that a run made anew, by its JSON."""
    return [kind for kind, how in json.loads(answer)["done"].items() if how != "reused"]
