"""Alone: one process at a time lands the rows of a source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fullcycle.kernel.errors import OutsideError
from fullcycle.traffic.lock import wait_lock


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold *folder*, which is made, while others wait: two that land one source at a time would land it twice.

    Raises
    ------
    OutsideError
        The folder cannot be made or written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place, alone(Path(place, "orders")):
    ...     Path(place, "orders", ".lock").exists()
    True
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutsideError("rows cannot be landed", place=str(folder), found=error.strerror) from None
    try:
        wait_lock(lock)
        yield
    finally:
        os.close(lock)
