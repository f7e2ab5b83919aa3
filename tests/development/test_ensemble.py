"""Ensembles: the greedy choice, against trying all; adopted where they gain, and not where chance says so."""

from __future__ import annotations

import io
import itertools
from typing import Any

import msgspec
import numpy as np
import pytest

from fullcycle.development.ensemble import candidates, ensemble, select
from fullcycle.development.fit import member
from fullcycle.development.out_of_fold import OutOfFold
from fullcycle.development.records import Trial
from fullcycle.development.settings import Development, Evaluation
from fullcycle.measure.metrics import log_loss
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan

QUICK = Evaluation(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)


def drawn(n: int, *, spoilt: float, seed: int = 0, models: int = 3) -> tuple[OutOfFold, list[Trial]]:
    """Models of one truth, each with noise of its own on its log-odds."""
    random = np.random.default_rng(seed)
    z = random.normal(size=n) * 2
    target = (random.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    scores = [1 / (1 + np.exp(-(z + spoilt * random.normal(size=n)))) for _ in range(models)]
    trials = [Trial(learner=f"m{place}", parameters={}, loss=log_loss(target, one)) for place, one in enumerate(scores)]
    rows = OutOfFold(target, np.arange(n) // 10, {it.id: one for it, one in zip(trials, scores, strict=True)})
    return rows, trials


def test_models_whose_mistakes_differ_are_blended_and_the_gain_is_told() -> None:
    rows, trials = drawn(4_000, spoilt=1.5)
    members, (note,) = ensemble(trials, rows, Development(), task="binary")
    assert len(members) == 3
    assert sum(it.weight for it in members) == pytest.approx(1)
    best = min(it.loss for it in trials)
    assert note.evidence["adopted"] is True
    assert note.value == pytest.approx(best - log_loss(rows.target, rows.blended(members)), rel=0.3)


def test_a_gain_within_its_standard_error_is_not_adopted() -> None:
    rows, trials = drawn(3_000, spoilt=0.0)
    nearly = {it.id: np.clip(rows.scores[it.id] + 1e-4 * place, 0, 1) for place, it in enumerate(trials)}
    members, notes = ensemble(trials, rows._replace(scores=nearly), Development(), task="binary")
    assert len(members) == 1
    assert all(note.evidence["adopted"] is False for note in notes)


def test_copies_of_the_best_are_adopted_at_most_rarely() -> None:
    """A/A: candidates that differ by chance alone; a search must not gain by looking often."""
    adopted = 0
    for seed in range(30):
        random = np.random.default_rng(seed)
        target = (random.random(2_000) < 0.3).astype(float)
        scores = [np.clip(0.3 + 0.002 * random.normal(size=2_000), 0.01, 0.99) for _ in range(4)]
        trials = [Trial(learner=f"m{it}", parameters={}, loss=log_loss(target, one)) for it, one in enumerate(scores)]
        rows = OutOfFold(target, np.arange(2_000) // 10, {it.id: s for it, s in zip(trials, scores, strict=True)})
        adopted += len(ensemble(trials, rows, Development(), task="binary")[0]) > 1
    assert adopted <= 7


@pytest.mark.parametrize(("asked", "most"), [("none", 1), ("auto", 3), ("max_accuracy", 6)])
def test_how_many_members_serve_is_a_setting(asked: Any, most: int) -> None:
    rows, trials = drawn(4_000, spoilt=2.0, models=6)
    members, _ = ensemble(trials, rows, Development(ensemble=asked), task="binary")
    assert (1 if asked == "none" else 2) <= len(members) <= most
    assert asked != "max_accuracy" or len(members) > 3


def test_the_greedy_choice_is_near_the_best_of_all_weights() -> None:
    rows, trials = drawn(1_000, spoilt=1.5, seed=3)
    scores = [rows.scores[it.id] for it in trials]
    counts = select(scores, rows.target, "binary", most=3)
    found = log_loss(rows.target, sum(c * s for c, s in zip(counts, scores, strict=True)) / sum(counts))
    grid = [w for w in itertools.product(range(11), repeat=3) if sum(w) == 10]
    least = min(log_loss(rows.target, sum(c * s for c, s in zip(w, scores, strict=True)) / 10) for w in grid)
    assert found <= least + 5e-4


def test_on_few_rows_few_are_looked_at_and_never_what_cannot_serve() -> None:
    trials = [Trial(learner=f"m{it}", parameters={}, loss=0.5 + it / 100) for it in range(9)]
    trials += [
        Trial(learner="pruned", parameters={}, loss=0.1, pruned=True),
        Trial(learner="constant", parameters={}, loss=0.2),
    ]
    assert [len(candidates(trials, n)) for n in (400, 2_000, 10_000)] == [1, 2, 9]
    assert {it.learner for it in candidates(trials, 10**6)} == {f"m{it}" for it in range(9)}
    twice = [Trial(learner=it, parameters={}, loss=0.5, scores="same") for it in "ab"]
    assert [it.learner for it in candidates(twice, 10**6)] == ["a"]


def test_a_regression_and_several_classes() -> None:
    random = np.random.default_rng(0)
    y = random.normal(size=3_000)
    scores = [y + random.normal(size=3_000) for _ in range(2)]
    trials = [Trial(learner=it, parameters={}, loss=1.0) for it in "ab"]
    rows = OutOfFold(y, np.arange(3_000), {it.id: s for it, s in zip(trials, scores, strict=True)})
    assert len(ensemble(trials, rows, Development(), task="regression")[0]) == 2
    codes = np.digitize(y, [-0.5, 0.5]).astype(float)
    noisy = [np.exp(-np.abs((y + random.normal(size=3_000))[:, None] - np.array([-1, 0, 1]))) for _ in range(2)]
    shares = {it.id: s / s.sum(axis=1, keepdims=True) for it, s in zip(trials, noisy, strict=True)}
    members, _ = ensemble(trials, OutOfFold(codes, np.arange(3_000), shares), Development(), task="multiclass")
    assert len(members) == 2


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_model_of_several_members_is_fitted_anew_packed_and_answers(world: Any, task: str) -> None:
    target = {"binary": "late", "multiclass": "band", "regression": "size"}[task]
    charter, dataset = world.charter(task), world.dataset(world.frame(400), target=target)
    settings = {"search": "none", "folds": 2, "evaluation": QUICK}
    model = world.develop(charter, dataset, **settings)
    trials = [world.run().get(line.trial) for line in model.leaderboard if line.learner != "constant"]
    champion = msgspec.structs.replace(model, members=tuple(member(it, 0.5) for it in trials))
    again = world.develop(charter, dataset, refit=champion, **settings)
    assert (again.learner, again.parameters, len(again.members)) == ("ensemble", {}, 2)
    assert again.format in ("blend", "calibrated")
    assert again.fits == 2
    plan, fitted = Plan.from_json(world.blobs.get(again.plan)), load(again.format, world.blobs.get(again.fitted))
    assert {"x", "x scaled"} <= set(plan.features)
    frame = world.frame(400).tail(80)
    kept = np.load(io.BytesIO(world.blobs.get(again.scores)), allow_pickle=False)
    assert fitted.scores(plan.matrix(frame)).tolist() == kept.tolist()
    body = pack(plan=plan, model=fitted, contract=dataset.contract, policy=again.policy, facts={})
    row = {"x": 0.5, "noise": None, "carrier": "AA", "at": "2024-02-01T08:00:00Z", "id": "r"}
    assert Predictor.load(body).answer(row).score is not None
