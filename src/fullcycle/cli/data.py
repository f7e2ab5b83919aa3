"""``fullcycle data``."""

from __future__ import annotations

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare


@declare("data")
def command(session: Session) -> None:
    """Make the Dataset; what has not changed is taken from the journal."""
    tell_record(session, session.cycle.turn("data")["dataset"])
