"""``fullcycle status``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from fullcycle.cli.figures import facts, figure, local
from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.deployment.records import Release
    from fullcycle.kernel.finding import Finding
    from fullcycle.kernel.record import Record
    from fullcycle.kernel.state import Route
    from fullcycle.scoping.records import Charter


@declare("status")
def command(session: Session) -> None:
    """Show where the cycle stands: the head of each stage, gates, route, and what waits for whom."""
    from fullcycle.kernel.finding import failed, sentence
    from fullcycle.project.selfcheck import erased_of
    from fullcycle.project.stages import STAGES, heads

    scope, kinds = session.project.scope, tuple(STAGES.values())
    current = heads(session.state, scope)
    records = {kind: session.record(id) for kind, id in current.items()}
    route, gates, waiting = session.state.route(scope)[0], _gates(session, records), _waiting(session, records)
    at, zone = _at(session), session.project.settings.project.timezone
    lines = [
        (kind, current.get(kind, "")[:12] or "–", figure(records[kind], zone) if kind in records else "not made yet")
        for kind in kinds
    ]
    stopped = failed(gates)
    erased = {kind: found for kind, one in records.items() if (found := erased_of(session.project.blobs, one))}
    session.tell(
        {
            "project": scope.project,
            "environment": scope.environment,
            "timeline": scope.timeline,
            "at": at,
            "heads": {kind: current.get(kind) for kind in kinds},
            "figures": {kind: facts(record, zone) for kind, record in records.items()},
            "erased": erased,
            "gates": gates,
            "route": route,
            "rollout": _step(session, route),
            "waiting": waiting,
        },
        f"{scope} at {local(at, zone):%Y-%m-%d %H:%M} {zone}" if at else f"{scope}, not begun",
        *aligned(lines),
        *(f"erased   rows of the {kind}: {', '.join(found)}" for kind, found in erased.items()),
        f"gates    {sum(gate.passed is True for gate in gates)} of {len(gates)} passed"
        if gates
        else "gates    none yet",
        *(f"         {sentence(gate)}" for gate in stopped),
        f"route    {_route(route)}",
        *_rollout(session, route),
        *(
            f"waiting  {one['thing']} {one['record'][:12]} for {one['role']}: {' or '.join(one['members'])}"
            for one in waiting
        ),
        *(() if waiting else ("waiting  for nobody",)),
    )


def _at(session: Session) -> datetime | None:
    from fullcycle.kernel.clock import SystemClock
    from fullcycle.kernel.scope import LIVE

    entries = [entry.at for entry in session.state.entries if entry.scope == session.project.scope]
    return SystemClock().now() if session.project.scope.timeline == LIVE else max(entries, default=None)


def _gates(session: Session, records: dict[str, Record]) -> tuple[Finding, ...]:
    """Findings that the current model and release pass or not, those measured on this machine too."""
    from fullcycle.project.measured import measured

    current = [records[kind] for kind in ("model", "release") if kind in records]
    found = [
        one
        for record in current
        for one in (*getattr(record, "findings", ()), *measured(session.state.entries, record.id))
    ]
    judged = [one for one in found if one.passed is not None]
    return tuple(one for place, one in enumerate(judged) if one not in judged[:place])  # a release repeats its model's


def _waiting(session: Session, records: dict[str, Record]) -> list[dict[str, Any]]:
    """What waits for a signature, of whom."""
    from fullcycle.loop.signatures import PRODUCTION, lacking

    at = _at(session)
    if session.environment != PRODUCTION or "charter" not in records or at is None:
        return []
    charter, release = cast("Charter", records["charter"]), cast("Release | None", records.get("release"))
    return [
        {"thing": thing.replace("_", " "), "record": record, "role": role, "members": list(members)}
        for thing, record, roles in lacking(session.state.entries, charter, release, at)
        for role, members in roles.items()
    ]


def _route(route: Route) -> str:
    if not route.generation:
        return "nothing serves yet"
    shares = (
        ", ".join(f"{it.release[:12] or 'today’s rule'} {100 * it.share:.4g}%" for it in route.shares) or "today’s rule"
    )
    shadow = f", {route.shadow[:12]} in the shadow" if route.shadow else ""
    control = f", control group {route.control:.0%}" if route.control else ""
    return f"generation {route.generation}: {shares}{shadow}{control}"


def _step(session: Session, route: Route) -> dict[str, Any] | None:
    """Where a rollout stands; None where nothing is rolled out."""
    from fullcycle.loop.steps import share_of

    if not route.challengers:
        return None
    release = cast("Release", session.record(route.challengers[0]))
    return {
        "champion": route.champion,
        "challenger": release.id,
        "strategy": release.strategy,
        "step": release.steps.index(share_of(route)) + 1,
        "steps": list(release.steps),
    }


def _rollout(session: Session, route: Route) -> list[str]:
    step = _step(session, route)
    if step is None:
        return []
    shares = " → ".join(f"{100 * share:.4g}%" for share in step["steps"])
    return [f"rollout  {step['strategy']}, step {step['step']} of {shares}; 'fullcycle watch' goes on with it"]
