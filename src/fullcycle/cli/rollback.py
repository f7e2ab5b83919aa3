"""``fullcycle rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.session import Session, declare
from fullcycle.cli.workers import followed, waits

if TYPE_CHECKING:
    from fullcycle.data.records import Dataset
    from fullcycle.deployment.records import Release
    from fullcycle.scoping.records import Charter


@declare("rollback")
@click.option("--to", "wanted", metavar="RELEASE", help="The release that serves again; by default the one before.")
@waits
def command(session: Session, wanted: str | None, wait: float) -> None:
    """Let the release before serve again, at once. Only one that served here before, and so passed its gates, can."""
    from fullcycle.kernel.state import Route, Share

    release = cast("Release", session.record(_choose(session, wanted)))
    _, dataset, charter = (session.record(id) for id in release.parents[:3])
    route = Route(shares=(Share(release=release.id, share=1.0),), control=release.control, reason="rollback")
    session.cycle.route(route, cast("Charter", charter), cast("Dataset", dataset))
    lines, facts = followed(session, wait)
    session.tell({"release": release.id, **facts}, f"release {release.id[:12]} serves again", *lines)


def _choose(session: Session, wanted: str | None) -> str:
    """The release to go back to."""
    from fullcycle.kernel.errors import InputError

    served = [route.champion for route in session.state.routes(session.project.scope)]
    now = served[-1] if served else ""
    before = [release for release in served if release and release != now]
    if wanted is not None:
        chosen = session.record(wanted).id
        if chosen not in before:
            raise InputError(
                "this release serves now" if chosen == now else "this release never served here",
                found=chosen[:12],
                expected=", ".join(one[:12] for one in before),
                mend="'fullcycle deploy' releases a model through its gates",
            )
        return chosen
    if not before:
        raise InputError(
            "no other release served here before", place=str(session.project.scope), mend="see 'fullcycle status'"
        )
    return before[-1]
