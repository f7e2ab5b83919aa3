"""Where something happened: project, environment and timeline, and who did it."""

from __future__ import annotations

import msgspec

LIVE = "live"


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On every entry, head, lease and traffic row. ``live`` never reads another timeline.

    Attributes
    ----------
    project : name of the project; one project asks one question.
    environment : ``dev``, ``staging``, ``production``, …
    timeline : ``live``, or the name of a replay, which owns its clock.

    Examples
    --------
    >>> str(Scope(project="late-flights", environment="dev", timeline="live"))
    'late-flights/dev/live'
    """

    project: str
    environment: str = "dev"
    timeline: str = LIVE

    def __str__(self) -> str:
        return f"{self.project}/{self.environment}/{self.timeline}"


class Actor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who did it, and how we know.

    Attributes
    ----------
    kind : ``person``, ``token`` or ``service``.
    name : the person's address, the token's name, or the service's.
    known_by : ``operating system``, ``token``, ``process``.
    """

    kind: str
    name: str
    known_by: str
