"""Routes: what serves now, in the journal first, then for every server to see."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from fullcycle.data.records import Dataset
from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.outcomes import OutcomeReader
from fullcycle.deployment.records import Release
from fullcycle.deployment.serving import (
    Serving,
    load_answerer,
    read_key,
    read_serving,
    signature_path,
    write_serving,
)
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.state import Route
from fullcycle.kernel.verbs import Run
from fullcycle.loop.access import tell_server
from fullcycle.loop.signing import Signed, sign
from fullcycle.project import Project
from fullcycle.scoping.records import Charter


def publish(project: Project, run: Run, route: Route, charter: Charter, dataset: Dataset) -> Route:
    """Let *route* serve. A crash between journal and servers is mended by calling it again.

    Returns
    -------
    The route with its generation.
    """
    current, _ = run.state.refresh().route(project.scope)
    if _followed(current) != _followed(route):
        routed = f"{current.generation + 1}:{route.champion}"
        named = tuple(filter(None, (route.champion, *route.challengers)))
        run.act("deployment.route", routed, lambda: _route(run, route), inputs=named)
        current, _ = run.state.refresh().route(project.scope)
    serving = _serving(project, run, current, charter, dataset)
    releases = [cast(Release, run.get(name or _last_champion(project, run))) for name in serving.bundles]
    signed = {release.bundle: sign(project, run, release) for release in releases}
    tell_server(project, project.serving_path.parent)
    if not _published(project, serving, signed):
        bundles = tuple(run.blobs.get(name) for name in serving.bundles.values())
        write_serving(project.serving_path, serving, bundles, signed=signed)
    return current


def answerer(project: Project) -> Answerer:
    """What answers rows under the route that serves now.

    Raises
    ------
    InputError
        Nothing is deployed in this scope.
    """
    return load_answerer(project.serving_path, read_serving(project.serving_path))


def outcome_reader(project: Project) -> OutcomeReader:
    """What reads outcomes in this scope; errors as :func:`answerer`, and for a clustering, which waits for none."""
    if project.settings.scoping.task == "clustering":
        raise InputError(
            "a clustering waits for no outcomes",
            place="cycle.toml, [scoping] task",
            found="clustering",
            mend="nothing was foretold that could come true",
        )
    serving = read_serving(project.serving_path)
    return OutcomeReader(
        serving.scope.environment,
        serving.scope.timeline,
        entity=serving.entity,
        time=serving.time,
        labels=serving.labels,
        zone=serving.zone,
        classes=serving.classes,
        key=read_key(project.serving_path, serving),
    )


def _published(project: Project, serving: Serving, signed: Mapping[str, Signed]) -> bool:
    """Whether servers see just this already."""
    path = project.serving_path
    places = {signature_path(path, name): one.envelope for name, one in signed.items()}
    written = all(place.exists() and place.read_bytes() == body for place, body in places.items())
    return written and path.exists() and read_serving(path) == serving


def _followed(route: Route) -> tuple[object, ...]:
    """What servers see of a route."""
    return route.shares, route.control, route.shadow


def _route(run: Run, route: Route) -> Mapping[str, Any]:
    return {"route": msgspec.to_builtins(run.set_route(route))}


def _serving(project: Project, run: Run, route: Route, charter: Charter, dataset: Dataset) -> Serving:
    labels = {
        column.name: column.kind
        for column in dataset.columns
        if column.known == "after" and column.name not in dataset.derived
    }
    champion = route.champion or _last_champion(project, run)
    bundles = {route.champion: _bundle(run, champion), **{name: _bundle(run, name) for name in route.challengers}}
    return Serving(
        scope=project.scope,
        route=route,
        bundles=bundles,
        entity=charter.entity,
        time=charter.time,
        zone=charter.timezone,
        labels=labels,
        classes=dataset.classes if charter.task == "multiclass" else (),
        units={column.name: column.unit for column in dataset.columns if column.unit},
        log=project.settings.deployment.log,
        traffic=os.path.relpath(project.traffic_root, project.serving_path.parent),
        entity_key=os.path.relpath(project.key_path, project.serving_path.parent),
    )


def _bundle(run: Run, release: str) -> str:
    found = run.get(release)
    if not isinstance(found, Release):
        raise TypeError(f"a route names {type(found).__name__}, not a release")
    return found.bundle


def _last_champion(project: Project, run: Run) -> str:
    """Where today's rule serves, the release before goes on giving contract and rule."""
    return next(route.champion for route in reversed(run.state.refresh().routes(project.scope)) if route.champion)
