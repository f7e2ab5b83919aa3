"""What was acknowledged is in the table of traffic, once: whoever is killed, and however full the disk is."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fullcycle.deployment.acknowledge import acknowledgements, wait_for_workers
from fullcycle.predictor.bundle import Answer, Predictor
from fullcycle.traffic.append import Mode
from fullcycle.traffic.compact import compact
from fullcycle.traffic.schema import scope_folder
from fullcycle.traffic.tables import Table

from .bundles import SCOPE, Running, bundle, place, route, row
from .lanes import Lanes
from .test_service import wait_for


def table_ids(folder: Path) -> list[str]:
    compact(folder)
    found: list[str] = Table(folder, "decisions").scan().select("id").collect()["id"].to_list()
    return found


def more(lanes: Lanes, count: int) -> Callable[[], bool]:
    wanted = len(lanes.acknowledged) + count
    return lambda: len(lanes.acknowledged) >= wanted


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["durable", "process"])
def test_workers_killed_at_random_under_load(tmp_path: Path, mode: Mode) -> None:
    here, choose = place(tmp_path, bundle(), route("r1"), log=mode), random.Random(3)
    with Running(here.path, workers=2) as running:
        with Lanes(running.told["url"]) as lanes:
            for _ in range(6):
                wait_for(more(lanes, 50), 60)
                running.kill(choose.choice(acknowledgements(here.path)).worker)
                compact(scope_folder(here.root, SCOPE))  # takes what the dead have left while the others write
            wait_for(more(lanes, 50), 60)
        assert running.stop() == 0
    ids = table_ids(scope_folder(here.root, SCOPE))
    assert len(ids) == len(set(ids))
    assert set(lanes.acknowledged) <= set(ids)
    assert lanes.refused == []
    assert lanes.broken > 0
    assert len(set(ids) - set(lanes.acknowledged)) <= lanes.broken  # logged, and not acknowledged any more


@pytest.mark.slow
def test_a_stop_under_load_answers_what_is_under_way(tmp_path: Path) -> None:
    here = place(tmp_path, bundle(), route("r1"))
    with Running(here.path, workers=2) as running, Lanes(running.told["url"]) as lanes:
        wait_for(more(lanes, 100), 60)
        assert running.stop() == 0
    ids = table_ids(scope_folder(here.root, SCOPE))
    assert sorted(ids) == sorted(lanes.acknowledged)  # nothing was logged whose answer did not leave
    assert lanes.refused == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", folder], check=False).returncode
    ):
        pytest.skip("needs the right to mount a tmpfs: run it as root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("mode", ["durable", "process"])
def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(tmp_path: Path, small_disk: Path, mode: Mode) -> None:
    here = place(tmp_path, bundle(), route("r1"), log=mode, traffic=str(small_disk))
    acknowledged: list[str] = []
    with Running(here.path) as running:

        def ask(number: int) -> int:
            response = running.predict(
                *[row(number, id=f"{number}-{it}", flight=f"F{number}-{it}") for it in range(50)]
            )
            if response.status_code == 200:
                acknowledged.extend(one["id"] for one in response.json()["predictions"])
            else:
                assert "No space left on device" in response.json()["detail"]
                assert response.headers["retry-after"] == "5"
            return response.status_code

        number = 0
        while ask(number) == 200:
            number += 1
        assert number > 2
        assert ask(number) == 503
        assert running.client.get("/health/live").status_code == 200
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        assert [ask(number), ask(number + 1)] == [200, 200]  # the same rows again, which were never answered
        assert running.stop() == 0
    ids = table_ids(scope_folder(small_disk, SCOPE))
    assert sorted(ids) == sorted(acknowledged)


@pytest.mark.slow
def test_a_hundred_swaps_under_load(tmp_path: Path) -> None:
    """No request fails, each answer is that of the release which it names, and each swap is acknowledged by every worker."""
    here = place(tmp_path, bundle(), route("r0"), log="process")
    bodies = {f"r{number}": bundle(-1.0 + 0.4 * number) for number in range(5)}
    with Running(here.path, workers=2) as running, Lanes(running.told["url"]) as lanes:
        for turn in range(1, 101):
            name = f"r{turn % 5}" if turn % 3 else "r0"  # back to one that was left a moment ago, too
            here.deploy(bodies[name], route(name, generation=turn + 1))
            assert [one.generation for one in wait_for_workers(here.path)] == [turn + 1] * 2
        wait_for(more(lanes, 20))
    assert (lanes.refused, lanes.broken) == ([], 0)
    assert {answer["release"] for answer in lanes.answers} == set(bodies)
    folder = scope_folder(here.root, SCOPE)
    compact(folder)
    logged = {one["id"]: one for one in Table(folder, "decisions").scan().collect().iter_rows(named=True)}
    predictors = {name: Predictor.load(body) for name, body in bodies.items()}
    for answer in lanes.answers:
        told, kept = answer["predictions"][0], logged[answer["predictions"][0]["id"]]
        assert (kept["release"], kept["score"]) == (answer["release"], told["score"])
        again = predictors[answer["release"]].answer(json.loads(kept["row"]))
        assert isinstance(again, Answer)
        assert again.score == told["score"]
