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


def peak(code: str) -> int:
    """The largest memory, in bytes, that an interpreter held which ran *code*; Linux only.

    >>> peak("pass") > 1 << 20
    True
    """
    # not getrusage: what that tells of a process begins with what its parent held
    told = "\nfrom pathlib import Path; print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    return int(output((sys.executable, "-c", code + told), Path(__file__).parents[1]).split()[-1]) << 10
