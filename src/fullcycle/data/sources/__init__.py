"""Sources: where rows come from, and the past as it was known at any time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fullcycle.kernel.registry import Registry

SOURCES: Registry[Callable[[datetime | None], Any]] = Registry("source")
"""Functions that give a frame, registered with ``@source``; ``from = "python:name"`` reads one."""
