"""Where work runs: here, in this machine's processes. A cluster engine passes the same suite."""

from __future__ import annotations

from fullcycle.engine.local import LocalEngine
from fullcycle.engine.serial import SerialEngine

__all__ = ["LocalEngine", "SerialEngine"]
