"""Who deploys knows when every worker follows, and which one does not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fullcycle.deployment.acknowledge import Acknowledging, acknowledgements, wait_for_workers
from fullcycle.kernel.errors import Waiting
from fullcycle.kernel.record import digest

KILLED = """
import sys, time
from pathlib import Path
from fullcycle.deployment.acknowledge import Acknowledging
mine = Acknowledging(Path(sys.argv[1]))
print("made", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "route.json"
    found.write_bytes(b"new")
    return found


def test_without_a_service_nobody_is_waited_for(path: Path) -> None:
    assert wait_for_workers(path, 0) == []


def test_a_worker_that_was_killed_is_not_waited_for(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "made\n"
        assert [one.worker for one in acknowledgements(path)] == [worker.pid]
        with pytest.raises(Waiting, match=f"worker {worker.pid}: .*1 of 1 workers"):
            wait_for_workers(path, 0.05)
        worker.kill()
    assert wait_for_workers(path, 0) == []
    assert list((path.parent / "workers").iterdir()) == []


def test_every_worker_is_waited_for(path: Path) -> None:
    mine = [Acknowledging(path) for _ in range(2)]
    mine[0].tell(route=digest(b"new"), generation=2)
    mine[1].tell(route=digest(b"old"), generation=1)
    done: list[float] = []

    def wait() -> None:
        wait_for_workers(path, 30)
        done.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.1)
    assert not done
    told = time.monotonic()
    mine[1].tell(route=digest(b"new"), generation=2)
    waiting.join()
    assert done[0] >= told
    for one in mine:
        one.close()
    assert acknowledgements(path) == []


def test_a_worker_that_cannot_follow_is_named_at_once_with_its_problem(path: Path) -> None:
    mine = Acknowledging(path)
    mine.tell(route=digest(b"new"), generation=1, problem="a bundle does not match its digest")
    with pytest.raises(Waiting, match=f"worker {os.getpid()}: .*does not match its digest"):
        wait_for_workers(path, 3600)
    mine.close()


def test_where_nothing_can_be_written_a_worker_works_and_tells_nobody(path: Path) -> None:
    (path.parent / "workers").write_text("in the way")
    mine = Acknowledging(path)
    mine.tell(route="ab")
    mine.close()
    assert acknowledgements(path) == []
