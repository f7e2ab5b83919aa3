"""The routes of a rollout: how it begins, and what serves in each of its steps."""

from __future__ import annotations

import msgspec

from fullcycle.deployment.records import Release
from fullcycle.deployment.rules import rules_of
from fullcycle.deployment.settings import Deployment
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Route, Share
from fullcycle.kernel.verbs import Run
from fullcycle.scoping.records import Charter

BEGIN = "deployment.rollout"
"""The act with which a rollout begins; its facts keep the rules."""


def share_of(route: Route) -> float:
    """The share of the challenger: 0 in the shadow.

    >>> share_of(Route(shares=(Share(release="a", share=0.95), Share(release="b", share=0.05))))
    0.05
    """
    return route.shares[1].share if len(route.shares) > 1 else 0.0


def route_at(champion: str, challenger: str, share: float, *, control: float, reason: str) -> Route:
    """The route on which *challenger* has a share; 0 is the shadow, 1 is everything.

    >>> [(it.release, it.share) for it in route_at("a", "b", 0.25, control=0.0, reason="").shares]
    [('a', 0.75), ('b', 0.25)]
    """
    if share == 1:
        return Route(shares=(Share(release=challenger, share=1.0),), control=control, reason=reason)
    kept = Share(release=champion, share=round(1 - share, 12))
    if share == 0:
        return Route(shares=(kept,), control=control, reason=reason, shadow=challenger)
    return Route(shares=(kept, Share(release=challenger, share=share)), control=control, reason=reason)


def begin(run: Run, scope: Scope, settings: Deployment, charter: Charter, release: Release) -> Route:
    """The route by which *release* begins to serve. The first release of a scope has no champion to be held against: it takes all
    traffic, as one of strategy ``direct`` does."""
    current = run.state.refresh().route(scope)[0]
    if release.id in current.challengers:
        return current  # it is under way
    if current.champion in ("", release.id) or release.steps[0] == 1:
        return route_at("", release.id, 1.0, control=release.control, reason="deploy")
    rules = rules_of(settings, charter, release.steps)
    begun = {"champion": current.champion, "challenger": release.id, "rules": msgspec.to_builtins(rules)}
    run.act(BEGIN, f"{current.generation}:{release.id}", lambda: begun, inputs=(release.id,))
    return route_at(current.champion, release.id, release.steps[0], control=release.control, reason="deploy")
