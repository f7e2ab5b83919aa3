"""Alerts: what failed in a Health, told to the project's channels."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from fullcycle.kernel.finding import sentence
from fullcycle.kernel.registry import Registry
from fullcycle.monitoring.records import Health


class Alert(Struct, frozen=True, kw_only=True):
    """What a channel is told.

    Attributes
    ----------
    health : id of the record that it is about: a Health, or the Release whose rollout is told of.
    start, end : the window, ISO 8601.
    failed : a sentence for each finding that failed.
    """

    health: str
    start: str
    end: str
    failed: tuple[str, ...]


CHANNELS: Registry[Callable[[Alert], None]] = Registry("alert channel")
"""Every alert channel of the project by name."""


def alert_channel(function: Callable[[Alert], None]) -> Callable[[Alert], None]:
    """Register a channel, ``(alert) -> None``, under its function's name; it is told once of every Health in which something failed.

    >>> @alert_channel
    ... def console(alert):
    ...     print("; ".join(alert.failed))
    >>> CHANNELS.remove("console").__name__
    'console'
    """
    return CHANNELS.add(function.__name__, function)


def alert_of(health: Health) -> Alert | None:
    """The alert that *health* asks for, None if nothing failed."""
    failed = tuple(sentence(finding) for finding in health.findings if finding.passed is False)
    if not failed:
        return None
    return Alert(health=health.id, start=health.start.isoformat(), end=health.end.isoformat(), failed=failed)
