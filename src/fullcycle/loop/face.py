"""The face of the product in Python: a project, and one turn of its cycle."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import polars as pl

from fullcycle.business.records import Verdict
from fullcycle.data.diff import Difference
from fullcycle.data.portrait import Portrait, read
from fullcycle.data.profile.statistics import Statistics, statistics
from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.development.board import leaderboard
from fullcycle.development.records import Model
from fullcycle.kernel.clock import parse_instant
from fullcycle.kernel.record import Record
from fullcycle.kernel.settings import check
from fullcycle.loop import stages
from fullcycle.loop.replay import replay
from fullcycle.loop.verify import Verification, verify
from fullcycle.monitoring.records import Health
from fullcycle.predictor.bundle import Predictor
from fullcycle.project import Project as Folder
from fullcycle.project import find_folder
from fullcycle.project.compare import compared
from fullcycle.project.exports import charts
from fullcycle.project.measured import seconds
from fullcycle.project.quarantine import quarantined
from fullcycle.project.stages import heads
from fullcycle.scoping.records import Charter


class Cycle(NamedTuple):
    """The current record of each room; None where the cycle has not come so far."""

    charter: Charter | None = None
    dataset: Dataset | None = None
    model: Model | None = None
    release: Release | None = None
    health: Health | None = None
    verdict: Verdict | None = None


def open_project(
    folder: str | Path = ".", *, env: str = "dev", timeline: str | None = None, workers: int | None = None
) -> Project:
    """The project in *folder*, or in the nearest folder above that has a ``cycle.toml``.

    Raises
    ------
    InputError
        There is none, or its settings are wrong; names file and line.
    """
    return Project(Folder(find_folder(Path(folder)), environment=env, timeline=timeline), workers=workers)


class Project:
    """A project: each method runs a room where something changed, and hands over its record.

    Parameters
    ----------
    folder : see :func:`open_project`.
    workers : processes for training; by default one a core.
    """

    def __init__(self, folder: Folder, *, workers: int | None = None) -> None:
        self.folder, self._workers = folder, workers

    def scope(self) -> Charter:
        """Check the question, compute feasibility, make the Charter."""
        return self._turn.scope()

    def data(self) -> Dataset:
        """Make the Dataset."""
        return self._turn.data(self.scope())

    def develop(self, **overrides: Any) -> Model:
        """Make the Model; *overrides* replace settings of ``[development]`` for one recorded run.

        Raises
        ------
        UnknownKey
            An override that is no setting.
        Refused
            A gate failed.
        """
        turn = self._turn
        if overrides:
            turn.settings = msgspec.structs.replace(turn.settings, development=self._overridden(overrides))
        charter = turn.scope()
        dataset = turn.data(charter)
        return turn.develop(charter, dataset, None if overrides else turn.refitted(dataset))

    def deploy(self) -> Release:
        """Make the Release of the current Model and let it serve."""
        return cast(Release, self._turn.turn("deployment")["release"])

    def monitor(self) -> Health:
        """Health of the last window whose outcomes have matured."""
        return self._turn.monitor()

    def review(self) -> Verdict:
        """The verdict on the last review period whose outcomes have matured."""
        return self._turn.review()

    def run(self, to: str = "business") -> Cycle:
        """Every room whose inputs changed, in order."""
        self._turn.turn(to)
        return self.current

    def replay(self, start: str | datetime, end: str | datetime) -> Cycle:
        """The whole loop over history on the project's timeline; times are dates or instants."""
        zone = self.folder.settings.project.timezone
        first, last = (parse_instant(at, zone=zone) if isinstance(at, str) else at for at in (start, end))
        return _cycle(replay(self.folder, first, last, workers=self._workers))

    @property
    def current(self) -> Cycle:
        """The current record of each room."""
        run = self._turn.run
        current = heads(run.state.refresh(), self.folder.scope)
        return _cycle({kind: run.get(id) for kind, id in current.items()})

    def leaderboard(self, model: Model) -> pl.DataFrame:
        """Every trial behind *model*, best first, as :class:`fullcycle.development.board.Place` tells it.

        ``parameters`` are JSON, since learners have different ones.
        """
        board = leaderboard(model, self.folder.blobs, seconds(self.folder.journal.read()))
        rows = [msgspec.to_builtins(it) for it in board]
        return pl.DataFrame([{**row, "parameters": json.dumps(row["parameters"], sort_keys=True)} for row in rows])

    def verify(self, model: Model) -> Verification:
        """Make *model* again from its record and compare; writes nothing to the project but a note of what came out."""
        return verify(self._turn, model)

    def rows(self, dataset: Dataset, part: str = "train") -> pl.DataFrame:
        """Rows of the ``train``, ``validation`` or ``test`` part of *dataset*."""
        return dataset.rows(self.folder.blobs, part)

    def quarantine(self, dataset: Dataset) -> pl.DataFrame:
        """The rows that *dataset* turned away, as text, with their ``reasons``."""
        return quarantined(dataset, self.folder.blobs)

    def profile(self, dataset: Dataset) -> dict[str, Statistics]:
        """Figures of the training rows of *dataset*, by column."""
        return {name: statistics(sketch) for name, sketch in self._portrait(dataset).sketches.items()}

    def pictures(self, dataset: Dataset) -> dict[str, Any]:
        """Altair charts of the training rows of *dataset*, by title: of the whole table, then of each column.

        Raises
        ------
        InputError
            The extra ``pictures`` is not installed.
        """
        charter = cast(Charter, self._turn.run.get(dataset.parents[0]))
        return dict(charts(self._portrait(dataset), charter))

    def diff(self, before: Record, after: Record) -> Difference:
        """What changed from one record to another of its kind; of two datasets also in rows, schema, distribution and quality.

        Raises
        ------
        InputError
            They are not of one kind.
        """
        return compared(before, after, self.folder.blobs)

    def predictor(self, release: Release) -> Predictor:
        """What answers rows as the service does, loaded and verified."""
        return Predictor.load(self.folder.blobs.get(release.bundle), digest=release.bundle)

    def _portrait(self, dataset: Dataset) -> Portrait:
        return read(self.folder.blobs.get(dataset.portrait))

    @cached_property
    def _turn(self) -> stages.Cycle:
        return stages.Cycle(self.folder, workers=self._workers)

    def _overridden(self, overrides: dict[str, Any]) -> Any:
        current = self.folder.settings.development
        return check(
            type(current), {**msgspec.to_builtins(current), **overrides}, self.folder.document, ("development",)
        )

    def __repr__(self) -> str:
        return f"Project({str(self.folder.folder)!r}, {self.folder.scope})"


def _cycle(records: dict[str, Record]) -> Cycle:
    return Cycle(**cast(dict[str, Any], records))
