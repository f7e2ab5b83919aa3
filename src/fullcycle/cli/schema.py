"""``fullcycle schema``."""

from __future__ import annotations

from fullcycle.cli.output import document
from fullcycle.cli.session import Session, declare


@declare("schema")
def command(session: Session) -> None:
    """Print the JSON Schema of cycle.toml, from which editors complete and check it."""
    from fullcycle.project import schema

    document(schema())
