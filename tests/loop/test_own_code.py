"""A project's own Python, registered from cycle.py as our own parts are. Each run is a process, since registries are global."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shop import orders, write_shop

OWN = """
import json
from pathlib import Path

import numpy as np
import polars as pl

import fullcycle as fc
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.formats.linear import Linear

HERE = Path(__file__).parent


@fc.source
def tickets(since):
    return pl.read_csv(HERE / "orders.csv", infer_schema=False)


@fc.clean
def tidy(frame):
    return frame.with_columns(pl.col("category").str.to_lowercase())


@fc.feature
def dear(c):
    return "price > 100"


@fc.metric
def top_share(actual, score, weight):
    top = score >= np.quantile(score, 0.8)
    return float(actual[top].mean() / max(actual.mean(), 1e-9))


@fc.learner
def by_hand(X, y, weight, seed):
    centred = X - X.mean(axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-9)
    slopes = (centred * (y - y.mean())[:, None]).mean(axis=0) / spread**2
    return Linear(slopes * 4, float(np.log(y.mean() / (1 - y.mean())) - (X.mean(axis=0) * slopes * 4).sum()), "sigmoid")


@fc.behaviour
def shoes_come_back_more_often_than_books(predict):
    row = {"order": "o", "ordered_at": ["2024-05-01T12:00:00"] * 2, "price": [70.0] * 2, "channel": ["web"] * 2}
    frame = pl.DataFrame({**row, "category": ["books", "shoes"]})
    frame = frame.with_columns(pl.col("ordered_at").str.to_datetime(time_unit="us", time_zone="UTC"))
    books, shoes = predict(frame)
    passed = bool(shoes BETTER books)
    return [Finding(check="direction", subject="category", value=float(shoes - books), limit=0.0, passed=passed)]


@fc.alert_channel
def file(alert):
    with (HERE / "alerts.jsonl").open("a") as lines:
        lines.write(json.dumps({"health": alert.health, "failed": alert.failed}) + "\\n")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullcycle.cli", *arguments, "--project", str(folder), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def own(folder: Path, better: str) -> Path:
    rows = orders(days=160)
    write_shop(
        folder,
        rows.with_columns(rows["category"].str.to_uppercase()),
        learners='["linear", "by_hand"]',
        trials=3,
        retrain="never",
    )
    text = (folder / "cycle.toml").read_text().replace('from = "orders.csv"', 'from = "python:tickets"')
    (folder / "cycle.toml").write_text(
        text.replace("[scoping.limits]", "top_share = { at_least = 1.1 }\n\n[scoping.limits]")
    )
    (folder / "cycle.py").write_text(OWN.replace("BETTER", better))
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = own(tmp_path_factory.mktemp("own"), ">")
    found = run(folder, "replay", "--from", "2024-04-10", "--to", "2024-05-20")
    assert found.returncode == 0, found.stderr
    return folder


def test_everything_registered_takes_part(project: Path) -> None:
    model = json.loads(run(project, "show", "model").stdout)
    text = json.dumps(model)
    assert {"by_hand", "linear", "constant"} <= {line["learner"] for line in model["record"]["leaderboard"]}, text[
        :2000
    ]
    checks = {finding["check"]: finding["passed"] for finding in model["record"]["findings"]}
    assert checks["direction"] is True
    assert checks["top_share"] is True
    dataset = json.loads(run(project, "show", "dataset").stdout)
    assert set(dataset["record"]["profile"]["category"]["sketch"]["categories"]) == {"books", "shoes", "coats", "toys"}


def test_a_channel_is_told_once_of_each_health(project: Path) -> None:
    def told() -> list[str]:
        path = project / "alerts.jsonl"
        return [json.loads(line)["health"] for line in path.read_text().splitlines()] if path.exists() else []

    before = told()
    assert before
    assert len(before) == len(set(before))
    assert run(project, "monitor").returncode == 0
    assert told() == before


def test_a_behaviour_that_fails_stops_the_release(tmp_path: Path) -> None:
    folder = own(tmp_path / "failing", "<")
    found = run(folder, "replay", "--from", "2024-04-10", "--to", "2024-04-12")
    assert found.returncode == 1
    assert "direction of category" in found.stderr
