"""The stage as a whole: every task goes through, the same model comes out however its trials are run."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from fullcycle.development import make, policy_of
from fullcycle.development.features import FEATURES, feature
from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import Model
from fullcycle.development.settings import Development
from fullcycle.engine import LocalEngine, SerialEngine
from fullcycle.kernel import verbs
from fullcycle.kernel.errors import ColumnMissing, InputError, UnknownKey
from fullcycle.kernel.record import read
from fullcycle.measure.metrics import log_loss, roc_auc
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan
from fullcycle.project import load_code
from fullcycle.scoping.records import Gate


class Backwards:
    """An engine that runs and hands back its calls from the last to the first."""

    def map(self, calls: Sequence[Callable[[], Any]], *, limit: Any = None) -> Iterator[tuple[int, Any, float]]:
        for place in reversed(range(len(calls))):
            yield place, calls[place](), 0.0


class Dies:
    """An engine whose process is killed after so many calls."""

    def __init__(self, after: int) -> None:
        self.left = after

    def map(self, calls: Sequence[Callable[[], Any]], *, limit: Any = None) -> Iterator[tuple[int, Any, float]]:
        for place, call in enumerate(calls):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield place, call(), 0.0


def test_a_binary_model_learns_decides_and_passes_its_gates(world: Any) -> None:
    frame = world.frame()
    gates = (
        Gate(figure="roc_auc", rule="at_least", limit=0.6),
        Gate(figure="log_loss", rule="better_than_constant"),
        Gate(figure="gain_per_1000", rule="at_least", limit=0.0),
        Gate(figure="log_loss", rule="at_most", limit=0.1),
    )
    dataset, charter = world.dataset(frame), world.charter(gates=gates)
    model = world.develop(charter, dataset)
    assert [finding.passed for finding in model.findings[:4]] == [True, True, True, False]
    assert model.parents == (dataset.id, charter.id)
    assert {line.learner for line in model.leaderboard} == {"lightgbm", "linear", "constant"}
    assert [line.loss for line in model.leaderboard] == sorted(line.loss for line in model.leaderboard)
    assert model.leaderboard[-1].learner == "constant"
    assert read(model.canonical) == model
    assert model.trained_rows == 960
    assert model.fits == 3 * 5 + len(model.members)


def test_what_is_stored_gives_the_figures_again(world: Any) -> None:
    frame = world.frame()
    dataset = world.dataset(frame)
    model = world.develop(world.charter(), dataset)
    plan = Plan.from_json(world.blobs.get(model.plan))
    fitted = load(model.format, world.blobs.get(model.fitted))
    test = frame.slice(960)
    scores = fitted.scores(plan.matrix(test))
    kept = np.load(io.BytesIO(world.blobs.get(model.scores)), allow_pickle=False)
    assert scores.tolist() == kept.tolist()
    target = test["late"].cast(pl.Float64).to_numpy()
    assert model.figures["roc_auc"].point == roc_auc(target, scores)
    assert model.figures["log_loss"].point == log_loss(target, scores)
    assert model.figures["base_rate"].point == pytest.approx(target.mean())
    brought = {rule.name for rule in dataset.contract.columns}
    assert {column.name for column in plan.inputs} <= brought - {"id", "late"}
    row = plan.compile()({"x": 0.5, "noise": 0.0, "carrier": "AA", "at": 1.7e15})
    assert np.isfinite(fitted.score(row))


def test_the_same_model_comes_out_in_any_order_and_on_any_number_of_processes(
    world: Any, other_world: Callable[[], Any]
) -> None:
    frame = world.frame(600)
    worlds = [(world, SerialEngine()), (other_world(), Backwards()), (other_world(), LocalEngine(2))]
    models = [
        it.develop(it.charter(), it.dataset(frame), engine=engine, search_budget="9 trials", round=3, folds=2)
        for it, engine in worlds
    ]
    assert len({model.id for model in models}) == 1
    assert len(models[0].leaderboard) == 9
    assert len({line.trial for line in models[0].leaderboard}) == 9


def test_a_search_that_was_killed_goes_on_where_it_was(world: Any, other_world: Callable[[], Any]) -> None:
    frame = world.frame(600)
    dataset, charter = world.dataset(frame), world.charter()
    with pytest.raises(KeyboardInterrupt):
        world.develop(charter, dataset, engine=Dies(5), search_budget="8 trials")
    assert world.steps("development.trial") == ["step"] * 5
    model = world.develop(charter, dataset, search_budget="8 trials")
    done = world.steps("development.trial")
    assert (done.count("step"), done.count("reused")) == (8, 5)
    fresh = other_world()
    assert fresh.develop(fresh.charter(), fresh.dataset(frame), search_budget="8 trials").id == model.id
    world.develop(charter, dataset, search_budget="8 trials")
    assert world.steps("development.make") == ["step", "reused"]


def test_a_longer_search_begins_with_the_trials_of_the_shorter(world: Any) -> None:
    dataset, charter = world.dataset(world.frame(600)), world.charter()
    world.develop(charter, dataset, search_budget="7 trials")
    world.develop(charter, dataset, search_budget="11 trials")
    done = world.steps("development.trial")
    assert (done.count("step"), done.count("reused")) == (11, 7)


@pytest.mark.parametrize("search", ["random", "none", "tpe"])
def test_every_search_ends(world: Any, search: str) -> None:
    model = world.develop(world.charter(), world.dataset(world.frame(400)), search=search, search_budget="5 trials")
    assert len(model.leaderboard) == (3 if search == "none" else 5)


def test_a_budget_that_is_too_short_for_anything_still_gives_a_model(world: Any) -> None:
    model = world.develop(world.charter(), world.dataset(world.frame(400)), search_budget="1ms", round=2)
    assert {line.learner for line in model.leaderboard} > {"constant"}


def test_retraining_takes_a_trial_as_it_is(world: Any) -> None:
    dataset, charter = world.dataset(world.frame()), world.charter()
    model = world.develop(charter, dataset)
    best = world.run().get(model.leaderboard[0].trial)
    before = len(world.steps("development.trial"))
    again = world.develop(charter, dataset, refit=best)
    assert len(world.steps("development.trial")) == before
    assert (again.plan, again.fitted, again.figures) == (model.plan, model.fitted, model.figures)
    assert (again.fits, [line.trial for line in again.leaderboard]) == (1, [best.id])


def test_a_multiclass_model(world: Any) -> None:
    gates = (Gate(figure="log_loss", rule="better_than_constant"), Gate(figure="accuracy", rule="at_least", limit=0.5))
    dataset = world.dataset(world.frame(), target="band")
    for learners in ("auto", ("linear",)):
        model = world.develop(world.charter("multiclass", gates=gates), dataset, learners=learners)
        assert [finding.passed for finding in model.findings[:2]] == [True, True]
        scores = np.load(io.BytesIO(world.blobs.get(model.scores)))
        assert scores.shape == (240, 3)
        assert model.policy.values.classes == ("high", "low", "middle")
        assert set(model.figures) >= {"log_loss", "brier", "accuracy", "log_loss_minus_constant"}


def test_a_regression(world: Any) -> None:
    gates = (Gate(figure="rmse", rule="better_than_constant"), Gate(figure="r2", rule="at_least", limit=0.2))
    dataset = world.dataset(world.frame(), target="size")
    for learners in ("auto", ("linear",)):
        model = world.develop(world.charter("regression", gates=gates), dataset, learners=learners)
        assert [finding.passed for finding in model.findings[:2]] == [True, True]
        assert set(model.figures) >= {"mae", "rmse", "r2", "mean", "squared_error_minus_constant"}


def test_noise_does_not_beat_a_constant(world: Any) -> None:
    frame = world.frame(signal=0.0)
    gates = (Gate(figure="log_loss", rule="better_than_constant"), Gate(figure="roc_auc", rule="at_least", limit=0.51))
    model = world.develop(world.charter(gates=gates), world.dataset(frame, after=("late", "size", "band")))
    assert [finding.passed for finding in model.findings[:2]] == [False, False]


def test_one_class_in_training_is_named(world: Any) -> None:
    frame = world.frame(200).with_columns(late=pl.int_range(200) > 190)
    with pytest.raises(InputError, match="one class only"):
        world.develop(world.charter(), world.dataset(frame))


def test_a_learner_or_budget_that_is_wrong_is_named(world: Any) -> None:
    dataset = world.dataset(world.frame(200))
    with pytest.raises(UnknownKey, match="lightgbm"):
        world.develop(world.charter(), dataset, learners=("lightgmb",))
    with pytest.raises(InputError, match="40 trials"):
        world.develop(world.charter(), dataset, search_budget="0 trials")
    with pytest.raises(InputError, match="not a duration"):
        world.develop(world.charter(), dataset, search_budget="soon")


def test_values_may_not_read_what_is_known_later(world: Any) -> None:
    dataset = world.dataset(world.frame(200))
    rule = {"expression": "size > 0"}
    with pytest.raises(ColumnMissing, match="size"):
        world.develop(world.charter(todays_rule=rule), dataset)
    assert "size" not in policy_of(world.charter(), dataset).kinds


def test_a_feature_of_the_project_joins_the_plan_and_its_change_the_key(world: Any) -> None:
    @feature
    def warmth(c: Any) -> str:
        return f"{c.x} * 2 + {c.noise}"

    try:
        dataset = world.dataset(world.frame(400))
        model = world.develop(world.charter(), dataset, learners=("linear",))
        plan = Plan.from_json(world.blobs.get(model.plan))
        assert "warmth scaled" in plan.features
        FEATURES.add("warmth", lambda c: c.nose)
        with pytest.raises(ColumnMissing, match="noise"):
            make(
                charter=world.charter(),
                dataset=dataset,
                settings=Development(search_budget="1 trials"),
                blobs=world.blobs,
                run=world.run(),
                engine=SerialEngine(),
            )
    finally:
        FEATURES.remove("warmth")


def test_a_learner_of_the_project_joins_the_portfolio_in_workers_too(world: Any, tmp_path: Path) -> None:
    code = tmp_path / "cycle.py"
    code.write_text(
        "import numpy as np\n"
        "import fullcycle as fc\n"
        "from fullcycle.predictor.formats.linear import Linear\n"
        "@fc.learner\n"
        "def only_x(X, y, weight, seed):\n"
        "    return Linear(np.r_[np.zeros(1), 1.5, np.zeros(X.shape[1] - 2)], 0.0, 'sigmoid')\n"
    )
    load_code(code)
    try:
        engine = LocalEngine(2, prepare=functools.partial(load_code, code))
        dataset = world.dataset(world.frame(400))
        model = world.develop(world.charter(), dataset, engine=engine, search_budget="4 trials")
        assert {line.learner for line in model.leaderboard} == {"lightgbm", "linear", "only_x", "constant"}
    finally:
        LEARNERS.remove("only_x")


def test_progress_is_told_after_each_round(world: Any) -> None:
    told: list[tuple[str, int, int]] = []
    make(
        charter=world.charter(),
        dataset=world.dataset(world.frame(400)),
        settings=Development(search_budget="8 trials", learners=("linear",)),
        blobs=world.blobs,
        run=world.run(),
        engine=SerialEngine(),
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    assert [(done, total) for _, done, total in told] == [(2, 8), (6, 8), (8, 8)]
    assert all(what.startswith("developing: trials, best 0.") and "(linear)" in what for what, _, _ in told)


def test_the_record_keeps_no_count_of_time(world: Any) -> None:
    names = {field.name for field in msgspec.structs.fields(Model)}
    assert not names & {"seconds", "duration", "latency"}


def test_a_new_version_of_a_learners_library_is_another_trial(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, charter = world.dataset(world.frame(300)), world.charter()
    settings: dict[str, Any] = {"learners": ("xgboost", "linear"), "search": "none"}
    pytest.importorskip("xgboost", reason="pip install 'fullcycle[xgboost]'")
    world.develop(charter, dataset, **settings)
    monkeypatch.setitem(verbs._FOUND, "xgboost-cpu", "0.0.1")
    world.develop(charter, dataset, **settings, seed=0, round=3)  # other settings, so that the step itself runs again
    assert world.steps("development.trial") == ["step"] * 3 + ["reused"] * 2 + ["step"]
