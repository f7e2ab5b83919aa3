"""The study: the same seed asks the same; grids end, know what was tried, and stay within the learner's ranges."""

from __future__ import annotations

from typing import Any

import pytest

from fullcycle.development.learners import LEARNERS
from fullcycle.development.records import Trial
from fullcycle.development.search.budget import Budget
from fullcycle.development.search.portfolio import proposals
from fullcycle.development.search.study import grid, study_of
from fullcycle.development.settings import Development, Knowledge
from fullcycle.kernel.errors import InputError

LIGHTGBM = LEARNERS["lightgbm"]


def leader(**changes: Any) -> Trial:
    """A trial of LightGBM's defaults, or others."""
    return Trial(learner="lightgbm", parameters={**LIGHTGBM.default(), **changes}, loss=0.5, fold_losses=(0.5,) * 3)


@pytest.mark.parametrize("search", ["tpe", "random", "grid"])
def test_the_same_seed_asks_for_the_same(search: Any) -> None:
    settings = Development(search=search)
    asked = []
    for _ in range(2):
        study = study_of(LIGHTGBM, leader(), (leader(),), settings)
        first = study.ask(3)
        study.tell([leader(**first[0]), None, Trial(learner="lightgbm", parameters={}, loss=0.6, pruned=True)])
        asked.append(first + study.ask(2))
    assert asked[0] == asked[1]
    assert all(it.keys() == LIGHTGBM.default().keys() for it in asked[0])


def test_a_grid_ends_and_leaves_out_what_was_tried() -> None:
    learner = LEARNERS["extra_trees"]
    tried = Trial(
        learner="extra_trees", parameters={"trees": 200, "max_features": 0.55, "min_samples_leaf": 10}, loss=1
    )
    study = study_of(learner, tried, (tried,), Development(search="grid"))
    points = study.ask(100)
    assert len(points) == 8
    assert tried.parameters not in points
    assert study.ask(1) == []
    assert sorted({it["min_samples_leaf"] for it in points}) == [1, 10, 100]


@pytest.mark.parametrize("name", [name for name in LEARNERS if LEARNERS[name].default()])
def test_every_learner_has_a_grid_of_fair_size(name: str) -> None:
    values = grid(LEARNERS[name])
    assert values
    assert all(1 <= len(it) <= 8 for it in values.values())


def test_what_the_leader_has_beside_its_own_parameters_stays() -> None:
    study = study_of(LIGHTGBM, leader(extra_trees=True), (leader(), leader(extra_trees=True)), Development())
    assert all(it["extra_trees"] is True for it in study.ask(2))


def test_the_portfolio_follows_rows_and_what_is_declared() -> None:
    first, further = proposals(Development(), "binary", (), 10_000)
    assert [it.learner for it in first] == ["lightgbm", "linear", "constant"]
    assert {it.learner for it in further} == {"lightgbm", "extra_trees", "random_forest"}
    assert {it.learner for it in proposals(Development(), "binary", (), 200_000)[1]} == {"lightgbm"}
    bound = Development(knowledge=Knowledge(monotone={"x": "up"}))
    assert {it.learner for it in proposals(bound, "binary", (), 10_000)[1]} == {"lightgbm"}
    assert proposals(Development(learners=("linear",)), "binary", (), 10_000)[1] == []


def test_a_budget_in_time_is_shared_out() -> None:
    budget = Budget.read("5m")
    assert budget.left(3, 100.0, 30.0, 0.6) == 197
    assert budget.left(3, 162.0, 30.0, 0.6) == 0
    assert budget.left(3, 269.0, 30.0) == 197
    assert budget.limit(0.0, 1800.0, 30.0) == (90.0, 270.0, None)
    assert budget.limit(200.0, 1800.0, 30.0).seconds == 27.0
    assert budget.limit(200.0, 20.0, 30.0).seconds == 20.0
    assert budget.limit(200.0, 1800.0, 30.0, expected=40.0).seconds == 60.0
    assert budget.limit(260.0, 1800.0, 30.0, first=True).until == 75.0
    assert budget.share(0.0, 30.0) == 45.0
    assert Budget.read("40 trials").limit(1e6, 1800.0, 0.0).until is None
    assert Budget.read("40 trials").share(1e6, 0.0) == float("inf")
    with pytest.raises(InputError, match="nought"):
        Budget.read("0 trials")
