"""``fullcycle approve``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.session import TOKEN, Session, declare

if TYPE_CHECKING:
    from fullcycle.scoping.records import Charter


@declare("approve")
@click.argument("record")
@click.option("--refuse", is_flag=True, help="Refuse instead of approving.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
def command(session: Session, record: str, refuse: bool, note: str) -> None:
    """Sign RECORD as the person whose token stands in FULLCYCLE_TOKEN (in dev, without one, as this machine's user)."""
    if session.environment != "dev" and not os.environ.get(TOKEN):
        from fullcycle.kernel.errors import InputError

        raise InputError(
            "a signature needs a token",
            place=f"--env {session.environment}",
            mend=f"set {TOKEN} to the token of the person who signs; 'fullcycle token create NAME' makes one",
        )
    session.allowed("approve")
    found = session.record(record)
    run, answer = session.cycle.run, "refused" if refuse else "approved"
    run.append(run.entry("approve", inputs=(found.id,), facts={"answer": answer, "reason": note}))
    roles = _roles(session, run.actor.name)
    whose = f" for {', '.join(roles)}" if roles else "; no role of the charter has this member"
    session.tell(
        {"record": found.id, "answer": answer, "by": run.actor.name, "roles": roles},
        f"{run.actor.name} {answer} {found.id[:12]}{whose}",
    )


def _roles(session: Session, name: str) -> list[str]:
    head = session.state.head(session.project.scope, "scoping").record
    charter = cast("Charter", session.record(head)) if head else None
    return [holder.role for holder in charter.stakeholders if name in holder.members] if charter else []
