"""``fullcycle review``."""

from __future__ import annotations

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare


@declare("review")
def command(session: Session) -> None:
    """Write the Verdict of the last review period whose outcomes are in."""
    tell_record(session, session.cycle.review())
