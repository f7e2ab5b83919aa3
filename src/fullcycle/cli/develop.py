"""``fullcycle develop``."""

from __future__ import annotations

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare


@declare("develop")
def command(session: Session) -> None:
    """Develop the Model and hold it against the gates; finished trials are taken from the journal."""
    tell_record(session, session.cycle.turn("development")["model"])
