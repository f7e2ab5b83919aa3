"""``fullcycle push``."""

from __future__ import annotations

import click
import msgspec

from fullcycle.cli.session import Session, declare


@declare("push")
@click.argument("record")
@click.option(
    "--from", "origin", default="dev", metavar="NAME", show_default=True, help="The environment it comes from."
)
def command(session: Session, record: str, origin: str) -> None:
    """Carry RECORD with all that it rests on to the environment --env; it serves there once 'deploy' lets it.

    RECORD is a kind (charter, dataset, model, release) or the first digits of an id, in the environment that --from names.
    """
    from fullcycle.kernel.clock import SystemClock
    from fullcycle.kernel.record import kind_of
    from fullcycle.kernel.verbs import Run
    from fullcycle.loop.push import push

    there = session.project
    here = Session(session.folder, origin, session.timeline, session.json)
    found = here.record(record)
    run = Run(there.journal, there.blobs, there.scope, session.actor, SystemClock())
    session.progress(f"pushing {kind_of(found)} {found.id[:12]}", 0, 0)
    pushed = push(here.project, run, there, found)
    name = there.scope.environment
    session.tell(
        {"record": found.id, "from": origin, "to": name, **msgspec.to_builtins(pushed)},
        f"{kind_of(found)} {found.id[:12]} is current in {name}: {pushed.records} records and {pushed.blobs} blobs, "
        f"{pushed.brought} of them new there",
        f"'fullcycle deploy --env {name}' lets it serve, once its gates pass and those who must have signed",
    )
