"""A table as a project of ours, and the rows that every tool is given: those its dataset says are for learning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

import fullcycle as fc
from bench.quality.tables import TABLES, table
from fullcycle.data.sources.completed import ROW_NUMBER, SNAPSHOT
from fullcycle.project.init import init_from_data


class Task(NamedTuple):
    """What a tool has to do.

    Attributes
    ----------
    folder : of the project; beside it lie ``train.parquet``, ``test.parquet`` and ``truth.npy``.
    kind : ``binary``, ``multiclass`` or ``regression``.
    classes : of a classification, in the order of the scores; of two the second is the one whose score is asked for.
    """

    name: str
    folder: Path
    kind: str
    classes: tuple[str, ...]

    @property
    def shared(self) -> Path:
        """Where the rows lie that every tool is given."""
        return self.folder.parent


def task(name: str, root: Path, packages: Path) -> Task:
    """The task of a table; it is made once below *root*."""
    shared = root / name
    folder = shared / "project"
    if not (shared / "truth.npy").exists():
        _make(name, shared, folder, packages)
    project = fc.open_project(folder)
    charter, dataset = project.scope(), project.data()
    return Task(name, folder, charter.task, dataset.classes)


def _make(name: str, shared: Path, folder: Path, packages: Path) -> None:
    frame = table(name, packages)
    timed = any(kind.is_temporal() for kind in frame.dtypes)
    shared.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(shared / "rows.parquet")
    snapshot = "" if timed else "2024-01-01"  # which column holds times, init has to find itself
    init_from_data(folder, shared / "rows.parquet", TABLES[name].target, snapshot=snapshot, row_number=True)
    _settle(folder / "cycle.toml", TABLES[name].split)
    _keep(folder / "columns.toml", TABLES[name].places)
    project = fc.open_project(folder)
    charter, dataset = project.scope(), project.data()
    learning = pl.concat([project.rows(dataset, "train"), project.rows(dataset, "validation")])
    test = project.rows(dataset, "test")
    known = [it.name for it in dataset.columns if it.known == "before"]
    features = [name for name in known if name not in (ROW_NUMBER, SNAPSHOT)]
    answer = learning[charter.target].cast(pl.String) if dataset.classes else learning[charter.target]
    learning.select(features).with_columns(answer.alias("answer")).write_parquet(shared / "train.parquet")
    test.select(features).write_parquet(shared / "test.parquet")
    np.save(shared / "truth.npy", codes(test[charter.target], dataset.classes), allow_pickle=False)


def codes(target: pl.Series, classes: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The target as numbers, (n,): the place of its class, or its value.

    >>> codes(pl.Series([True, False]), ("false", "true")).tolist()
    [1.0, 0.0]
    """
    if not classes:
        return target.cast(pl.Float64).to_numpy()
    place = {name: float(code) for code, name in enumerate(classes)}
    return target.cast(pl.String).replace_strict(place, return_dtype=pl.Float64).to_numpy()


def _settle(path: Path, split: str) -> None:
    """Decide what init leaves to a person, so that nothing but the model is compared."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^label_delay = .*$", 'label_delay = "0s"', text)
    path.write_text(text + (f"\n[data.split]\n{split}\n" if split else ""), encoding="utf-8")


def _keep(path: Path, places: tuple[str, ...]) -> None:
    """Say why columns that look personal may be used."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.partition(" =")[0] in places:
            lines[number] = line.replace(" }", ', personal = "keep", because = "a public register of sales" }', 1)
    path.write_text("".join(lines), encoding="utf-8")
