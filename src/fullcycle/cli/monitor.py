"""``fullcycle monitor``."""

from __future__ import annotations

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare


@declare("monitor")
def command(session: Session) -> None:
    """Write the Health of the last window whose outcomes are in."""
    tell_record(session, session.cycle.monitor())
