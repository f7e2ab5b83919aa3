"""Baselines stand beside every model, and none that loses to the constant or to LightGBM's defaults passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.baselines import BOOSTED, Baseline, baseline_gates
from fullcycle.development.evaluation import evaluation_of
from fullcycle.development.records import Model, Trial
from fullcycle.development.rule_scores import expert, expert_scores, todays_scores
from fullcycle.development.settings import Knowledge
from fullcycle.development.table import Rows
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, difference, mean_interval
from fullcycle.measure.metrics import log_loss
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.policy import Policy

NAMES = ["constant", BOOSTED, "todays_rule", "expert_rule"]


def beside(world: Any, model: Model) -> dict[str, Baseline]:
    return {it.name: it for it in evaluation_of(model, world.blobs).baselines}


def gates(model: Model) -> dict[str, Finding]:
    return {it.check: it for it in model.findings if it.check.startswith("no_worse_than_")}


def test_baselines_are_evaluated_as_trials_are_and_never_served(world: Any) -> None:
    charter = world.charter(todays_rule={"expression": "x > 0"})
    dataset = world.dataset(world.frame(900))
    expert = Knowledge(expert_rule="choose(x > 0, 0.7, 0.3)")
    model = world.develop(charter, dataset, learners=("linear",), knowledge=expert, folds=1)
    found = beside(world, model)
    assert list(found) == NAMES
    assert model.learner == "linear"
    by_learner = {line.learner: line.loss for line in model.leaderboard}
    assert found["constant"].loss == by_learner["constant"]
    assert 0 < found[BOOSTED].loss < found["constant"].loss
    frame = dataset.rows(world.blobs, "validation")
    known = np.where(frame["x"].is_null(), np.nan, np.where(frame["x"] > 0, 0.7, 0.3))
    rate = dataset.rows(world.blobs, "train")["late"].mean()
    scores = np.where(np.isnan(known), rate, known)
    assert found["expert_rule"].loss == pytest.approx(
        log_loss(frame["late"].to_numpy().astype(float), scores), abs=1e-12
    )
    assert found["todays_rule"].loss < found["constant"].loss  # a rule that knows something
    assert gates(model)["no_worse_than_constant"].passed
    assert found["constant"].difference.point == model.figures["log_loss_minus_constant"].point


def test_a_model_that_is_fitted_anew_is_not_ranked_with_rows_of_another_day(world: Any) -> None:
    charter, dataset = world.charter(), world.dataset(world.frame(400))
    before = world.develop(charter, dataset, learners=("linear",), search="none")
    model = world.develop(charter, dataset, learners=("linear",), search="none", refit=before)
    assert {it.loss for it in beside(world, model).values()} == {None}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_has_its_baselines(world: Any, task: str) -> None:
    target, rule = {"multiclass": ("band", "choose(x > 0, 'a', 'b')"), "regression": ("size", "2 * x")}[task]
    dataset = world.dataset(world.frame(400), target=target)
    model = world.develop(world.charter(task), dataset, knowledge=Knowledge(expert_rule=rule), search_budget="3 trials")
    found = beside(world, model)
    assert list(found) == NAMES
    assert found["expert_rule"].loss < found["constant"].loss
    lines = {line.learner: line.loss for line in model.leaderboard}
    assert found[BOOSTED].loss == lines["lightgbm"]


def test_a_model_that_loses_to_lightgbm_is_rejected(world: Any) -> None:
    random = np.random.default_rng(0)
    frame = world.frame(2000)
    x = random.normal(size=2000)
    late = random.random(2000) < np.where(np.abs(x) > 0.7, 0.9, 0.1)  # what no straight line can tell
    dataset = world.dataset(frame.with_columns(x=pl.Series(x), late=pl.Series(late)))
    model = world.develop(
        world.charter(), dataset, refit=Trial(learner="linear", parameters={"strength": 1.0}, loss=0.0)
    )
    gate = gates(model)[f"no_worse_than_{BOOSTED}"]
    assert (gate.passed, gate.severity) == (False, "reject")
    assert gate.low > 0
    assert beside(world, model)[BOOSTED].loss is None


def test_lightgbm_at_its_defaults_does_not_lose_to_itself(world: Any) -> None:
    model = world.develop(world.charter(), world.dataset(world.frame(400)), learners=("lightgbm",), search="none")
    gate = gates(model)[f"no_worse_than_{BOOSTED}"]
    assert (gate.value, gate.passed) == (0.0, True)


def test_what_nobody_can_tell_is_a_warning(world: Any) -> None:
    blocks = np.repeat(np.arange(20), 10)
    random = np.random.default_rng(0)
    losses, ours = random.normal(1, 0.5, 200), random.normal(1, 0.5, 200)

    def held(name: str, shift: float) -> Baseline:
        test = mean_interval(losses + shift, blocks)
        return Baseline(name=name, loss=None, test=test, difference=difference(ours, losses + shift, blocks))

    charter = world.charter()
    unsure = baseline_gates((held("constant", 0.0), held(BOOSTED, 0.0)), charter)
    assert [(it.passed, it.severity) for it in unsure] == [(False, "warn")] * 2
    better = baseline_gates((held("constant", 1.0), held(BOOSTED, 0.5)), charter)
    assert [(it.passed, it.limit) for it in better] == [(True, 0.0), (True, pytest.approx(0.25))]
    kept = baseline_gates((held("constant", 2.0), held(BOOSTED, 0.0)), charter)[1]
    assert (kept.passed, kept.limit) == (True, pytest.approx(1.0))  # half of the gain of two is not given up
    first, third = (baseline_gates((held("constant", 1.0), held(BOOSTED, 1.0)), charter, reading=k)[0] for k in (1, 3))
    assert third.high > first.high
    exact = Estimate(point=0.0, n=3)
    alone = baseline_gates([Baseline(name=it, loss=None, test=exact, difference=exact) for it in NAMES[:2]], charter)
    assert [it.passed for it in alone] == [True, True]  # one block tells no interval


@pytest.mark.parametrize(
    ("text", "task", "told"),
    [
        ("y > 1", "binary", "column 'y' is missing"),
        ("x >", "binary", "not an expression"),
        ("x > 1", "regression", "no prediction: found 'boolean', expected a number"),
        ("x", "multiclass", "no prediction: found 'float'"),
    ],
)
def test_an_experts_rule_that_is_none_is_told_before_the_search(world: Any, text: str, task: str, told: str) -> None:
    target = {"binary": "late", "multiclass": "band", "regression": "size"}[task]
    with pytest.raises(InputError) as refused:
        world.develop(
            world.charter(task), world.dataset(world.frame(300), target=target), knowledge=Knowledge(expert_rule=text)
        )
    assert told in str(refused.value)
    assert not world.steps("development.trial")


def test_an_experts_number_must_be_a_probability() -> None:
    frame = pl.DataFrame({"x": [0.5, 7.0]})
    rule = expert("x", {"x": "float"}, "binary", "UTC")
    assert rule is not None
    with pytest.raises(InputError, match=r"no probability: found 7\.0"):
        expert_scores(rule, Rows(frame, np.array([0.0, 1.0])), frame, task="binary", classes=2)


def test_a_number_that_is_decided_on_is_the_score_of_a_regression() -> None:
    values = ValueTable(task="regression", currency="EUR")
    policy = Policy(task="regression", actions=(), values=values, todays_rule={"column": "x"}, kinds={"x": "float"})
    known = Rows(pl.DataFrame({"x": [1.0, 2.0]}), np.array([1.0, 3.0]))
    assert todays_scores(policy, known, pl.DataFrame({"x": [5.0, None]}), classes=0).tolist() == [5.0, 2.0]
