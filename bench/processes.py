"""Commands in processes of their own, under the interpreter that runs the benchmarks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BARE = (sys.executable, "-c", "pass")
FULLCYCLE = (sys.executable, "-c", "from fullcycle.cli import main; main()")  # what the installed script does


def output(command: tuple[str, ...], folder: Path | None = None) -> str:
    """What *command* says on standard output. Raises CalledProcessError, with its words, where it fails.

    >>> output(BARE)
    ''
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    done.check_returncode()
    return done.stdout
