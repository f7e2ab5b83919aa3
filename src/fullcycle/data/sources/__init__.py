"""Sources: where rows come from, and the past as it was known at any time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fullcycle.kernel.registry import Registry

SOURCES: Registry[Callable[[datetime | None], Any]] = Registry("source")
"""Functions that give a frame, registered with ``@source``; ``from = "python:name"`` reads one."""


def source(function: Callable[[datetime | None], Any]) -> Callable[[datetime | None], Any]:
    """Register a source of the project's own, ``(since) -> frame``, under its function's name.

    >>> @source
    ... def tickets(since):
    ...     return {"id": [1]}
    >>> SOURCES.remove("tickets")(None)
    {'id': [1]}
    """
    return SOURCES.add(function.__name__, function)
