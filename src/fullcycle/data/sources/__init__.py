"""Sources: where rows come from, and the past as it was known at any time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fullcycle.kernel.registry import Registry

SOURCES: Registry[Callable[[datetime | None], Any]] = Registry("source")
"""Functions that give a frame, registered with ``@source``; ``from = "python:name"`` reads one."""


CLEANERS: Registry[Callable[[Any], Any]] = Registry("cleaning step")
"""Functions from a frame to a frame that every source passes, in the order of their names, before its cells are parsed."""


def clean(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register a cleaning step of the project's own, ``(frame) -> frame``, under its function's name.

    >>> @clean
    ... def nothing_to_do(frame):
    ...     return frame
    >>> CLEANERS.remove("nothing_to_do")("rows")
    'rows'
    """
    return CLEANERS.add(function.__name__, function)


def source(function: Callable[[datetime | None], Any]) -> Callable[[datetime | None], Any]:
    """Register a source of the project's own, ``(since) -> frame``, under its function's name.

    >>> @source
    ... def tickets(since):
    ...     return {"id": [1]}
    >>> SOURCES.remove("tickets")(None)
    {'id': [1]}
    """
    return SOURCES.add(function.__name__, function)
