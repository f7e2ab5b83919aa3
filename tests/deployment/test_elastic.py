"""The number of workers follows the load, simulated; and a service whose load comes and goes."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from fullcycle.deployment.acknowledge import acknowledgements
from fullcycle.deployment.service.elastic import GROW_AFTER, SHRINK_AFTER, Elastic, Load

from .bundles import bundle, place, route, row
from .test_service import wait_for


def simulate(demand: list[float], most: int = 8, start: int = 1, seed: int = 0) -> list[int]:
    """Workers over time under a demand in workers' time a second; what cannot be answered waits."""
    elastic, noise, workers, waiting, found = Elastic(1, most), random.Random(seed), start, 0.0, []
    for wanted in demand:
        work = wanted + waiting
        done = min(work, workers)
        waiting = min(work - done, workers * 512 / 100)  # 100 requests are one second of a worker; more are refused
        share = done / workers
        loads = [Load(min(1.0, share * noise.uniform(0.9, 1.1)), int(100 * waiting / workers)) for _ in range(workers)]
        workers = elastic.wanted(loads)
        found.append(workers)
    return found


@pytest.mark.parametrize(("demand", "settled"), [(0.1, 1), (0.6, 1), (1.0, 2), (2.5, 4), (3.9, 6)])
def test_a_steady_load_comes_to_rest_where_there_is_room(demand: float, settled: int) -> None:
    found = simulate([demand] * 600)
    assert found[-1] in (settled, settled + 1)
    assert len(set(found[100:])) == 1  # and stays there
    assert demand / found[-1] <= 0.75


def test_more_than_the_machine_has_is_not_asked_for() -> None:
    assert max(simulate([50.0] * 100, most=4)) == 4
    assert simulate([50.0] * 100, most=1)[-1] == 1


def test_growth_takes_seconds_and_shrinking_minutes() -> None:
    found = simulate([0.1] * 30 + [3.0] * 120 + [0.1] * 600)
    assert found[29] == 1
    assert found[30 + 3 * GROW_AFTER] >= 4
    assert 5 <= found[149] <= 7
    assert found[150 + SHRINK_AFTER - 5] >= found[149] - 1
    assert found[-1] == 1
    assert all(before - after <= 1 for before, after in itertools.pairwise(found[150:]))


def test_a_moment_of_load_or_of_rest_changes_nothing() -> None:
    spikes = [2.0 if second % 20 == 0 else 0.1 for second in range(400)]
    assert set(simulate(spikes)) == {1}
    rests = [0.1 if second % 30 < 10 else 1.8 for second in range(600)]
    assert set(simulate(rests, start=3)[30:]) == {3}


def test_no_worker_is_given_up_that_is_wanted_again_at_once() -> None:
    """On a load near the border between two numbers, with noise, there is no coming and going."""
    for tenth in range(5, 40):
        found = simulate([tenth / 10] * 900, seed=tenth)
        changes = sum(before != after for before, after in itertools.pairwise(found[400:]))
        assert changes <= 1, (tenth, changes)


def test_a_queue_counts_where_the_processor_is_shared() -> None:
    elastic = Elastic(1, 4)
    assert [elastic.wanted([Load(0.4, 200)]) for _ in range(GROW_AFTER)][-1] == 2


HURRIED = """
import sys
from pathlib import Path
from fullcycle.deployment.service import elastic, workers
elastic.GROW_AFTER, elastic.SHRINK_AFTER, elastic.TARGET = 1, 4, 0.2
elastic.EASE = 0.1
import fullcycle.engine.local as local
local.cores = lambda: 2
workers.serve(Path(sys.argv[1]), port=0, workers="auto", ready=lambda address: print(address.url, flush=True))
"""


@pytest.mark.slow
def test_a_service_grows_with_its_load_and_shrinks_without(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"), log="process")
    body = json.dumps({"rows": [row(number) for number in range(500)], "dry_run": True})
    done, statuses = threading.Event(), set()
    service = subprocess.Popen([sys.executable, "-c", HURRIED, here.path], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    url = service.stdout.readline().strip()

    def load() -> None:
        while not done.is_set():
            statuses.add(httpx.post(f"{url}/predict", content=body, timeout=60).status_code)

    lanes = [threading.Thread(target=load) for _ in range(4)]
    try:
        assert len(acknowledgements(here.path)) == 1
        for lane in lanes:
            lane.start()
        wait_for(lambda: len(acknowledgements(here.path)) == 2, 180)
        done.set()
        wait_for(lambda: len(acknowledgements(here.path)) == 1, 180)
        assert httpx.post(f"{url}/predict", content=body, timeout=60).status_code == 200
    finally:
        done.set()
        for lane in lanes:
            lane.join()
        service.terminate()
        service.communicate(timeout=60)
    assert statuses == {200}
    assert service.returncode == 0
