"""Where figures were taken: without it they say little."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("fullcycle", "lightgbm", "scikit-learn", "numpy", "polars", "pandas", "uvicorn", "httptools", "uvloop")


def environment() -> str:
    """CPU, cores, Python and versions of libraries, in one line.

    >>> "cores" in environment()
    True
    """
    found = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return f"{_cpu()}, {os.cpu_count()} cores; {platform.system()}; Python {platform.python_version()}; {found}"


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
