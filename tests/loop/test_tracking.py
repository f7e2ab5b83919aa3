"""Models and their trials on a real MLflow server: all of it, once, and a dead server fails nothing."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

import fullcycle as fc
from fullcycle.development.mlflow import MLflow
from fullcycle.development.tracking import MODEL, Tracked
from fullcycle.kernel.clock import SystemClock
from fullcycle.kernel.errors import OutsideError
from fullcycle.loop.tracking import tracking
from mlflow_server import started

ADDRESS = "SHOP_MLFLOW"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture
def tracked(shop: Path) -> Path:
    toml = shop / "cycle.toml"
    toml.write_text(toml.read_text() + f'\n[platform.dev]\nmlflow = "${{{ADDRESS}}}"\n')
    return shop


def runs(address: str, where: str = "") -> list[dict[str, Any]]:
    asked = {"experiment_ids": ["1"], "filter": where, "max_results": 100}
    with urllib3.PoolManager() as pool:
        return list(pool.request("POST", f"{address}/api/2.0/mlflow/runs/search", json=asked).json().get("runs", []))


def tags(run: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def state(folder: Path, model: fc.Model) -> Any:
    project = fc.open_project(folder, workers=1)
    return tracking(project._turn.run.state.refresh(), model.id)


def test_a_server_that_is_not_there_fails_nothing_and_is_told(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fc.open_project(tracked, workers=1).develop()
    assert "'SHOP_MLFLOW' is not set" in state(tracked, model).problem
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv(ADDRESS, f"http://ana:s3cret@127.0.0.1:{taken.getsockname()[1]}")
        assert fc.open_project(tracked, workers=1).develop() == model
    found = state(tracked, model)
    assert (found.logged, "does not answer" in found.problem) == (False, True)
    assert "s3cret" not in found.problem


@pytest.mark.slow  # the server's environment is made first
def test_a_model_and_its_trials_are_logged_once(tracked: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Path(shutil.copytree(tracked, tracked.parent / "elsewhere"))
    monkeypatch.setenv(ADDRESS, server)
    model = fc.open_project(tracked, workers=1).develop()
    assert state(tracked, model).logged
    found = runs(server)
    assert len(found) == 1 + len(model.leaderboard)
    parent = next(run for run in found if MODEL in tags(run))
    metrics = {it["key"]: it["value"] for it in parent["data"]["metrics"]}
    auc = model.figures["roc_auc"]
    assert [metrics[name] for name in ("roc_auc", "roc_auc.low", "roc_auc.high")] == [auc.point, auc.low, auc.high]
    assert (tags(parent)[MODEL], tags(parent)["fullcycle.dataset"]) == (model.id, model.parents[0])
    children = [run for run in found if tags(run).get("mlflow.parentRunId") == parent["info"]["run_id"]]
    assert {tags(run)["fullcycle.trial"] for run in children} == {line.trial for line in model.leaderboard}
    assert {run["info"]["status"] for run in found} == {"FINISHED"}
    with urllib3.PoolManager() as pool:
        listed = pool.request("GET", f"{server}/api/2.0/mlflow/artifacts/list?run_id={parent['info']['run_id']}").json()
        kept = pool.request(
            "GET", f"{server}/get-artifact?run_id={parent['info']['run_id']}&path=card.md"
        ).data.decode()
    assert {file["path"] for file in listed["files"]} == {"card.md", "card.html"}
    assert model.id in kept
    fc.open_project(tracked, workers=1).develop()
    fc.open_project(elsewhere, workers=1).develop()  # as after a crash before the result was written down
    assert runs(server) == found


def test_a_run_that_a_crash_left_open_is_finished(server: str) -> None:
    one = Tracked(name="x", tag=MODEL, parameters={"a": "1"}, metrics={"loss": 0.5}, tags={MODEL: "abc"}, seconds=2.0)
    at = SystemClock().now()
    with MLflow(server) as client:
        experiment = client.experiment("other project")
        assert client.experiment("other project") == experiment
        begun = client._create(experiment, one, int(at.timestamp() * 1000), "")
        assert client.log(experiment, one, at=at) == begun == client.log(experiment, one, at=at)
        assert client._search(experiment, "")[0]["info"]["status"] == "FINISHED"


def test_another_server_is_no_mlflow(server: str) -> None:
    with MLflow(f"{server}/static-files") as client, pytest.raises(OutsideError, match=r"no MLflow server|refused"):
        client.experiment("x")
