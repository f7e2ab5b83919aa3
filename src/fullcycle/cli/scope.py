"""``fullcycle scope``."""

from __future__ import annotations

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare


@declare("scope")
def command(session: Session) -> None:
    """Check the question, compute what can be known before any model, and write the Charter."""
    tell_record(session, session.cycle.scope())
