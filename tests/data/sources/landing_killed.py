"""Lands a topic in a process of its own, which is killed at a chosen moment."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from fullcycle.data.sources import broker
from fullcycle.data.sources.brokers import landed
from fullcycle.data.sources.settings import Source


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(location: str, state: str, moment: str, survived: int) -> None:
    """Die before or after the rename of the segment after *survived* ones."""
    broker.MESSAGES = 10
    count, rename, sync = 0, Path.replace, landed.sync_folder

    def replace(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if moment == "before" and count > survived:
            _die()
        return rename(self, target)

    def synced(folder: Path) -> None:
        if moment == "after" and count > survived:
            _die()
        sync(folder)

    Path.replace = replace  # type: ignore[method-assign,assignment]
    landed.sync_folder = synced  # type: ignore[attr-defined]
    broker.land_topic(Source(name="orders", location=location), Path(state))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
