"""One turn of the cycle: each stage run only where something changed, and what it makes becomes current."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from fullcycle import data, scoping
from fullcycle.business.decide import remember
from fullcycle.business.records import Verdict
from fullcycle.data.records import Dataset
from fullcycle.deployment.compatibility import CHECK
from fullcycle.deployment.records import Release
from fullcycle.development.records import Model, Trial
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import Waiting
from fullcycle.kernel.record import Record
from fullcycle.kernel.state import Route
from fullcycle.loop import gates, signatures
from fullcycle.loop.adoption import ADOPT, Given, adoption
from fullcycle.loop.publish import publish
from fullcycle.loop.rooms import Progress, Rooms, Served, Window, silent
from fullcycle.loop.steps import begin
from fullcycle.loop.tracking import track
from fullcycle.monitoring.alerts import CHANNELS, Alert, alert_of
from fullcycle.monitoring.records import Health
from fullcycle.monitoring.windows import Length, window_ending
from fullcycle.project.selfcheck import erased_of
from fullcycle.scoping.records import Charter

__all__ = ["Cycle", "Progress", "Window", "silent"]


class Cycle(Rooms):
    """One turn of the loop in the scope of a project. See :class:`~fullcycle.loop.rooms.Rooms` for its parameters."""

    def scope(self, as_of: datetime | None = None) -> Charter:
        """The Charter. It changes when a person changes the question, not when more rows come, so that signatures hold."""
        self.progress("scoping", 0, 0)
        charter = self._earlier_charter() or cast(Charter, self.run.do(self.scoping(as_of or self.clock.now())))
        self.run.set_head("scoping", charter)
        scoping.require_feasible(charter)
        return charter

    def data(self, charter: Charter) -> Dataset:
        """The Dataset of *charter*, as of now or, where the source has not changed, as of then."""
        dataset = self.dataset(charter, self._as_of())
        self.run.set_head("data", dataset)
        data.require_fit(dataset)
        return dataset

    def develop(self, charter: Charter, dataset: Dataset, refit: Trial | Model | None = None) -> Model:
        """The Model of *dataset*; with *refit* that trial's learner and parameters, without a search.

        Raises
        ------
        Refused
            A gate failed; names each.
        """
        model = self.model(charter, dataset, refit)
        self.run.set_head("development", model)
        track(self.project, self.run, model)
        gates.require(model, self.run.state)
        return model

    def adopt(self, charter: Charter, dataset: Dataset, given: Given) -> Model:
        """The Model of *dataset* that was made elsewhere; errors as :meth:`develop`, and where it cannot be read."""
        model = adoption(self, charter, dataset, given)
        self.run.set_head("development", model)
        gates.require(model, self.run.state)
        return model

    def adopted(self, dataset: Dataset) -> Model | None:
        """The current model of *dataset*, if it was made elsewhere and passes its gates; errors as :meth:`develop`."""
        head = self.run.state.refresh().head(self.project.scope, "development").record
        if not head or not any(it.step == ADOPT and head in it.outputs for it in self.run.state.entries):
            return None
        model = cast(Model, self.run.get(head))
        if dataset.id not in model.parents:
            return None
        gates.require(model, self.run.state)
        return model

    def deploy(self, charter: Charter, dataset: Dataset, model: Model, *, breaking: bool = False) -> Release:
        """The Release of *model*, serving in this scope as its strategy says.

        Parameters
        ----------
        breaking : whether it may ask clients of the one that serves for more, or tell them less.

        Raises
        ------
        Refused
            A gate failed, the champion is better on the same rows, or its clients would break.
        Waiting
            Production asks for a signature that is missing.
        """
        gates.require(model, self.run.state)
        champion = self.champion_before(model)
        release = self.release(charter, dataset, model, champion, breaking=breaking or self._broke(model))
        self.run.set_head("deployment", release)
        self.serve(charter, dataset, release)
        return release

    def serve(self, charter: Charter, dataset: Dataset, release: Release) -> None:
        """Let *release* serve, once its gates have passed and production's signatures are there; errors as :meth:`deploy`.

        Where a champion serves, it begins by the first step of its strategy; a rollout that is under way goes on.
        """
        gates.require(release, self.run.state)
        if self.project.scope.environment == signatures.PRODUCTION:
            signatures.require(self.run.state.refresh().entries, charter, release, self.clock.now())
        route = begin(self.run, self.project.scope, self.settings.deployment, charter, release)
        self.route(route, charter, dataset)

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
        window = window or self.window("monitoring")
        health = self.health(self.served(window[1]), window)
        self.run.set_head("monitoring", health)
        self._tell(health)
        return health

    def review(self, period: Window | None = None) -> Verdict:
        """The verdict on the last review period whose outcomes have matured, or on *period*; it weighs the health of all of it.

        Raises
        ------
        Waiting
            No review period has matured yet.
        """
        period = period or self.window("business")
        served = self.served(period[1])
        verdict = self.verdict(served, period, self.health(served, period), self._verdicts_before(period[1]))
        self.run.set_head("business", verdict)
        return verdict

    def turn(self, to: str = "business") -> dict[str, Record]:
        """Every stage whose inputs changed, in order, up to *to*; in production it stops before ``deploy`` while a release serves."""
        made: dict[str, Record] = {}
        charter = made["charter"] = self.scope()
        if to == "scoping":
            return made
        dataset = made["dataset"] = self.data(charter)
        if to == "data":
            return made
        model = made["model"] = self.adopted(dataset) or self.develop(charter, dataset, self.refitted(dataset))
        if to == "development" or (self.project.scope.environment == signatures.PRODUCTION and self.serving):
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

    def window(self, stage: str) -> Window:
        """The last window of *stage* (``monitoring`` or ``business``) whose outcomes have matured.

        Raises
        ------
        Waiting
            None has matured yet.
        """
        text = self.settings.monitoring.window if stage == "monitoring" else self.settings.business.review
        length: Length = "month" if text == "month" else duration(text)
        origin = next((at for at, _ in self._routes()), None)
        if origin is None:
            raise Waiting("nothing serves yet", mend="run 'fullcycle deploy'")
        now = self.clock.now()
        found = window_ending(now, origin, length, self.project.label_delay, self.settings.project.timezone)
        if found is None:
            raise Waiting(
                "no window has matured yet",
                found=f"now {now:%Y-%m-%d %H:%M}",
                expected=f"{text} and the label delay since {origin:%Y-%m-%d %H:%M}",
                mend="run again later",
            )
        return found

    def served(self, end: datetime) -> Served:
        """What served when a window ended, with its ancestors.

        Raises
        ------
        Waiting
            Nothing has served yet.
        """
        champions = [(at, route.champion) for at, route in self._routes() if route.champion]
        if not champions:
            raise Waiting("nothing serves yet", mend="run 'fullcycle deploy'")
        earlier = [champion for at, champion in champions if at <= end]
        release = cast(Release, self.run.get(earlier[-1] if earlier else champions[0][1]))
        model, dataset, charter = (self.run.get(id) for id in release.parents[:3])
        return Served(release, cast(Model, model), cast(Dataset, dataset), cast(Charter, charter))

    def verdicts(self) -> list[Verdict]:
        """Every verdict of the scope that became current, oldest first."""
        entries = self.run.state.refresh().entries
        mine = [it for it in entries if it.verb == "head" and it.step == "business" and it.scope == self.project.scope]
        return [cast(Verdict, self.run.get(entry.outputs[0])) for entry in mine]

    @property
    def serving(self) -> str:
        """The release that serves now, empty where today's rule does."""
        return self.run.state.refresh().route(self.project.scope)[0].champion

    def champion_before(self, model: Model) -> Release | None:
        """The release that *model* has to beat: the one that serves, or the one that *model*'s own release replaced."""
        if not self.serving:
            return None
        release = cast(Release, self.run.get(self.serving))
        if model.id in release.parents:
            return cast(Release, self.run.get(release.replaces)) if release.replaces else None
        return release

    def _broke(self, model: Model) -> bool:
        """Whether the release that serves is *model*'s own and was let break clients: it is made again as it was."""
        if not self.serving:
            return False
        release = cast(Release, self.run.get(self.serving))
        return model.id in release.parents and any(it.check == CHECK for it in release.findings)

    def refitted(self, dataset: Dataset) -> Trial | Model | None:
        """The trial or model that the current model of *dataset* was refitted from, if it was made without a search."""
        for entry in reversed(self.run.state.refresh().entries):
            if entry.step == "development.make" and dataset.id in entry.inputs:
                others = [id for id in entry.inputs if id != dataset.id and id not in dataset.parents]
                return cast(Trial | Model, self.run.get(others[0])) if others else None
        return None

    def _tell(self, health: Health) -> None:
        """Tell each of the project's alert channels, once, of what failed."""
        self.project.load_code()
        if (alert := alert_of(health)) is None:
            return
        for name in CHANNELS:
            told = functools.partial(_told, name, alert)
            self.run.act("monitoring.alert", f"{name}:{health.id}", told, inputs=(health.id,))

    def _earlier_charter(self) -> Charter | None:
        """The current Charter, if everything that a person wrote is as it was then."""
        head = self.run.state.refresh().head(self.project.scope, "scoping").record
        made = next((entry for entry in self.run.state.entries if entry.verb == "step" and head in entry.outputs), None)
        if not head or made is None:
            return None
        charter = cast(Charter, self.run.get(head))
        same = made.facts["parameters"] == self.run.parameters_digest(self.scoping(charter.as_of))
        return charter if same else None

    def _as_of(self) -> datetime:
        """Now; or, where the source is as it was for the current dataset, the time that dataset was made for."""
        head = self.run.state.refresh().head(self.project.scope, "data").record
        whole = bool(head) and not erased_of(self.project.blobs, self.run.get(head))
        if whole and any(self.source.id in entry.inputs for entry in self.run.state.entries if head in entry.outputs):
            return cast(Dataset, self.run.get(head)).as_of
        return self.clock.now()

    def _routes(self) -> list[tuple[datetime, Route]]:
        """Every route of the scope with the time from which it served, oldest first."""
        entries = self.run.state.refresh().entries
        mine = [entry for entry in entries if entry.verb == "route" and entry.scope == self.project.scope]
        return [(entry.at, msgspec.convert(entry.facts["route"], Route)) for entry in mine]

    def _verdicts_before(self, end: datetime) -> tuple[str, ...]:
        return tuple(remember(verdict.action, verdict.gain) for verdict in self.verdicts() if verdict.end < end)


def _told(name: str, alert: Alert) -> Mapping[str, Any]:
    CHANNELS[name](alert)
    return {"channel": name, "failed": len(alert.failed)}
