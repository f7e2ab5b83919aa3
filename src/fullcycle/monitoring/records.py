"""What monitoring hands on: Health, which holds findings only."""

from __future__ import annotations

from datetime import datetime

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind
from fullcycle.traffic.match import Matched


@kind("health")
class Health(Record, frozen=True, kw_only=True):
    """Does it still work, how sure are we, what changed.

    Attributes
    ----------
    start, end, as_of : decisions of ``start <= time < end``, with what was available at ``as_of``.
    traffic : digest of the content that was read, whatever the state of compaction.
    counts : decisions and what became of their outcomes.
    """

    start: datetime
    end: datetime
    as_of: datetime
    traffic: str
    counts: Matched
    findings: tuple[Finding, ...]
