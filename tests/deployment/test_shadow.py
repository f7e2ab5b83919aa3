"""A shadow in a real service: logged beside what is answered; hanging or crashing, it is not noticed."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest

from fullcycle.deployment.answer import Answer
from fullcycle.deployment.service.shadow import Mirror
from fullcycle.deployment.serving import load_shadow, read_serving, write_serving
from fullcycle.deployment.split import SplitAnswerer
from fullcycle.kernel.record import digest
from fullcycle.kernel.state import Route, Share
from fullcycle.predictor.bundle import Predictor
from fullcycle.traffic.read import Traffic

from .bundles import KEY, SCOPE, Place, Running, bundle, place, route, row
from .test_service import wait_for

SHADOWED = Route(generation=1, shares=(Share(release="r1", share=1.0),), shadow="r2")


@pytest.fixture
def here(tmp_path: Path) -> Place:
    found = place(tmp_path, bundle(), route("r1"))
    both = (bundle(), bundle(0.5))
    bundles = dict(zip(("r1", "r2"), map(digest, both), strict=True))
    found.serving = msgspec.structs.replace(found.serving, route=SHADOWED, bundles=bundles)
    write_serving(found.path, found.serving, both)
    return found


@pytest.fixture
def service(here: Place) -> Iterator[Running]:
    with Running(here.path) as running:
        wait_for(lambda: bool(shadows_of(running.told["workers"][0])))
        yield running


def shadows_of(worker: int) -> list[int]:
    """Process ids of a worker's shadow."""
    return [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()] or [
        int(pid) for task in Path(f"/proc/{worker}/task").iterdir() for pid in (task / "children").read_text().split()
    ]


def logged(here: Place) -> pl.DataFrame:
    traffic = Traffic(here.root, SCOPE)
    return traffic.answered(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))[0]


def heard(here: Place) -> int:
    return int((logged(here)["variant"] == "shadow").sum())


def test_the_shadow_is_logged_and_the_client_hears_the_champion(service: Running, here: Place) -> None:
    service.predict(row(0))
    wait_for(lambda: heard(here) == 1)  # it is up
    rows = [row(number) for number in range(1, 100)]
    body = service.predict(*rows).json()["predictions"]
    assert {one["variant"] for one in body} == {"champion"}
    wait_for(lambda: heard(here) == 100)
    service.predict(row(500), dry_run=True)
    service.predict(rows[0])  # again: it has its answer
    frame = logged(here)
    shadow, champion = (frame.filter(pl.col("variant") == name).sort("id") for name in ("shadow", "champion"))
    assert shadow["id"].to_list() == champion["id"].to_list()
    assert set(shadow["release"]) == {"r2"}
    wanted = Predictor.load(bundle(0.5))
    found = dict(zip(shadow["id"], shadow["score"], strict=True))
    assert found[body[0]["id"]] == wanted.answer(rows[0]).score
    assert 'shadow_rows_total{worker="' in service.client.get("/metrics").text


def test_a_hanging_shadow_costs_rows_of_the_shadow_alone(service: Running, here: Place) -> None:
    (shadow,) = shadows_of(service.told["workers"][0])
    os.kill(shadow, signal.SIGSTOP)
    try:
        for number in range(4):
            rows = [row(1000 * number + one, note="x" * 900) for one in range(500)]
            assert len(service.predict(*rows).json()["predictions"]) == 500
        text = service.client.get("/metrics").text
        dropped = [line for line in text.splitlines() if 'result="dropped"' in line]
        assert int(dropped[0].split()[-1]) > 0
    finally:
        os.kill(shadow, signal.SIGCONT)
    frame = logged(here)
    assert (frame["variant"] == "champion").sum() == 2000


@pytest.mark.slow
def test_a_killed_shadow_is_started_again(service: Running, here: Place) -> None:
    worker = service.told["workers"][0]
    (shadow,) = shadows_of(worker)
    os.kill(shadow, signal.SIGKILL)
    assert service.predict(row(1)).status_code == 200
    wait_for(lambda: bool(shadows_of(worker)) and shadows_of(worker) != [shadow])
    numbers = iter(range(2, 10_000))

    def answered() -> bool:
        assert service.predict(row(next(numbers))).status_code == 200
        return heard(here) > 0

    wait_for(answered)


def test_it_ends_with_the_route_and_with_its_worker(service: Running, here: Place) -> None:
    worker = service.told["workers"][0]
    (shadow,) = shadows_of(worker)
    write_serving(here.path, msgspec.structs.replace(here.serving, route=route("r1", generation=2)))
    wait_for(lambda: not shadows_of(worker))
    write_serving(
        here.path, msgspec.structs.replace(here.serving, route=msgspec.structs.replace(SHADOWED, generation=3))
    )
    wait_for(lambda: bool(shadows_of(worker)))
    (shadow,) = shadows_of(worker)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{shadow}").exists())


def test_rows_are_dropped_while_nobody_is_there(here: Place) -> None:
    rows: Counter[str] = Counter()
    mirror = Mirror(here.path, lambda: here.serving, rows)
    predictors = {"r1": Predictor.load(bundle()), "r2": Predictor.load(bundle(0.5))}
    answerer = SplitAnswerer(predictors, SHADOWED, scope=SCOPE, entity="flight", time="departure", key=KEY)
    answer = answerer.row(row(1), 7)
    assert isinstance(answer, Answer)
    mirror.offer([answer])
    assert rows == {"offered": 1, "dropped": 1}


def test_a_row_alone_and_in_a_table_are_shadowed_alike(here: Place) -> None:
    predictors = {"r1": Predictor.load(bundle()), "r2": Predictor.load(bundle(0.5))}
    answerer = SplitAnswerer(predictors, SHADOWED, scope=SCOPE, entity="flight", time="departure", key=KEY)
    rows = [row(number) for number in range(50)]
    table = answerer.frame(pl.DataFrame(rows), 7)
    shadow = load_shadow(here.path, read_serving(here.path))
    alone = [shadow.row(one, logged) for one, logged in zip(rows, table.decisions, strict=True)]
    assert alone == table.said
