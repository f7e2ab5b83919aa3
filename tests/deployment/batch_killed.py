"""``python batch_killed.py ROUTE SOURCE TARGET``: a batch in small parts, in a process that may be killed at any moment."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from fullcycle.deployment.batch import parts, predict_file
from fullcycle.deployment.serving import read_serving


def main() -> None:
    path, source, target = map(Path, sys.argv[1:])
    parts.MOST = 500
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    predict_file(path, read_serving(path), source, target, at=datetime(2013, 8, 1, tzinfo=UTC))


if __name__ == "__main__":
    main()
