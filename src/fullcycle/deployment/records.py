"""What deployment hands on: the Release."""

from __future__ import annotations

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind


@kind("release")
class Release(Record, frozen=True, kw_only=True):
    """What exactly may run, where, advancing by which steps.

    Attributes
    ----------
    bundle : blob of the packed bundle; its digest is what a server checks.
    steps : shares of the traffic by which it advances.
    control : share of entities that keeps today's rule.
    replaces : the release that served when this one was made, empty if none did.
    """

    bundle: str
    strategy: str
    steps: tuple[float, ...]
    control: float
    replaces: str
    findings: tuple[Finding, ...]
