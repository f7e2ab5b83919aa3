"""Places that the kernel's tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SetClock
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run


class Child:
    """Runs ``child.py`` in processes of its own."""

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """One such process, its standard output a pipe."""
        command = [sys.executable, str(Path(__file__).parent / "child.py"), *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def finish(self, process: subprocess.Popen[str]) -> list[str]:
        """The whole lines that a process has written when it ends; one that the kill cut off was not acknowledged."""
        with process:
            return process.stdout.read().split("\n")[:-1]


@pytest.fixture
def child() -> Child:
    """Starts processes to kill, to starve, or to let race."""
    return Child()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SQLiteJournal]:
    """An empty journal."""
    journal = SQLiteJournal(tmp_path / "journal")
    yield journal
    journal.close()


@pytest.fixture
def run(journal: SQLiteJournal, tmp_path: Path) -> Run:
    """The verbs over an empty journal and store."""
    actor = Actor(kind="person", name="ann@example.com", known_by="token")
    clock = SetClock(datetime(2013, 1, 1, tzinfo=UTC))
    return Run(journal, FolderBlobs(tmp_path / "blobs"), Scope(project="p"), actor, clock, code="c0de")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte; skips where we may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
