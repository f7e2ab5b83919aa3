"""Lands increments in a process of its own, which is killed before or after a segment is in its place."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.sources.increments import read_increments


def main(state: str, moment: str, rows: int) -> None:
    """Land the first *rows* rows, and die at the rename."""
    rename = os.replace

    def replace(*given: Any) -> None:
        if moment == "after":
            rename(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace  # type: ignore[assignment]
    whole = pl.DataFrame({"id": range(rows)})
    read_increments("orders", "id", Path(state), lambda since: whole.filter(pl.col("id") >= (since or 0)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
