"""The six stages of one turn, each run only where something changed, in one scope and on one clock."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import msgspec

from fullcycle import business, data, deployment, development, monitoring, scoping
from fullcycle.business.decide import remember
from fullcycle.business.records import Verdict
from fullcycle.data.records import Dataset
from fullcycle.data.sources.history import History
from fullcycle.data.split import boundaries
from fullcycle.deployment.probe import probe
from fullcycle.deployment.records import Release
from fullcycle.development.gates import measured_gates
from fullcycle.development.records import Model, Trial
from fullcycle.engine import LocalEngine
from fullcycle.kernel.approval import missing
from fullcycle.kernel.clock import Clock, SetClock, SystemClock, duration, instant
from fullcycle.kernel.errors import InputError, Refused, Waiting
from fullcycle.kernel.finding import Finding, failed, sentence
from fullcycle.kernel.record import Record, canonical, digest, kind_of
from fullcycle.kernel.scope import LIVE, Actor
from fullcycle.kernel.state import Route, Share, State
from fullcycle.kernel.verbs import Call, Observation, Run
from fullcycle.loop.publish import publish
from fullcycle.monitoring.records import Health
from fullcycle.monitoring.windows import Length, window_ending
from fullcycle.project import Project, load_code
from fullcycle.scoping.records import Charter
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic, content_digest

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""


Window = tuple[datetime, datetime]


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Cycle:
    """One turn of the loop in the scope of a project.

    Parameters
    ----------
    clock : by default the machine's in ``live``, and where a replay stands in a replay.
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
        return self.run.observe("data.source", self.project.read_rows)

    @cached_property
    def history(self) -> History:
        """The past that the source tells."""
        return self.project.history(self.source.value)

    @cached_property
    def traffic(self) -> Traffic:
        """Decisions and outcomes of this scope."""
        return Traffic(self.project.traffic_root, self.project.scope)

    def scope(self, as_of: datetime | None = None) -> Charter:
        """The Charter. It changes when a person changes the question, not when more rows come, so that signatures hold."""
        self.progress("scoping", 0, 0)
        call = self._earlier_scoping() or self._scoping(self.source, as_of or self.clock.now())
        charter = cast(Charter, self.run.do(call))
        self.run.set_head("scoping", charter)
        scoping.require_feasible(charter)
        return charter

    def data(self, charter: Charter) -> Dataset:
        """The Dataset of *charter*, as of now or, where the source has not changed, as of then."""
        dataset = self._dataset(charter, self._as_of())
        self.run.set_head("data", dataset)
        data.require_fit(dataset)
        return dataset

    def develop(self, charter: Charter, dataset: Dataset, refit: Trial | None = None) -> Model:
        """The Model of *dataset*; with *refit* that trial's learner and parameters, without a search.

        Raises
        ------
        Refused
            A gate failed; names each.
        """
        model = self._model(charter, dataset, refit)
        self.run.set_head("development", model)
        self._require_gates(model)
        return model

    def deploy(self, charter: Charter, dataset: Dataset, model: Model) -> Release:
        """The Release of *model*, serving all traffic of this scope.

        Raises
        ------
        Refused
            A gate failed, or the champion is better on the same rows.
        Waiting
            Production asks for a signature that is missing.
        """
        self._require_gates(model)
        release = self._release(charter, dataset, model)
        self.run.set_head("deployment", release)
        self._serve(charter, dataset, release)
        return release

    def route(self, route: Route, charter: Charter, dataset: Dataset) -> None:
        """Let *route* serve, once, and tell servers."""
        publish(self.project, self.run, route, charter, dataset)

    def monitor(self, window: Window | None = None) -> Health:
        """Health of the last window whose outcomes have matured, or of *window*.

        Raises
        ------
        Waiting
            No window has matured yet.
        """
        self.progress("monitoring", 0, 0)
        health = self._health(*(window or self.window("monitoring")))
        self.run.set_head("monitoring", health)
        return health

    def review(self, period: Window | None = None) -> Verdict:
        """The verdict on the last review period whose outcomes have matured, or on *period*.

        Raises
        ------
        Waiting
            No review period has matured yet.
        """
        self.progress("reviewing", 0, 0)
        start, end = period or self.window("business")
        health = self._health(start, end)  # of the whole period, which the verdict weighs
        release, model, dataset, charter = self._served(end)
        inputs = {"charter": charter, "dataset": dataset, "model": model, "release": release, "health": health}
        verdict = self.run.step(
            business.make,
            inputs={**inputs, "traffic": self._look(start, end)},
            parameters={
                "settings": self.settings.business,
                "history": self._verdicts(end),
                "start": start,
                "end": end,
                "as_of": self._matured(end),
                "trained_at": dataset.as_of,
            },
        )
        self.run.set_head("business", verdict)
        return verdict

    def govern(self) -> None:
        """Health of the window and verdict on the period that have matured, each once, and what the verdict asks for."""
        self._once("monitoring", self.monitor)
        self._once("business", lambda period: self.follow(self.review(period)))

    def _once(self, stage: str, do: Callable[[Window], Record]) -> None:
        try:
            window = self.window(stage)
        except Waiting:
            return
        self.run.act(f"loop.{stage}", instant(window[1]), lambda: {"record": do(window).id})

    def window(self, stage: str) -> Window:
        """The last window of *stage* (``monitoring`` or ``business``) whose outcomes have matured.

        Raises
        ------
        Waiting
            None has matured yet.
        """
        text = self.settings.monitoring.window if stage == "monitoring" else self.settings.business.review
        length: Length = "month" if text == "month" else duration(text)
        entries = self.run.state.refresh().entries
        origin = next(
            (entry.at for entry in entries if entry.verb == "route" and entry.scope == self.project.scope), None
        )
        if origin is None:
            raise Waiting("nothing serves yet", mend="run 'fullcycle deploy'")
        found = window_ending(
            self.clock.now(), origin, length, self.project.label_delay, self.settings.project.timezone
        )
        if found is None:
            raise Waiting(
                "no window has matured yet",
                found=f"now {self.clock.now():%Y-%m-%d %H:%M}",
                expected=f"{text} and the label delay since {origin:%Y-%m-%d %H:%M}",
                mend="run again later",
            )
        return found

    def turn(self, to: str = "business") -> dict[str, Record]:
        """Every stage whose inputs changed, in order, up to *to*; in production it stops before ``deploy`` while a release serves."""
        made: dict[str, Record] = {}
        charter = made["charter"] = self.scope()
        if to == "scoping":
            return made
        dataset = made["dataset"] = self.data(charter)
        if to == "data":
            return made
        model = made["model"] = self.develop(charter, dataset, self.refitted(dataset))
        if to == "development" or (self.project.scope.environment == "production" and self.serving):
            return made
        made["release"] = self.deploy(charter, dataset, model)
        if to == "deployment":
            return made
        try:
            made["health"] = self.monitor()
            if to == "business":
                made["verdict"] = self.review()
        except Waiting:
            return made  # no window has matured: the cycle stands where it should
        return made

    def follow(self, verdict: Verdict) -> Verdict:
        """Start the room that *verdict* asks for; what it asks of people is left to them."""
        match verdict.action:
            case "retrain":
                self.retrain(verdict)
            case "retire":
                _, _, dataset, charter = self._served(verdict.end)
                self.route(Route(reason="retire"), charter, dataset)
        return verdict

    def retrain(self, verdict: Verdict) -> Release | None:
        """The serving model's learner and parameters on all that is known now, through the same gates.

        A challenger becomes current only when it serves; None if a gate refused it.
        """
        _, champion, _, charter = self._served(verdict.end)
        trial = cast(
            Trial, self.run.get(next(line.trial for line in champion.leaderboard if line.learner == champion.learner))
        )
        try:
            dataset = self._dataset(charter, self.clock.now())
            data.require_fit(dataset)
            model = self._model(charter, dataset, trial)
            self._require_gates(model)
            release = self._release(charter, dataset, model)
            self._serve(charter, dataset, release)
        except (Refused, Waiting, InputError) as refusal:
            why = str(refusal)
            self.run.act("loop.retraining_refused", verdict.id, lambda: {"why": why}, inputs=(verdict.id,))
            return None
        for stage, record in (("data", dataset), ("development", model), ("deployment", release)):
            self.run.set_head(stage, record)
        return release

    @property
    def serving(self) -> str:
        """The release that serves now, empty where today's rule does."""
        return self.run.state.refresh().route(self.project.scope)[0].champion

    def measured(self, record: Record) -> tuple[Finding, ...]:
        """Findings measured on a machine about *record*."""
        return measured(self.run.state.refresh(), record.id)

    def _dataset(self, charter: Charter, as_of: datetime) -> Dataset:
        self.progress("data", 0, 0)
        return self.run.step(
            data.make,
            inputs={"charter": charter, "source": self.source},
            parameters={"settings": self.settings.data, "columns": self.project.columns, "as_of": as_of},
            using={
                "history": Lazy(lambda: self.history),
                "left_out": lambda: self.project.left_out(self.source.value),
                "blobs": self.run.blobs,
            },
        )

    def _model(self, charter: Charter, dataset: Dataset, refit: Trial | None) -> Model:
        self.progress("developing", 0, 0)
        self.project.load_code()
        inputs: dict[str, Record] = {"charter": charter, "dataset": dataset}
        if refit is not None:
            inputs["refit"] = refit
        model = self.run.step(
            development.make,
            inputs=inputs,
            parameters={"settings": self.settings.development},
            using={"blobs": self.run.blobs, "run": self.run, "engine": self.engine, "progress": self.progress},
        )
        self._measure_once(model, lambda: measured_gates(charter, self._seconds(model)))
        return model

    def _release(self, charter: Charter, dataset: Dataset, model: Model) -> Release:
        self.progress("deploying", 0, 0)
        champion = self._champion_before(model)
        inputs: dict[str, Record] = {"charter": charter, "dataset": dataset, "model": model}
        if champion is not None:
            inputs["champion"] = champion
        release = self.run.step(
            deployment.make,
            inputs=inputs,
            parameters={"settings": self.settings.deployment},
            using={"blobs": self.run.blobs},
        )
        self._measure_once(release, lambda: probe(self.project.blobs.path(release.bundle), charter.limits))
        return release

    def _serve(self, charter: Charter, dataset: Dataset, release: Release) -> None:
        self._require_gates(release)
        self._require_signatures(charter, release)
        self.route(
            Route(shares=(Share(release=release.id, share=1.0),), control=release.control, reason="deploy"),
            charter,
            dataset,
        )

    def _as_of(self) -> datetime:
        """Now; or, where the source is as it was for the current dataset, the time that dataset was made for."""
        head = self.run.state.refresh().head(self.project.scope, "data").record
        if head and any(self.source.id in entry.inputs for entry in self.run.state.entries if head in entry.outputs):
            return cast(Dataset, self.run.get(head)).as_of
        return self.clock.now()

    def _scoping(self, source: Observation, as_of: datetime) -> Call:
        parameters = {
            "settings": self.settings.scoping,
            "project": self.project.scope.project,
            "timezone": self.settings.project.timezone,
            "columns": self.project.columns,
            "derived": self.settings.data.derive,
            "split": self.settings.data.split,
            "as_of": as_of,
        }
        using = {"history": Lazy(lambda: self.history), "until": lambda: self._until(as_of)}
        return Call(scoping.make, {"source": source}, parameters, using)

    def _earlier_scoping(self) -> Call | None:
        """The call that made the current Charter, if what a person wrote is as it was then."""
        head = self.run.state.refresh().head(self.project.scope, "scoping").record
        made = next((entry for entry in self.run.state.entries if entry.verb == "step" and head in entry.outputs), None)
        if not head or made is None:
            return None
        call = self._scoping(Observation(made.inputs[0]), cast(Charter, self.run.get(head)).as_of)
        return call if self.run.finished(call) else None

    def _until(self, as_of: datetime) -> datetime:
        """Where the test period begins."""
        due = self.history.due(as_of)[self.settings.scoping.time]
        if not len(due):
            raise InputError(
                "no row is old enough to have an outcome",
                found=f"as of {as_of:%Y-%m-%d}",
                mend="check the time column and the label delay",
            )
        return boundaries(due[0], due[-1], self.settings.data.split, self.settings.project.timezone).test

    def refitted(self, dataset: Dataset) -> Trial | None:
        """The trial that the current model of *dataset* was refitted from, if it was made without a search."""
        for entry in reversed(self.run.state.refresh().entries):
            if entry.step == "development.make" and dataset.id in entry.inputs:
                refits = [self.run.get(id) for id in entry.inputs if id not in dataset.parents and id != dataset.id]
                return cast(Trial, refits[0]) if refits else None
        return None

    def _champion_before(self, model: Model) -> Release | None:
        """The release that *model* has to beat: the one that serves, or the one that *model*'s own release replaced."""
        serving = self.serving
        if not serving:
            return None
        release = cast(Release, self.run.get(serving))
        if model.id in release.parents:
            return cast(Release, self.run.get(release.replaces)) if release.replaces else None
        return release

    def _served(self, end: datetime) -> tuple[Release, Model, Dataset, Charter]:
        """What served when a window ended, with its ancestors."""
        served = ""
        for entry in self.run.state.refresh().entries:
            if entry.verb == "route" and entry.scope == self.project.scope and (entry.at <= end or not served):
                served = msgspec.convert(entry.facts["route"], Route).champion or served
        if not served:
            raise Waiting("nothing serves yet", mend="run 'fullcycle deploy'")
        release = cast(Release, self.run.get(served))
        model, dataset, charter = (self.run.get(id) for id in release.parents[:3])
        return release, cast(Model, model), cast(Dataset, dataset), cast(Charter, charter)

    def _matured(self, end: datetime) -> datetime:
        return end + self.project.label_delay

    def _health(self, start: datetime, end: datetime) -> Health:
        release, model, dataset, charter = self._served(end)
        return self.run.step(
            monitoring.make,
            inputs={
                "charter": charter,
                "dataset": dataset,
                "model": model,
                "release": release,
                "traffic": self._look(start, end),
            },
            parameters={"settings": self.settings.monitoring, "start": start, "end": end, "as_of": self._matured(end)},
        )

    def _look(self, start: datetime, end: datetime) -> Observation:
        """Traffic of a window as it was known when its outcomes had matured.

        Its fingerprint is that of what was read, not of the files it lay in: compaction changes no Health and no Verdict.
        """
        compact(self.traffic.folder)
        cut = self.traffic.cut(start, end, self._matured(end))
        frame, counts = self.traffic.read(cut)
        fingerprint = digest(canonical({"content": content_digest(frame), "counts": counts}))
        return self.run.observe("traffic.cut", lambda: ((frame, counts), fingerprint), facts={"cut": cut.digest})

    def _verdicts(self, end: datetime) -> tuple[str, ...]:
        """Earlier verdicts, oldest first, as ``action:sign of the gain``."""
        found = [
            self.run.get(entry.outputs[0])
            for entry in self.run.state.refresh().entries
            if entry.verb == "head" and entry.step == "business" and entry.scope == self.project.scope
        ]
        return tuple(
            remember(verdict.action, verdict.gain) for verdict in cast(list[Verdict], found) if verdict.end < end
        )

    def _seconds(self, record: Record) -> float:
        return next(
            (
                entry.cost["seconds"]
                for entry in self.run.state.refresh().entries
                if entry.verb == "step" and record.id in entry.outputs
            ),
            0.0,
        )

    def _measure_once(self, record: Record, measure: Callable[[], tuple[Finding, ...]]) -> None:
        if not any(entry.verb == "measure" and record.id in entry.inputs for entry in self.run.state.refresh().entries):
            self.run.measure(record, measure())

    def _require_gates(self, record: Model | Release) -> None:
        if stops := failed((*record.findings, *self.measured(record))):
            raise Refused(
                "a gate failed; nothing is released",
                place=f"{kind_of(record)} {record.id[:12]}",
                found="; ".join(map(sentence, stops)),
                mend=f"see 'fullcycle show {kind_of(record)}'; what serves goes on serving",
            )

    def _require_signatures(self, charter: Charter, release: Release) -> None:
        if self.project.scope.environment != "production":
            return
        entries = self.run.state.refresh().entries
        for thing, record in signatures(charter, release, first=not release.replaces):
            wanted = wanted_roles(charter, thing, self.clock.now())
            if lacking := missing(entries, record, wanted):
                raise Waiting(
                    f"the {thing.replace('_', ' ')} waits for a signature",
                    place=record[:12],
                    expected="; ".join(f"{role}: {' or '.join(members)}" for role, members in lacking.items()),
                    mend=f"one of them runs 'fullcycle approve {record[:12]} --env production'",
                )


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


