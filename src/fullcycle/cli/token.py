"""``fullcycle token``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import TOKEN, Session, declare

if TYPE_CHECKING:
    from fullcycle.kernel.verbs import Run


@declare("create")
@click.argument("name")
def create(session: Session, name: str) -> None:
    """Make a token for NAME, such as the address of a person. It is shown this once; only its digest is kept."""
    from fullcycle.project import tokens

    token = tokens.create(_run(session), name)
    session.tell(
        {"name": name, "token": token}, f"token of {name}, shown this once:", token, f"its holder sets {TOKEN} to it"
    )


@declare("list")
def list_(session: Session) -> None:
    """List the tokens that hold in this environment."""
    from fullcycle.project import tokens

    found = tokens.tokens(session.state.entries, session.project.scope).values()
    rows = [(one.name, f"{one.at:%Y-%m-%d}", f"made by {one.by}", one.sha256[:12]) for one in found]
    session.tell({"tokens": list(found)}, *(aligned(rows) if rows else ("no token holds here",)))


@declare("revoke")
@click.argument("name")
def revoke(session: Session, name: str) -> None:
    """Let the token of NAME hold no longer; what it signed stays signed."""
    from fullcycle.project import tokens

    tokens.revoke(_run(session), name)
    session.tell({"name": name, "revoked": True}, f"the token of {name} holds no longer")


command = click.Group(
    "token", commands=[create, list_, revoke], help="Create, list and revoke tokens of people and services."
)


def _run(session: Session) -> Run:
    from fullcycle.loop.signing import access_run

    return access_run(session.project, session.actor)
