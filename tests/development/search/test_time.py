"""A budget in time, on a clock of its own: engine, trials and what follows take the seconds that a model of them says."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from fullcycle.development import make
from fullcycle.development.features import expressions, learnable
from fullcycle.development.learners.boosting import NUMBER, PATIENCE
from fullcycle.development.records import Trial
from fullcycle.development.reserve import Sizes, reserve
from fullcycle.development.search import Searched, scheduler, search
from fullcycle.development.search.speed import FEWEST, Speed, fitting, load, pilot, wanted_by
from fullcycle.development.settings import Development, Evaluation
from fullcycle.development.table import Given
from fullcycle.engine import SerialEngine
from fullcycle.engine.serial import LATE, too_long
from fullcycle.kernel.clock import Stopwatch
from fullcycle.kernel.limits import Limit

SIZES = Sizes(known=1000, train=800, test=250, folds=3000, several=True)


class Clock(Stopwatch):
    """Stands still until it is moved."""

    now = 0.0

    @property
    def so_far(self) -> float:
        """Seconds since it was made."""
        return self.now


class Costs(NamedTuple):
    """Seconds that trials take: before the first tree, for a tree, for a linear model; and trees that are wanted."""

    start: float
    tree: float
    linear: float
    wanted: int

    def of(self, learner: str, parameters: Mapping[str, Any]) -> tuple[float, int]:
        """Seconds and trees of a trial."""
        if learner in ("linear", "constant"):
            return (self.linear if learner == "linear" else 0.05), 0
        if "trees" in parameters:
            return self.start + 3 * self.tree * parameters["trees"], 0
        trees = int(self.wanted * 0.1 / parameters["learning_rate"])
        most = int(parameters.get("num_iterations", 500))
        grown = min(trees + PATIENCE, most)
        return self.start + self.tree * grown * (parameters["num_leaves"] / 31) ** 0.7, min(trees, most)


class Simulated:
    """An engine whose workers only say what they would have done, on a clock of its own."""

    def __init__(self, clock: Clock, costs: Costs, *, workers: int = 2, loading: float = 3.0, seed: int = 0) -> None:
        self._clock, self._costs, self._workers, self._loading = clock, costs, workers, loading
        self._random, self._cold = np.random.default_rng(seed), workers

    def map(self, calls: Sequence[Any], *, limit: Limit | None = None) -> Iterator[tuple[int, Any, float]]:
        """As :meth:`fullcycle.engine.LocalEngine.map` would: two by two, each stopped at its limit."""
        limit = limit or Limit()
        begun, free = self._clock.now, [self._clock.now] * self._workers
        found = []
        for place, call in enumerate(calls):
            at = heapq.heappop(free)
            until = np.inf if limit.until is None else begun + limit.until
            result, seconds = self._one(call)
            if at >= until:
                result, seconds = LATE, 0.0
            elif at + seconds > until:
                result, seconds = LATE, until - at
            elif limit.seconds is not None and seconds > limit.seconds:
                result, seconds = too_long(limit.seconds), limit.seconds
            found.append((place, result, seconds))
            heapq.heappush(free, at + seconds)
        self._clock.now = max(free)
        yield from found

    def _one(self, call: Any) -> tuple[Any, float]:
        if getattr(call, "func", None) is load:
            self._cold -= 1  # a worker loads libraries once
            return None, self._loading if self._cold >= 0 else 0.0
        if getattr(call, "func", None) is pilot:
            forest = call.args[1] in ("extra_trees", "random_forest")
            speed = Speed(self._costs.start, self._costs.tree * (3 if forest else 1))
            return speed, speed.start + 24 * speed.tree / 5
        learner, parameters = call.parameters["learner"], call.parameters["parameters"]
        seconds, trees = self._costs.of(learner, parameters)
        loss = 0.6 if learner == "constant" else 0.55 - 0.01 * math.log(1 + seconds) + 0.003 * self._random.random()
        trial = Trial(learner=learner, parameters=parameters, loss=loss, iterations=trees, fold_losses=(loss,) * 5)
        return trial, seconds * self._random.uniform(0.85, 1.15)


def simulated(world: Any, costs: Costs, budget: float, seed: int = 0) -> tuple[float, Searched]:
    """Seconds of a development, and what its search came to; what follows takes what it takes, give or take a fifth."""
    dataset, charter = world.dataset(world.frame(1200)), world.charter()
    settings = Development(search_budget=f"{budget}s", evaluation=Evaluation(), search="random")
    columns = learnable(dataset.columns, charter)
    given = Given(charter, dataset, settings, expressions(columns, dataset.derived), world.blobs)
    clock, taken = Clock(), {}

    def left(trials: Sequence[Trial], seconds: Mapping[str, float], speed: Speed | None) -> float | None:
        taken.update(seconds)
        return reserve(given, SIZES, trials, seconds, speed)

    engine: Any = Simulated(clock, costs, seed=seed)
    found = search(given, run=world.run(), engine=engine, watch=clock, reserve=left)
    tail = reserve(given, SIZES, found.trials, taken, Speed(costs.start, costs.tree)) or 0.0
    return clock.now + tail * np.random.default_rng(seed).uniform(0.8, 1.2), found


@pytest.mark.parametrize(
    ("costs", "budgets"),
    [
        (Costs(0.1, 0.005, 1.0, 100), (20.0, 60.0)),
        (Costs(0.5, 0.02, 5.0, 300), (30.0, 60.0, 300.0)),
        (Costs(1.0, 0.05, 40.0, 60), (30.0, 60.0, 300.0)),
        (Costs(2.0, 0.1, 8.0, 400), (60.0, 300.0, 600.0)),
    ],
)
def test_a_budget_in_time_holds_within_a_tenth(world: Any, costs: Costs, budgets: tuple[float, ...]) -> None:
    for budget, seed in itertools.product(budgets, (0, 1)):
        seconds, found = simulated(world, costs, budget, seed)
        assert 0.9 <= seconds / budget <= 1.1 or (seconds < budget and len(found.tried) == 200)
        assert {it.learner for it in found.trials} >= {"lightgbm"}


def test_a_budget_shorter_than_one_trial_of_the_defaults_still_gives_a_model_of_boosted_trees(world: Any) -> None:
    costs = Costs(2.0, 0.1, 8.0, 400)
    seconds, found = simulated(world, costs, 30.0)
    assert costs.of("lightgbm", {"learning_rate": 0.1, "num_leaves": 31})[0] > 30
    assert [it.iterations for it in found.trials if it.learner == "lightgbm"] == [FEWEST]
    assert seconds < 40


def test_trials_on_slow_rows_come_to_an_end_since_they_learn_faster(world: Any) -> None:
    _, found = simulated(world, Costs(1.0, 0.1, 8.0, 400), 60.0)
    boosted = [it for it in found.trials if it.learner == "lightgbm"]
    assert len(boosted) >= 3
    assert not [it for it in found.tried if it.learner == "lightgbm" and it.stopped]
    assert max(float(it.parameters["learning_rate"]) for it in boosted) == 0.3
    assert all(int(it.parameters["num_iterations"]) >= FEWEST for it in boosted)


def test_where_nothing_ends_in_time_a_constant_is_left(world: Any) -> None:
    _, found = simulated(world, Costs(50.0, 5.0, 50.0, 400), 5.0)
    assert [it.learner for it in found.trials] == ["constant"]


def test_a_time_that_is_too_short_for_anything_is_passed_once(world: Any) -> None:
    _, found = simulated(world, Costs(1.0, 0.1, 8.0, 400), 5.0)
    assert {(it.learner, it.iterations) for it in found.trials} == {("constant", 0), ("lightgbm", FEWEST)}


def test_quick_trials_are_as_they_come() -> None:
    parameters = {"learning_rate": 0.05, "num_leaves": 31}
    assert fitting(parameters, Speed(0.1, 0.001), 60.0) == {**parameters, "num_iterations": 600}
    assert fitting(parameters, Speed(0.1, 0.001), 60.0, wanted=100) == parameters
    assert fitting(parameters, Speed(0.1, 0.001), 60.0, wanted=1000)["num_iterations"] == 2000


def test_more_leaves_take_more_time() -> None:
    found = [fitting({"learning_rate": 0.1, "num_leaves": it}, Speed(0.0, 0.1), 20.0) for it in (31, 127)]
    assert found[0]["num_iterations"] == 200
    assert found[1]["num_iterations"] == 74
    assert found[0]["learning_rate"] < found[1]["learning_rate"]


def test_a_trial_that_was_not_stopped_early_wants_more_trees() -> None:
    assert wanted_by({"learning_rate": 0.1, "num_iterations": 200}, 60) == 102
    assert wanted_by({"learning_rate": 0.1, "num_iterations": 200}, 190) == 400


def test_what_follows_is_told_from_what_the_likeliest_members_took(world: Any) -> None:
    charter, dataset = world.charter(), world.dataset(world.frame(1200))
    quiet = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
    given = Given(charter, dataset, Development(evaluation=quiet, ensemble="none"), (), world.blobs)
    trials = [Trial(learner=name, parameters={}, loss=loss) for name, loss in (("linear", 0.4), ("lightgbm", 0.5))]
    seconds = {trials[0].id: 3.0, trials[1].id: 300.0}
    assert reserve(given, SIZES, (), {}, None) is None
    told = reserve(given, SIZES, trials, seconds, None)
    assert told == pytest.approx(3.0 * 1800 / 3000, abs=0.02)
    with_baseline = reserve(given, SIZES, trials, seconds, Speed(3.0, 0.3))
    assert with_baseline == pytest.approx(1.8 + 33.0 / 3, abs=0.02)


def test_a_pilot_sees_what_trees_cost_and_keeps_still_where_it_cannot(world: Any) -> None:
    given = Given(world.charter(), world.dataset(world.frame(400)), Development(), (), world.blobs)
    for name in ("lightgbm", "extra_trees"):
        found = pilot(given, name)
        assert found is not None
        assert found.tree > 0
        assert found.busy >= 1
    assert pilot(given, "nobody") is None


def test_what_was_fitted_to_a_time_stands_in_the_record_and_is_made_again_without_one(
    world: Any, other_world: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scheduler, "pilot", lambda given, name: Speed(0.0, 1.0))
    quiet = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
    settings: dict[str, Any] = {"search": "none", "search_budget": "60s", "folds": 2, "evaluation": quiet}
    frame = world.frame(400)
    model = world.develop(world.charter(), world.dataset(frame), **settings)
    assert model.trials[0].parameters[NUMBER] == FEWEST
    assert [entry.verb for entry in world.journal.read() if entry.step == "development.speed"] == ["observe"] * 2
    fresh = other_world()
    again = make(
        charter=fresh.charter(),
        dataset=fresh.dataset(frame),
        settings=model.settings,
        trials=model.trials,
        reading=model.reading,
        blobs=fresh.blobs,
        run=fresh.run(),
        engine=SerialEngine(),
    )
    assert again.id == model.id
    assert not [entry for entry in fresh.journal.read() if entry.step == "development.speed"]
