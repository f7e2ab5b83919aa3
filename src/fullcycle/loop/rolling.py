"""Rolling out: a challenger begins beside the champion, and advances, is promoted or rolled back as the traffic tells.

Where a rollout stands is read off the journal: its routes say when it began and which step it is in, its first act the rules.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from fullcycle.data.records import Dataset
from fullcycle.deployment.advance import Judged, Rollout, Rules, advance
from fullcycle.deployment.observe import observe
from fullcycle.deployment.records import Release
from fullcycle.deployment.serving import read_serving
from fullcycle.development.records import Model
from fullcycle.kernel.finding import Finding, failed, sentence
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.state import Route
from fullcycle.loop.stages import Cycle
from fullcycle.loop.steps import BEGIN, route_at, share_of
from fullcycle.monitoring.alerts import CHANNELS, Alert
from fullcycle.project.measured import measured
from fullcycle.scoping.records import Charter
from fullcycle.traffic.schema import micros

_log = logging.getLogger(__name__)
JUDGED, ALERT = "deployment.judged", "deployment.alert"


def roll(cycle: Cycle) -> Judged | None:
    """Judge the rollout that is under way, if one is, and do what the judgement says. Killed at any moment and run again, it goes on.

    Returns
    -------
    The judgement; ``None`` where nothing is rolled out.
    """
    route = cycle.run.state.refresh().route(cycle.project.scope)[0]
    _mend(cycle, route)
    if not route.challengers:
        return None
    release = cast(Release, cycle.run.get(route.challengers[0]))
    judged = _judged_before(cycle, route) or _judge(cycle, route, release)
    if judged.move == "hold":
        return judged
    if judged.move == "alarm":
        _tell(cycle, route, release, judged, _alert(cycle, route, release, judged))
        return judged
    facts = {"generation": route.generation, **msgspec.to_builtins(judged)}
    cycle.run.act(JUDGED, f"{route.generation}:{release.id}", lambda: facts, inputs=(release.id,))
    _follow(cycle, route, release, judged)
    return judged


def _mend(cycle: Cycle, route: Route) -> None:
    """Tell servers of a route that was written to the journal before a crash, but not to them."""
    if not route.champion or read_serving(cycle.project.serving_path).route == route:
        return
    _, dataset, charter = (cycle.run.get(id) for id in cycle.run.get(route.champion).parents[:3])
    cycle.route(route, cast(Charter, charter), cast(Dataset, dataset))


def state_of(cycle: Cycle, route: Route, release: Release) -> Rollout:
    """Where the rollout of *release* stands, as the routes in the journal say."""
    mine = [it for it in cycle.run.state.entries if it.verb == "route" and it.scope == cycle.project.scope]
    begun = mine[-1].at
    for entry in reversed(mine):
        earlier = msgspec.convert(entry.facts["route"], Route)
        if (earlier.champion, earlier.challengers) != (route.champion, route.challengers):
            break
        begun = entry.at
    return Rollout(
        champion=route.champion,
        challenger=release.id,
        step=release.steps.index(share_of(route)),
        begun=micros(begun),
        stepped=micros(mine[-1].at),
    )


def _judged_before(cycle: Cycle, route: Route) -> Judged | None:
    """What was judged before a crash and not followed yet."""
    for entry in reversed(cycle.run.state.entries):
        if entry.step == JUDGED and entry.verb == "act" and entry.scope == cycle.project.scope:
            facts = dict(entry.facts)
            return msgspec.convert(facts, Judged) if facts.pop("generation") == route.generation else None
    return None


def _judge(cycle: Cycle, route: Route, release: Release) -> Judged:
    model, dataset, charter = (cycle.run.get(id) for id in release.parents[:3])
    state, rules = state_of(cycle, route, release), _rules(cycle, release)
    since, now = _moment_begun(cycle, state), cycle.clock.now()
    answers, matched = cycle.traffic.answered(since, now)
    seen = observe(
        answers,
        matched,
        state,
        rules,
        now=micros(now),
        control=route.control,
        charter=cast(Charter, charter),
        dataset=cast(Dataset, dataset),
        policy=cast(Model, model).policy,
    )
    return advance(state, seen, rules)


def _moment_begun(cycle: Cycle, state: Rollout) -> datetime:
    return next(it.at for it in cycle.run.state.entries if it.verb == "route" and micros(it.at) == state.begun)


def _rules(cycle: Cycle, release: Release) -> Rules:
    """The rules with which the rollout began, whatever the settings say by now."""
    mine = [it for it in cycle.run.state.entries if _is(it, cycle, BEGIN) and it.facts["challenger"] == release.id]
    return msgspec.convert(mine[-1].facts["rules"], Rules)


def _is(entry: Entry, cycle: Cycle, name: str) -> bool:
    return entry.step == name and entry.verb == "act" and entry.scope == cycle.project.scope


def _follow(cycle: Cycle, route: Route, release: Release, judged: Judged) -> None:
    """Write the next route. What was rolled back is refused by its gates from now on."""
    back = judged.move == "roll back"
    served = cast(Release, cycle.run.get(route.champion)) if back else release
    place = release.steps.index(share_of(route))
    share = {"advance": release.steps[min(place + 1, len(release.steps) - 1)], "promote": 1.0}.get(judged.move, 1.0)
    _, dataset, charter = (cycle.run.get(id) for id in served.parents[:3])
    reason = f"{judged.move}: {judged.reason}"
    champion = "" if back else route.champion
    following = route_at(champion, served.id, share, control=route.control, reason=reason)
    if not back:
        cycle.route(following, cast(Charter, charter), cast(Dataset, dataset))
        return
    alert = _alert(cycle, route, release, judged)
    if not failed(measured(cycle.run.state.entries, release.id)):  # unless a crash came between
        cycle.run.measure(release, failed(judged.findings))
    cycle.route(following, cast(Charter, charter), cast(Dataset, dataset))
    _tell(cycle, route, release, judged, alert)  # last: a channel may take its time


def _alert(cycle: Cycle, route: Route, release: Release, judged: Judged) -> Alert:
    return Alert(
        health=release.id,
        start=_moment_begun(cycle, state_of(cycle, route, release)).isoformat(),
        end=cycle.clock.now().isoformat(),
        failed=(f"{judged.move}: {judged.reason}", *_sentences(judged.findings)),
    )


def _tell(cycle: Cycle, route: Route, release: Release, judged: Judged, alert: Alert) -> None:
    """Tell each of the project's alert channels, once."""
    cycle.project.load_code()
    key = f"{route.generation}:{judged.move}:{judged.reason}"
    told = {"move": judged.move, "reason": judged.reason, "findings": msgspec.to_builtins(judged.findings)}
    cycle.run.act(ALERT, key, lambda: told, inputs=(release.id,))
    for name in CHANNELS:
        cycle.run.act(ALERT, f"{name}:{key}", functools.partial(_told, name, alert), inputs=(release.id,))


def _told(name: str, alert: Alert) -> Mapping[str, Any]:
    try:
        CHANNELS[name](alert)
    except Exception as error:  # noqa: BLE001 - a channel is anybody's code; the rollout goes on without it
        _log.error("alert channel %s failed: %s", name, error)
        return {"channel": name, "broke": type(error).__name__}
    return {"channel": name, "failed": len(alert.failed)}


def _sentences(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(sentence(finding) for finding in findings if finding.passed is False)
