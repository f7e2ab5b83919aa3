"""``fullcycle key``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.kernel.keys import Algorithm, PublicKey

LONGEST = 10_000  # bytes of a file that holds a key


@declare("create")
@click.option(
    "--algorithm",
    type=click.Choice(["ed25519", "ecdsa"]),
    default="ed25519",
    show_default=True,
    help="ecdsa (P-256) where the model_signing tool is to verify what is exported.",
)
def create(session: Session, algorithm: str) -> None:
    """Make a new key that signs in this environment, and trust it. Only its owner can read it; the one before stays trusted."""
    from fullcycle.loop.access import access_run, tell_servers
    from fullcycle.project import keys

    run = access_run(session.project, session.allowed("admin"))
    key = keys.create(run, session.project.state, cast("Algorithm", algorithm))
    tell_servers(session.project)
    place = keys.key_file(session.project.state, session.project.scope)
    session.tell(_told(key), f"{key.name} signs here from the next deployment on ({place})", key.pem.rstrip())


@declare("list")
def list_(session: Session) -> None:
    """List the keys that are trusted in this environment."""
    from fullcycle.project import keys

    found = keys.trusted(session.state.entries, session.project.scope).values()
    rows = [(it.key.name, f"{it.at:%Y-%m-%d}", f"by {it.by}", it.key.id[:12]) for it in found]
    session.tell({"keys": [_told(it.key) for it in found]}, *(aligned(rows) if rows else ("no key is trusted here",)))


@declare("trust")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
def trust(session: Session, name: str, file: Path) -> None:
    """Trust the public key (PEM) in FILE as that of NAME: bundles that it has signed may serve in this environment."""
    from fullcycle.kernel.errors import InputError, OutsideError
    from fullcycle.loop.access import access_run, tell_servers
    from fullcycle.project import keys

    try:
        body = file.read_bytes()
    except OSError as error:
        raise OutsideError("cannot read the key", place=str(file), found=error.strerror or "") from error
    if len(body) > LONGEST or not body.isascii():
        raise InputError("not a public key", place=str(file), expected="a public key as PEM")
    key = keys.trust(access_run(session.project, session.allowed("admin")), name, body.decode())
    tell_servers(session.project)
    session.tell(_told(key), f"the key of {name} ({key.id[:12]}) is trusted")


@declare("revoke")
@click.argument("name")
def revoke(session: Session, name: str) -> None:
    """Trust the key of NAME no longer: no server loads a bundle again that only it has signed."""
    from fullcycle.loop.access import access_run, tell_servers
    from fullcycle.project import keys

    keys.revoke(access_run(session.project, session.allowed("admin")), name)
    tell_servers(session.project)
    session.tell({"name": name, "revoked": True}, f"the key of {name} is trusted no longer")


command = click.Group(
    "key", commands=[create, list_, trust, revoke], help="Keys that sign bundles, and whose are trusted."
)


def _told(key: PublicKey) -> dict[str, str]:
    return {"name": key.name, "id": key.id, "pem": key.pem}
