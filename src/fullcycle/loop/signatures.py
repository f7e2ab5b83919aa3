"""Signatures: what production waits for before a release may serve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fullcycle.deployment.records import Release
from fullcycle.kernel.approval import missing
from fullcycle.kernel.errors import Waiting
from fullcycle.kernel.journal import Entry
from fullcycle.scoping.records import Charter

PRODUCTION = "production"


def lacking(
    entries: Sequence[Entry], charter: Charter, release: Release | None, now: datetime
) -> list[tuple[str, str, dict[str, tuple[str, ...]]]]:
    """What still has to be signed before *release*, or any, may serve: the thing, its record, and the roles with their members."""
    things = [("charter", charter.id)]
    if release is not None:
        things.append(("release" if release.replaces else "first_release", release.id))
    found = [(name, id, missing(entries, id, wanted(charter, name, now), PRODUCTION)) for name, id in things]
    return [(thing, record, roles) for thing, record, roles in found if roles]


def wanted(charter: Charter, thing: str, now: datetime) -> dict[str, tuple[str, ...]]:
    """Roles that must sign *thing*, with their members; a standing signature counts as given until its day is over."""
    return {
        holder.role: holder.members
        for holder in charter.stakeholders
        if thing in holder.approves
        and not (thing != "charter" and holder.standing is not None and now.date().isoformat() <= holder.standing.until)
    }


def require(entries: Sequence[Entry], charter: Charter, release: Release, now: datetime) -> None:
    """Wait for what is lacking.

    Raises
    ------
    Waiting
        Names the thing, the roles, and what they run.
    """
    for thing, record, roles in lacking(entries, charter, release, now):
        raise Waiting(
            f"the {thing.replace('_', ' ')} waits for a signature",
            place=record[:12],
            expected="; ".join(f"{role}: {' or '.join(members)}" for role, members in roles.items()),
            mend=f"one of them runs 'fullcycle approve {record[:12]} --env {PRODUCTION}'",
        )
