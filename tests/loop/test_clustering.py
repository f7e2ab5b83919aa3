"""A clustering through all six rooms: replayed over history, answered, watched and judged, without any outcome."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fullcycle as fc
from fullcycle.business.records import Verdict
from fullcycle.kernel.errors import InputError
from fullcycle.loop.publish import answerer, outcome_reader
from fullcycle.measure.metrics import adjusted_rand
from fullcycle.project.labels import hand_out, take_back

CYCLE = """
[project]
name = "customers"
timezone = "Europe/Berlin"
timeline = "replay"

[scoping]
question = "Which kinds of customers do we have?"
task = "clustering"
entity = "customer"
time = "seen"
label_delay = "0d"
action_changes_outcome = false

[scoping.success]
silhouette = { better_than = "constant" }
stability = { at_least = 0.8 }

[data]
sources = [{ name = "customers", from = "customers.csv" }]

[development]
clusters = [3, 4]

[monitoring]
window = "7d"
rows_at_least = 100

[business]
review = "14d"
retrain = "drift"
"""
LIVE = CYCLE.replace('timeline = "replay"', "")
COLUMNS = """
customer = { type = "category", feature = false }
seen = { type = "time" }
age = { type = "float" }
spend = { type = "float" }
"""
START, END = "2024-03-01", "2024-03-31"


def customers(*, days: int = 90, per_day: int = 25) -> tuple[pl.DataFrame, np.ndarray]:
    """Three kinds of customers; after two and a half months nearly all are of the third."""
    random = np.random.default_rng(11)
    n = days * per_day
    late = np.arange(n) > 75 * per_day
    kind = np.where(late & (random.random(n) < 0.8), 2, random.integers(0, 3, n))
    middles = np.array([[25.0, 100.0], [45.0, 900.0], [70.0, 300.0]])
    age, spend = (middles[kind] + random.normal(size=(n, 2)) * [3, 40]).T
    start = np.datetime64("2024-01-01T00:00:00", "us")
    seen = start + (np.arange(n) * 86_400_000_000 // per_day).astype("timedelta64[us]")
    table = {"customer": [f"c{row:05d}" for row in range(n)], "seen": pl.Series(seen), "age": age, "spend": spend}
    return pl.DataFrame(table), kind


def write(folder: Path, cycle: str = CYCLE) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "cycle.toml").write_text(cycle)
    (folder / "columns.toml").write_text(COLUMNS)
    customers()[0].write_csv(folder / "customers.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> fc.Project:
    project = fc.open_project(write(tmp_path_factory.mktemp("customers")), workers=1)
    project.replay(START, END)
    return project


def test_the_kinds_of_customers_are_found_without_being_told(project: fc.Project) -> None:
    current = project.current
    assert current.charter is not None
    assert current.model is not None
    assert current.dataset is not None
    assert (current.charter.target, current.charter.feasibility.base, current.dataset.classes) == ("", None, ())
    assert current.model.parameters["clusters"] == 3
    frame, kind = customers()
    assert current.release is not None
    found = project.predictor(current.release).predict(frame.with_columns(pl.col("seen").dt.replace_time_zone("UTC")))
    assert adjusted_rand(found["cluster"].to_numpy(), kind) > 0.95


def test_the_leakage_of_a_target_is_not_looked_for_and_that_is_said(project: fc.Project) -> None:
    dataset = project.current.dataset
    assert dataset is not None
    notes = [finding.evidence["because"] for finding in dataset.findings if finding.check == "leakage_of_target"]
    assert notes == ["a clustering has no target"]


def test_a_shift_of_the_shares_is_seen_and_nothing_else_is_judged(project: fc.Project) -> None:
    health = project.current.health
    assert health is not None
    told = {f"{finding.check}:{finding.subject}": finding.passed for finding in health.findings}
    assert told == {"id_conflict:decisions": True, "drift:age": False, "drift:spend": False, "drift:cluster": False}


def test_the_verdict_knows_no_money_and_goes_by_health(project: fc.Project) -> None:
    verdict = project.current.verdict
    assert isinstance(verdict, Verdict)
    assert (verdict.gain, verdict.account, verdict.effect, verdict.known) == (None, None, None, 0)
    assert verdict.reasons[0] == "value=unknown"
    assert "waiting" not in verdict.reasons


def test_decisions_are_logged_with_cluster_and_distance(project: fc.Project) -> None:
    frame, _ = customers()
    rows = frame.head(50).with_columns(pl.col("seen").dt.replace_time_zone("UTC"))
    core = answerer(project.folder)
    table = core.frame(rows, 7)
    assert table.answers.columns == ["id", "cluster", "distance", "variant"]
    assert [row.action for row in table.decisions] == [str(code) for code in table.answers["cluster"].to_list()]
    assert [row.score for row in table.decisions] == table.answers["distance"].to_list()
    alone = [core.row({**row, "seen": row["seen"].isoformat()}, 7) for row in rows.to_dicts()]
    assert [getattr(one, "logged", None) for one in alone] == table.decisions


def test_show_tells_what_is_in_each_cluster(project: fc.Project) -> None:
    command = [sys.executable, "-m", "fullcycle.cli", "show", "model", "--project", str(project.folder.folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert project.current.model is not None
    table = [line.split() for line in told.splitlines()]
    assert ["cluster", "all", "0", "1", "2"] in table
    means = next(line for line in table if line[:2] == ["age,", "mean"])
    assert sorted(float(mean) for mean in means[3:]) == pytest.approx([25, 45, 70], abs=1)


def test_what_needs_an_outcome_is_refused(project: fc.Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="waits for no outcomes"):
        outcome_reader(project.folder)
    with pytest.raises(InputError, match="nothing to label"):
        hand_out(project.folder, datetime(2024, 4, 1, tzinfo=UTC), tmp_path / "sheet.csv", form="csv")
    with pytest.raises(InputError, match="nothing to label"):
        take_back(project.folder, tmp_path / "sheet.csv", tmp_path / "outcomes.csv")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('task = "clustering"', 'task = "binary"', r"\[scoping\] needs 'target'"),
        ('entity = "customer"', 'entity = "customer"\ntarget = "age"', "no use for 'target'"),
        ('entity = "customer"', 'entity = "customer"\nactions = ["mail", "wait"]', "no use for 'actions'"),
        ("stability = {", "roc_auc = {", "unknown figure 'roc_auc'"),
        ("[monitoring]", '[data.split]\nby = "stratified"\n[monitoring]', "no classes to keep alike"),
        ("[3, 4]", "1", "clusters"),
        ("[3, 4]", "[2, 3, 4]", "clusters"),
        ("[3, 4]", "5000", "fewer rows than it takes"),
    ],
)
def test_a_question_that_is_not_one_of_clusters(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in CYCLE
    with pytest.raises(InputError, match=words):
        fc.open_project(write(tmp_path / "bad", LIVE.replace(old, new)), workers=1).develop()


def test_a_control_group_has_nothing_to_keep_to(tmp_path: Path) -> None:
    text = LIVE.replace("[3, 4]", "3") + "\n[deployment]\ncontrol = 0.1\n"
    with pytest.raises(InputError, match="no control group"):
        fc.open_project(write(tmp_path / "bad", text), workers=1).run(to="deployment")
