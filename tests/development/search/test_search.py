"""The search as a whole: a culprit does not stop it, what was tried can be tried again, and a kill costs nothing."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.development import make
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.learners.own import Own
from fullcycle.development.records import Model, Trial
from fullcycle.development.search.trial import beaten, trial
from fullcycle.development.settings import Development, Evaluation
from fullcycle.engine import LocalEngine, SerialEngine
from fullcycle.kernel.errors import ColumnMissing, InputError, OutsideError
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.record import read

KILLED = Path(__file__).with_name("killed.py")
QUICK = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
LEAN: dict[str, Any] = {"learners": ("linear",), "folds": 2, "evaluation": QUICK}


@pytest.fixture
def culprit() -> Iterator[Callable[[Callable[..., Any]], None]]:
    """Registers a learner called ``culprit`` for one test."""

    def register(function: Callable[..., Any]) -> None:
        LEARNERS.add("culprit", Own(function))
        LEARNERS["culprit"].name = "culprit"  # type: ignore[misc]

    yield register
    LEARNERS.remove("culprit")


def findings(model: Model, check: str) -> list[Any]:
    """Subject and reason of the findings of a check."""
    return [(it.subject, it.evidence.get("reason")) for it in model.findings if it.check == check]


def test_a_learner_that_raises_is_left_behind_and_named(world: Any, culprit: Any) -> None:
    def raises(X: Any, y: Any, weight: Any, seed: int) -> Any:
        raise ZeroDivisionError("not today")

    culprit(raises)
    dataset, charter = world.dataset(world.frame(300)), world.charter()
    settings = {**LEAN, "learners": ("linear", "culprit")}
    model = world.develop(charter, dataset, search_budget="5 trials", **settings)
    assert findings(model, "trial_failed") == [("culprit", "ZeroDivisionError: not today")]
    assert {line.learner for line in model.leaderboard} == {"linear", "constant"}
    assert len(model.trials) == 5
    world.develop(charter, dataset, search_budget="6 trials", **settings)  # a raise is kept, and not tried again
    assert world.steps("development.trial").count("step") == 6


def test_a_learner_whose_scores_are_no_numbers_is_left_behind(world: Any, culprit: Any) -> None:
    def odd(X: Any, y: Any, weight: Any, seed: int) -> Any:
        model = LEARNERS["linear"].fit(Training(X, y, "binary", 2, {"strength": 1.0}, seed)).model
        model.scores = lambda matrix: np.full(len(matrix), np.nan)  # type: ignore[method-assign]
        return model

    culprit(odd)
    settings = {**LEAN, "learners": ("linear", "culprit")}
    model = world.develop(world.charter(), world.dataset(world.frame(300)), search_budget="3 trials", **settings)
    assert findings(model, "trial_failed") == [("culprit", "a score is not finite.")]


def test_a_learner_that_never_returns_is_stopped_and_the_model_can_be_made_again_without_it(
    world: Any, other_world: Callable[[], Any], culprit: Any
) -> None:
    def endless(X: Any, y: Any, weight: Any, seed: int) -> Any:
        while True:
            time.sleep(0.01)

    culprit(endless)
    frame, settings = world.frame(300), {**LEAN, "learners": ("linear", "culprit"), "trial_limit": "8s"}
    model = world.develop(world.charter(), world.dataset(frame), search_budget="4 trials", **settings)
    assert findings(model, "trial_failed") == [("culprit", "stopped after 8 s")]
    assert [it.stopped for it in model.trials].count("stopped after 8 s") == 1
    assert world.steps("development.trial") == ["step"] * 3  # what was stopped is not kept as done
    fresh = other_world()
    assert again(fresh, frame, model).id == model.id


def test_a_learner_that_eats_memory_or_dies_is_stopped_in_its_worker(world: Any, tmp_path: Path) -> None:
    from functools import partial

    from fullcycle.project import load_code

    code = tmp_path / "cycle.py"
    code.write_text(
        "import os\n"
        "import fullcycle as fc\n"
        "@fc.learner\n"
        "def hungry(X, y, weight, seed):\n"
        "    raise MemoryError\n"
        "@fc.learner\n"
        "def dying(X, y, weight, seed):\n"
        "    os._exit(7)\n"
    )
    load_code(code)
    try:
        engine = LocalEngine(2, prepare=partial(load_code, code))
        settings = {**LEAN, "learners": ("hungry", "dying", "linear")}
        dataset = world.dataset(world.frame(300))
        model = world.develop(world.charter(), dataset, engine=engine, search_budget="4 trials", **settings)
    finally:
        for name in ("hungry", "dying"):
            LEARNERS.remove(name)
    assert findings(model, "trial_failed") == [("dying", "its process died, exit code 7"), ("hungry", "out of memory")]
    assert {line.learner for line in model.leaderboard} == {"linear", "constant"}


def test_where_every_trial_fails_the_reasons_are_told(world: Any, culprit: Any, monkeypatch: Any) -> None:
    def raises(X: Any, y: Any, weight: Any, seed: int) -> Any:
        raise ZeroDivisionError("not today")

    culprit(raises)
    monkeypatch.setattr(LEARNERS["constant"], "fit", raises, raising=False)
    with pytest.raises(InputError, match="not today"):
        world.develop(world.charter(), world.dataset(world.frame(300)), **{**LEAN, "learners": ("culprit",)})


def test_a_library_that_is_not_there_is_no_failed_trial(world: Any, culprit: Any) -> None:
    def lacks(X: Any, y: Any, weight: Any, seed: int) -> Any:
        raise OutsideError("xgboost is not installed")

    culprit(lacks)
    with pytest.raises(OutsideError, match="not installed"):
        world.develop(world.charter(), world.dataset(world.frame(300)), **{**LEAN, "learners": ("culprit",)})


def test_a_search_that_time_ended_is_made_again_from_its_record(world: Any, other_world: Callable[[], Any]) -> None:
    frame, fresh = world.frame(400), other_world()
    settings = {**LEAN, "search_budget": "40s", "search": "grid", "round": 2}
    model = world.develop(world.charter(), world.dataset(frame), **settings)
    assert len(model.trials) >= 3
    kept = read(model.canonical)
    assert isinstance(kept, Model)
    found = again(fresh, frame, kept)
    assert found.id == model.id
    assert fresh.steps("development.trial") == ["step"] * len(model.trials)
    assert kept.settings == Development(**settings)
    assert kept.libraries["numpy"] == np.__version__


def test_a_killed_search_goes_on_where_it_was(tmp_path: Path) -> None:
    """With SIGKILL, and on other workers afterwards."""
    process = subprocess.Popen([sys.executable, str(KILLED), str(tmp_path / "killed")])
    done = 0
    while process.poll() is None and done < 4:
        time.sleep(0.1)
        done = len(_finished(tmp_path / "killed"))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = _finished(tmp_path / "killed")
    spec = importlib.util.spec_from_file_location("killed", KILLED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert 4 <= len(before) < 13
    assert module.searched(tmp_path / "killed") == module.searched(tmp_path / "undisturbed")
    after = _finished(tmp_path / "killed")
    assert len(after) == len(set(after)) == 13  # nothing was done twice


@pytest.mark.slow
def test_one_worker_and_eight_make_the_same_model(world: Any, other_world: Callable[[], Any]) -> None:
    frame, found = world.frame(500), []
    for place, workers in ((world, 1), (other_world(), 8)):
        model = place.develop(
            place.charter(), place.dataset(frame), engine=LocalEngine(workers), search_budget="24 trials", round=8
        )
        found.append(model)
    assert found[0].id == found[1].id
    assert len(found[0].trials) == 24


def test_a_trial_that_loses_on_the_first_folds_is_given_up(world: Any) -> None:
    assert not beaten([0.6], (0.5,))
    assert not beaten([0.6, 0.6], (0.5,) * 5)
    assert beaten([0.6, 0.7, 0.8], (0.5,) * 5)
    assert not beaten([0.6, 0.7, 0.4], (0.5,) * 5)
    found = trial(
        dataset=world.dataset(world.frame(400)),
        charter=world.charter(),
        learner="constant",
        parameters={},
        settings=Development(folds=5),
        expressions=(),
        bar=(0.1,) * 5,
        blobs=world.blobs,
    )
    assert isinstance(found, Trial)
    assert found.pruned
    assert len(found.fold_losses) == 3


def test_pruned_trials_end_the_leaderboard_and_never_lead(world: Any) -> None:
    settings = {**LEAN, "learners": ("decision_tree", "linear"), "folds": 5, "search": "random"}
    model = world.develop(world.charter(), world.dataset(world.frame(500)), search_budget="12 trials", **settings)
    pruned = [line.pruned for line in model.leaderboard]
    assert pruned == sorted(pruned)
    assert not pruned[0]
    assert all(it.bar for it in model.trials[3:])


def test_a_grid_that_is_at_its_end_ends_the_search(world: Any) -> None:
    model = world.develop(
        world.charter(), world.dataset(world.frame(300)), search="grid", search_budget="40 trials", **LEAN
    )
    assert 4 <= len(model.trials) <= 6


def test_row_weights_teach(world: Any) -> None:
    """Early rows that tell the opposite change little where they have little weight; the column is no feature."""
    early = pl.int_range(600) < 280
    frame = world.frame(600).with_columns(
        w=pl.when(early).then(1e-3).otherwise(1.0),
        late=pl.when(early).then(~pl.col("late")).otherwise(pl.col("late")),
    )
    charter, dataset = world.charter(), world.dataset(frame)
    plain = world.develop(charter, dataset, search="none", **LEAN)
    model = world.develop(charter, dataset, search="none", weight="w", **LEAN)
    assert model.figures["log_loss"].point < plain.figures["log_loss"].point - 0.05
    assert "w scaled" in world.blobs.get(plain.plan).decode() or plain.learner == "constant"
    assert "w scaled" not in world.blobs.get(model.plan).decode()


def test_weights_that_are_none_are_named(world: Any) -> None:
    frame = world.frame(300)
    with pytest.raises(ColumnMissing, match="weight"):
        world.develop(world.charter(), world.dataset(frame), weight="wait", **LEAN)
    with pytest.raises(InputError, match="no weights"):
        world.develop(world.charter(), world.dataset(frame), weight="carrier", **LEAN)
    bad = world.dataset(frame.with_columns(w=pl.int_range(300)))
    with pytest.raises(InputError, match="row 0"):
        world.develop(world.charter(), bad, weight="w", **LEAN)


def again(world: Any, frame: pl.DataFrame, model: Model) -> Model:
    """The model of a record, made again elsewhere."""
    assert model.settings is not None
    return make(
        charter=world.charter(),
        dataset=world.dataset(frame),
        settings=model.settings,
        trials=model.trials,
        reading=model.reading,
        blobs=world.blobs,
        run=world.run(),
        engine=SerialEngine(),
    )


def _finished(folder: Path) -> list[str]:
    """The outputs of the trials that are done."""
    if not (folder / "journal.db").exists():
        return []
    entries = SQLiteJournal(folder / "journal.db").read()
    return [it.outputs[0] for it in entries if it.step == "development.trial" and it.verb == "step"]


def test_old_trials_and_models_are_still_read() -> None:
    body = msgspec.json.encode(
        {"kind": "trial", "version": 1, "parents": [], "learner": "a", "parameters": {}, "loss": 0.5, "iterations": 3}
    )
    old = read(body)
    assert isinstance(old, Trial)
    assert (old.loss, old.iterations, old.fold_losses, old.pruned) == (0.5, 3, (0.5,), False)
