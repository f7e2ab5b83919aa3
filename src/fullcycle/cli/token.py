"""``fullcycle token``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import TOKEN, Session, declare

if TYPE_CHECKING:
    from fullcycle.project.tokens import Token


@declare("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="predict, outcome, read, deploy, approve or admin; may be given again. By default all but admin.",
)
@click.option("--expires", metavar="DURATION", help="After how long it holds no longer, such as 90d.")
@click.option("--rate", metavar="N/UNIT", help="How often a service answers it, such as 100/s or 5000/hour.")
@click.option("--burst", type=click.IntRange(1), help="Requests that may come at once; by default those of a second.")
@click.option("--largest", metavar="SIZE", help="The largest body that a service takes from it, such as 64KiB.")
def create(
    session: Session,
    name: str,
    scopes: tuple[str, ...],
    expires: str | None,
    rate: str | None,
    burst: int | None,
    largest: str | None,
) -> None:
    """Make a token for NAME, such as the address of a person. It is shown this once; only its digest is kept.

    From the first token on, services of this environment answer nobody without one.
    """
    from datetime import UTC

    from fullcycle.deployment.access import USUAL
    from fullcycle.kernel.clock import duration, size
    from fullcycle.loop.access import access_run, tell_servers
    from fullcycle.project import tokens

    often = None if rate is None else _rate(rate)
    token = tokens.create(
        access_run(session.project, session.allowed("admin")),
        name,
        scopes=scopes or USUAL,
        expires=None if expires is None else datetime.now(UTC) + duration(expires, place="--expires"),
        rate=often,
        burst=burst or max(1, round(often or 1)),
        largest=None if largest is None else size(largest, place="--largest"),
    )
    tell_servers(session.project)
    session.tell(
        {"name": name, "token": token}, f"token of {name}, shown this once:", token, f"its holder sets {TOKEN} to it"
    )


@declare("list")
def list_(session: Session) -> None:
    """List the tokens of this environment that were not revoked."""
    from fullcycle.project import tokens

    found = [_told(it) for it in tokens.tokens(session.state.entries, session.project.scope).values()]
    rows = [
        (it["name"], it["at"][:10], f"made by {it['by']}", it["sha256"][:12], " ".join(it["scopes"]), _until(it))
        for it in found
    ]
    session.tell({"tokens": found}, *(aligned(rows) if rows else ("no token holds here",)))


@declare("revoke")
@click.argument("name")
def revoke(session: Session, name: str) -> None:
    """Let the token of NAME hold no longer, at once; what it signed stays signed."""
    from fullcycle.loop.access import access_run, tell_servers
    from fullcycle.project import tokens

    own = session.token is not None and session.token.grant.name == name
    tokens.revoke(access_run(session.project, session.actor if own else session.allowed("admin")), name)
    tell_servers(session.project)
    session.tell({"name": name, "revoked": True}, f"the token of {name} holds no longer")


command = click.Group(
    "token", commands=[create, list_, revoke], help="Create, list and revoke tokens of people and services."
)


def _rate(text: str) -> float:
    """Requests a second.

    >>> _rate("100/s"), _rate("7200/hour")
    (100.0, 2.0)
    """
    from fullcycle.kernel.errors import InputError

    units = {"s": 1, "min": 60, "hour": 3600, "day": 86400}
    number, _, unit = text.partition("/")
    try:
        found = float(number) / units[unit]
    except (ValueError, KeyError):
        found = 0.0
    if not 0 < found < 1e9:
        raise InputError("not a rate", place="--rate", found=text, expected="such as 100/s, 60/min or 5000/hour")
    return found


def _told(token: Token) -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(token.grant), "at": token.at.isoformat(), "by": token.by}


def _until(told: dict[str, Any]) -> str:
    return f"until {told['expires'][:10]}" if told["expires"] else "until it is revoked"
