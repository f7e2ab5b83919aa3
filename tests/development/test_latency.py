"""Latency as a constraint: what answers too slowly is not chosen, said so, and out when the model is made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fullcycle.development import chosen, make, policy_of
from fullcycle.development.fit import Final, alone, fit
from fullcycle.development.latency import as_slow, latency_p99, slowest
from fullcycle.development.records import Model, Trial
from fullcycle.development.settings import Development, Evaluation
from fullcycle.development.table import Given
from fullcycle.engine import SerialEngine
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.formats.blend import Blend
from fullcycle.scoping.settings import Limits

QUIET = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
LEAN: dict[str, Any] = {"learners": ("lightgbm", "linear"), "folds": 2, "evaluation": QUIET, "calibrate": False}


def slow_linear(final: Final, given: Any, policy: Any) -> float:
    """Seconds that a machine might take on which linear models are slow."""
    models = [it.model for it in final.model.parts] if isinstance(final.model, Blend) else [final.model]
    return 0.03 if any(it.name == "linear" for it in models) else 0.001


def test_what_answers_too_slowly_is_not_chosen_and_the_model_can_be_made_again(
    world: Any, other_world: Callable[[], Any], monkeypatch: Any
) -> None:
    frame = world.frame(500)
    free = world.develop(world.charter(), world.dataset(frame), search_budget="4 trials", **LEAN)
    assert "linear" in {it.learner for it in free.members}
    charter = world.charter(limits=Limits(latency_p99="20ms"))
    monkeypatch.setattr(chosen, "latency_p99", slow_linear)
    monkeypatch.setattr(chosen, "slowest", lambda final, members: min(members, key=lambda it: it.iterations))
    model = world.develop(charter, world.dataset(frame), search_budget="4 trials", **LEAN)
    assert {it.learner for it in model.members} == {"lightgbm"}
    assert {line.learner for line in model.leaderboard} == {"lightgbm", "constant"}
    told = [it for it in model.findings if it.check == "trial_failed"]
    assert [it.subject for it in told] == ["linear"]
    assert told[0].evidence["reason"] == "its model answers a row in 30 ms (latency_p99), 20 ms are allowed"
    monkeypatch.setattr(chosen, "latency_p99", lambda *given: 1e9)  # another machine is not asked
    fresh = other_world()
    assert again(fresh, charter, frame, model).id == model.id


def test_where_everything_is_too_slow_a_constant_is_left(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chosen, "latency_p99", lambda *given: 1.0)
    charter = world.charter(limits=Limits(latency_p99="20ms"))
    model = world.develop(charter, world.dataset(world.frame(400)), search_budget="3 trials", **LEAN)
    assert [it.learner for it in model.members] == ["constant"]


def test_a_limit_that_is_no_duration_is_a_mistake(world: Any) -> None:
    charter = world.charter(limits=Limits(latency_p99="soon"))
    with pytest.raises(InputError, match="not a duration"):
        world.develop(charter, world.dataset(world.frame(300)), search_budget="2 trials", **LEAN)


def test_a_fitted_model_is_measured_and_its_slowest_member_named(world: Any) -> None:
    dataset, charter = world.dataset(world.frame(400)), world.charter()
    given = Given(charter, dataset, Development(), (), world.blobs)
    linear = Trial(learner="linear", parameters={"strength": 1.0}, loss=0.5)
    forest = Trial(
        learner="extra_trees", loss=0.5, parameters={"trees": 400, "max_features": 1.0, "min_samples_leaf": 1}
    )
    members = tuple(msgspec.structs.replace(alone(it)[0], weight=0.5) for it in (linear, forest))
    final = fit(members, given)
    assert 0 < latency_p99(final, given, policy_of(charter, dataset)) < 10
    assert slowest(final, members).learner == "extra_trees"
    assert slowest(fit(alone(linear), given), alone(linear)).learner == "linear"


def test_larger_models_of_a_learner_are_as_slow() -> None:
    trials = [Trial(learner="lightgbm", parameters={"num_leaves": it}, loss=0.5, iterations=50) for it in (8, 31, 84)]
    other = Trial(learner="linear", parameters={}, loss=0.5)
    assert as_slow(trials[1], [*trials, other]) == trials[1:]
    assert as_slow(other, [*trials, other]) == [other]


def again(world: Any, charter: Any, frame: Any, model: Model) -> Model:
    """The model of a record, made again elsewhere."""
    assert model.settings is not None
    return make(
        charter=charter,
        dataset=world.dataset(frame),
        settings=model.settings,
        trials=model.trials,
        reading=model.reading,
        blobs=world.blobs,
        run=world.run(),
        engine=SerialEngine(),
    )