def signatures(charter: Charter, release: Release, *, first: bool) -> list[tuple[str, str]]:
    """What has to be signed before *release* may serve in production: the thing and the record's id."""
    return [("charter", charter.id), ("first_release" if first else "release", release.id)]


def wanted_roles(charter: Charter, thing: str, now: datetime) -> dict[str, tuple[str, ...]]:
    """Roles that must sign *thing*, with their members; a standing signature that still holds counts as given."""
    return {
        holder.role: holder.members
        for holder in charter.stakeholders
        if thing in holder.approves
        and not (thing != "charter" and holder.standing is not None and now.date().isoformat() <= holder.standing.until)
    }


def measured(state: State, id: str) -> tuple[Finding, ...]:
    """Findings measured on a machine about the record *id*."""
    found = [entry.facts["findings"] for entry in state.entries if entry.verb == "measure" and id in entry.inputs]
    return tuple(msgspec.convert(finding, Finding) for findings in found for finding in findings)


def clock_of(project: Project) -> Clock:
    """The machine's clock in ``live``; a replay's stands at its last entry.

    Raises
    ------
    InputError
        The timeline has no past: it begins with ``fullcycle replay``.
    """
    if project.scope.timeline == LIVE:
        return SystemClock()
    last = max((entry.at for entry in project.journal.read() if entry.scope == project.scope), default=None)
    if last is None:
        raise InputError(
            f"the timeline {project.scope.timeline!r} has not begun",
            place=str(project.scope),
            mend=f"run 'fullcycle replay --timeline {project.scope.timeline}', or work on --timeline live",
        )
    return SetClock(last)


def this_user() -> Actor:
    """The person at the keyboard, as the operating system knows them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Actor(kind="person", name=name, known_by="operating system")
