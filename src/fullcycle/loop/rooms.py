"""The six rooms, each called with what it reads: a keyed step that makes its record, whether or not that becomes current."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from fullcycle import business, data, deployment, development, monitoring, scoping
from fullcycle.business.records import Verdict
from fullcycle.data.divided import looked_at_until
from fullcycle.data.history import History
from fullcycle.data.kept import KEPT, Kept
from fullcycle.data.records import Dataset
from fullcycle.deployment.probe import probe
from fullcycle.deployment.records import Release
from fullcycle.development.gates import measured_gates
from fullcycle.development.learners.libraries import libraries
from fullcycle.development.records import Model, Trial
from fullcycle.engine import LocalEngine
from fullcycle.kernel.clock import Clock
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, canonical, digest
from fullcycle.kernel.scope import Actor
from fullcycle.kernel.verbs import Call, Observation, Run
from fullcycle.loop.readings import numbered
from fullcycle.loop.standing import clock_of, this_user
from fullcycle.measure.value import ValueTable
from fullcycle.monitoring.records import Health
from fullcycle.project import Project, load_code
from fullcycle.scoping.records import Charter
from fullcycle.scoping.value import traced
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic, content_digest

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""
Window = tuple[datetime, datetime]


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Rooms:
    """The rooms of a project in its scope.

    Parameters
    ----------
    clock : by default the machine's in ``live``, and where a replay stands in a replay.
    actor : by default the user of the operating system.
    workers : processes for training; by default one a core.
    """

    def __init__(
        self,
        project: Project,
        *,
        clock: Clock | None = None,
        actor: Actor | None = None,
        workers: int | None = None,
        progress: Progress = silent,
    ) -> None:
        self.project, self.settings, self.progress = project, project.settings, progress
        self.clock = clock or clock_of(project)
        self.run = Run(
            project.journal, project.blobs, project.scope, actor or this_user(), self.clock, code=project.code
        )
        prepare = functools.partial(load_code, project.folder / "cycle.py") if project.code else None
        self.engine = LocalEngine(workers, prepare=prepare)

    @cached_property
    def source(self) -> Observation:
        """What the source holds now: its fingerprint, and its rows."""
        self.progress("reading the source", 0, 0)
        return self.run.observe("data.source", lambda: self.project.read_rows(self.clock.now()))

    @cached_property
    def history(self) -> History:
        """The past that the source tells."""
        return self.project.history(self.source.value)

    @cached_property
    def traffic(self) -> Traffic:
        """Decisions and outcomes of this scope."""
        return Traffic(self.project.traffic_root, self.project.scope)

    def scoping(self, as_of: datetime) -> Call:
        """The call that makes the Charter; not yet made, since it may be that nothing a person wrote has changed."""
        parameters = {
            "settings": self.settings.scoping,
            "project": self.project.scope.project,
            "timezone": self.settings.project.timezone,
            "columns": self.project.columns,
            "derived": self.settings.data.derive,
            "split": self.settings.data.split,
            "as_of": as_of,
        }
        if (values := self._own_values(as_of)) is not None:  # what the money is, not how cycle.py is written
            parameters["values"] = values
        using = {"history": Lazy(lambda: self.history), "until": lambda: self._test_start(as_of)}
        return Call(scoping.make, {"source": self.source}, parameters, using)

    def dataset(self, charter: Charter, as_of: datetime) -> Dataset:
        """The Dataset as of a time."""
        self.progress("data", 0, 0)
        dataset = self.run.step(
            data.make,
            inputs={"charter": charter, "source": self.source},
            parameters={
                "settings": self.settings.data,
                "columns": self.project.columns,
                "as_of": as_of,
                "hashed_under": digest(self.project.personal_key),
                "erased": tuple(sorted(self.project.erased)),
            },
            using={
                "history": Lazy(lambda: self.history),
                "left_out": lambda: self.project.left_out(self.source.value),
                "blobs": self.run.blobs,
                "kept": Kept(self.project.state / KEPT),
            },
        )
        self._measure_once(dataset, lambda: self.history.seen)
        return dataset

    def model(self, charter: Charter, dataset: Dataset, refit: Trial | Model | None) -> Model:
        """The Model; with *refit* the learners and parameters of that trial or model, without a search."""
        self.progress("developing", 0, 0)
        self.project.load_code()
        inputs: dict[str, Record] = {"charter": charter, "dataset": dataset}
        if refit is not None:
            inputs["refit"] = refit
        using = {"blobs": self.run.blobs, "run": self.run, "engine": self.engine, "progress": self.progress}
        learners = self.settings.development.learners if refit is None else (refit.learner,)
        parameters = {"settings": self.settings.development, "behaviours": self.project.behaviours}
        call = numbered(
            self.run,
            dataset,
            lambda reading: Call(
                development.make, inputs, {**parameters, "reading": reading}, using, libraries(learners)
            ),
        )
        model = cast(Model, self.run.do(call))
        self._measure_once(model, lambda: measured_gates(charter, self._seconds(model)))
        return model

    def release(
        self, charter: Charter, dataset: Dataset, model: Model, champion: Release | None, *, breaking: bool = False
    ) -> Release:
        """The Release, held against the champion if there is one, whose clients it may break only if *breaking* says so."""
        self.progress("deploying", 0, 0)
        inputs: dict[str, Record] = {"charter": charter, "dataset": dataset, "model": model}
        if champion is not None:
            inputs["champion"] = champion
        release = self.run.step(
            deployment.make,
            inputs=inputs,
            parameters={"settings": self.settings.deployment, **({"breaking": True} if breaking else {})},
            using={"blobs": self.run.blobs},
        )
        self._measure_once(release, lambda: probe(self.project.blobs.path(release.bundle), charter.limits))
        return release

    def health(self, served: Served, window: Window) -> Health:
        """The Health of a window."""
        self.progress("monitoring", 0, 0)
        return self.run.step(
            monitoring.make,
            inputs={**served.inputs, "traffic": self._look(window)},
            parameters={"settings": self.settings.monitoring, **self._times(window)},
        )

    def verdict(self, served: Served, window: Window, health: Health, history: tuple[str, ...]) -> Verdict:
        """The Verdict on a period."""
        self.progress("reviewing", 0, 0)
        return self.run.step(
            business.make,
            inputs={**served.inputs, "health": health, "traffic": self._look(window)},
            parameters={
                "settings": self.settings.business,
                "history": history,
                "trained_at": served.dataset.as_of,
                **self._times(window),
            },
        )

    def _own_values(self, as_of: datetime) -> ValueTable | None:
        self.project.load_code()
        return traced(
            self.settings.scoping,
            kinds=lambda: self.history.kinds,
            classes=lambda: self.history.known(as_of, before=self._test_start(as_of)).classes,
            zone=self.settings.project.timezone,
        )

    def _times(self, window: Window) -> dict[str, datetime]:
        """A window, and when its outcomes had matured: nothing later is looked at."""
        start, end = window
        return {"start": start, "end": end, "as_of": end + self.project.label_delay}

    def _look(self, window: Window) -> Observation:
        """Traffic of a window as it was known when its outcomes had matured.

        Its fingerprint is that of what was read, not of the files it lay in: compaction changes no Health and no Verdict.
        """
        compact(self.traffic.folder)
        cut = self.traffic.cut(**self._times(window))
        frame, counts = self.traffic.read(cut)
        fingerprint = digest(canonical({"content": content_digest(frame), "counts": counts}))
        return self.run.observe("traffic.cut", lambda: ((frame, counts), fingerprint), facts={"cut": cut.digest})

    def _test_start(self, as_of: datetime) -> datetime:
        """Before which rows a question may be held against what came true."""
        return looked_at_until(self.history, self.settings.data.split, as_of, task=self.settings.scoping.task)

    def _seconds(self, record: Record) -> float:
        entries = self.run.state.refresh().entries
        return next((it.cost["seconds"] for it in entries if it.verb == "step" and record.id in it.outputs), 0.0)

    def _measure_once(self, record: Record, measure: Callable[[], tuple[Finding, ...]]) -> None:
        entries = self.run.state.refresh().entries
        if not any(entry.verb == "measure" and record.id in entry.inputs for entry in entries):
            self.run.measure(record, measure())


class Served:
    """What served at a time: a release with its ancestors."""

    def __init__(self, release: Release, model: Model, dataset: Dataset, charter: Charter) -> None:
        self.release, self.model, self.dataset, self.charter = release, model, dataset, charter

    @property
    def inputs(self) -> dict[str, Record | Observation]:
        """By the names under which the rooms read them."""
        return {"charter": self.charter, "dataset": self.dataset, "model": self.model, "release": self.release}


class Lazy:
    """A value that is made when it is first called for: a step that is reused never needs it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def value(self) -> Any:
        """The value."""
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value, name)
