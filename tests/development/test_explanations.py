"""What columns do for scores: found again by other means."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fullcycle.development.contributions import effects
from fullcycle.development.importance import importance
from fullcycle.development.partial_dependence import partial_dependence
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contributions import by_column, explain, explainable
from fullcycle.predictor.formats import load
from fullcycle.predictor.formats.blend import Blend, Part
from fullcycle.predictor.formats.linear import Linear
from fullcycle.predictor.plan import Input, Plan
from fullcycle.predictor.plan.union import union
from fullcycle.predictor.shapley import shapley


@pytest.fixture
def fitted(world: Any) -> Any:
    """A developed model: its plan, itself, and the test rows."""

    def make(task: str, learner: str) -> Any:
        target = {"binary": "late", "multiclass": "band", "regression": "size"}[task]
        frame = world.frame(900)
        dataset = world.dataset(frame, target=target)
        given = {"learners": (learner,), "search_budget": "1 trials", "calibrate": False}
        model = world.develop(world.charter(task), dataset, **given)
        plan = Plan.from_json(world.blobs.get(model.plan))
        return plan, load(model.format, world.blobs.get(model.fitted)), frame.tail(180)

    return make


def raw(task: str, scores: Any) -> Any:
    """Scores before the link, up to a constant for several classes."""
    if task == "regression":
        return scores[:, None]
    if task == "binary":
        return np.log(scores / (1 - scores))[:, None]
    return np.log(scores) - np.log(scores).mean(axis=1, keepdims=True)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("learner", ["lightgbm", "linear"])
def test_contributions_add_up_to_the_score(fitted: Any, task: str, learner: str) -> None:
    plan, model, frame = fitted(task, learner)
    columns, values = by_column(plan, model, frame, background=frame)
    total = values.sum(axis=2)
    if task == "multiclass":
        total = total - total.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(total, raw(task, model.scores(plan.matrix(frame))), atol=1e-9)
    assert set(columns) <= {"at", "x", "noise", "carrier"}
    again, same = by_column(plan, model, frame, background=frame)
    assert again == columns
    assert (same == values).all()


def test_one_row_is_explained_the_most_telling_first(fitted: Any) -> None:
    plan, model, frame = fitted("binary", "lightgbm")
    found = explain(plan, model, frame.head(1))
    sizes = [abs(it.adds[0]) for it in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    chance = model.scores(plan.matrix(frame.head(1)))[0]
    total = found.expected[0] + sum(it.adds[0] for it in found.contributions)
    assert total == pytest.approx(np.log(chance / (1 - chance)))
    with pytest.raises(InputError, match="one row"):
        explain(plan, model, frame)
    straight = Plan(inputs=(Input("x", "float"),), operations=(), features=("x",))
    with pytest.raises(InputError, match="background"):
        explain(straight, Linear([1.0], 0.0), frame.head(1))


def test_what_tells_is_important_and_noise_is_not(fitted: Any) -> None:
    plan, model, frame = fitted("binary", "lightgbm")
    target, blocks = frame["late"].cast(pl.Float64).to_numpy(), np.arange(180) // 15
    found = importance(plan, model, frame, target, blocks, task="binary", confidence=0.95)
    assert found[0].column in ("x", "carrier")
    assert found[0].loss.low > 0
    by_name = {it.column: it.loss.point for it in found}
    assert by_name["noise"] < by_name["x"] / 4
    shap = effects(plan, model, frame, blocks, confidence=0.95)
    assert {it.column for it in shap[:2]} == {"x", "carrier"}


def test_dependence_follows_the_column(fitted: Any) -> None:
    plan, model, frame = fitted("binary", "linear")
    found = partial_dependence(plan, model, frame, "x")
    scores = [score for (score,) in found.scores]
    assert scores == sorted(scores)
    assert list(found.at) == sorted(found.at)
    by_carrier = partial_dependence(plan, model, frame, "carrier")
    by_name = dict(zip(by_carrier.at, by_carrier.scores, strict=True))
    assert by_name["CC"] > by_name["AA"]
    assert partial_dependence(plan, model, frame, "at") is None


def test_a_format_without_exact_values_has_none(fitted: Any) -> None:
    plan, model, frame = fitted("binary", "linear")

    class Other:
        name, features, outputs = "other", model.features, 1

    assert not explainable(Other())
    assert effects(plan, Other(), frame, np.zeros(180, np.int64), confidence=0.95) == ()
    with pytest.raises(InputError, match="no exact explanation"):
        by_column(plan, Other(), frame, background=frame)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_one_row_of_any_format_is_explained_by_sampling(fitted: Any, task: str) -> None:
    plan, model, frame = fitted(task, "decision_tree")
    row, others = frame.head(1), frame.tail(100)
    found = explain(plan, model, row, background=others)
    added = np.array(found.expected) + np.sum([it.adds for it in found.contributions], axis=0)
    np.testing.assert_allclose(added, np.atleast_1d(model.scores(plan.matrix(row))[0]), atol=1e-12)
    assert found == explain(plan, model, row, background=others)
    assert found.contributions[0].column in ("x", "carrier")
    with pytest.raises(InputError, match="needs rows"):
        explain(plan, model, row)


def test_sampled_values_are_near_the_exact_ones_of_a_linear_model(fitted: Any) -> None:
    plan, model, frame = fitted("regression", "linear")
    row, others = frame.head(1), frame.tail(150)
    exact = {it.column: it.adds[0] for it in explain(plan, model, row, background=others).contributions}
    names, sampled = shapley(plan, model, row, others)
    spread = float(np.std(model.scores(plan.matrix(others))))
    for name, value in zip(names, sampled[0], strict=False):
        assert value == pytest.approx(exact.get(name, 0.0), abs=0.25 * spread)


def test_a_blend_of_a_regression_is_explained_as_the_sum_of_its_members(fitted: Any) -> None:
    members = [fitted("regression", learner) for learner in ("lightgbm", "linear")]
    frame = members[0][2]
    joined = union([plan for plan, _, _ in members])
    shares = (0.25, 0.75)
    parts = [
        Part(model, columns, share)
        for (_, model, _), columns, share in zip(members, joined.columns, shares, strict=True)
    ]
    blend = Blend(parts, len(joined.plan.features))
    columns, values = by_column(joined.plan, blend, frame, background=frame)
    np.testing.assert_allclose(values.sum(axis=2)[:, 0], blend.scores(joined.plan.matrix(frame)), atol=1e-9)
    for name in columns:
        wanted = np.zeros(frame.height)
        for (plan, model, _), share in zip(members, shares, strict=True):
            own, each = by_column(plan, model, frame, background=frame)
            if name in own:
                wanted += share * each[:, 0, own.index(name)]
        np.testing.assert_allclose(values[:, 0, columns.index(name)], wanted, atol=1e-9)
    assert {it.column for it in effects(joined.plan, blend, frame, np.arange(180), confidence=0.95)} == set(columns)
    assert explain(joined.plan, blend, frame.head(1), background=frame).expected[0] == pytest.approx(values[0, 0, -1])


def test_a_blend_of_probabilities_is_no_sum_and_is_sampled(fitted: Any) -> None:
    plan, model, frame = fitted("binary", "linear")
    blend = Blend([Part(model, tuple(range(model.features)), 1.0)], model.features)
    assert not explainable(blend)
    with pytest.raises(InputError, match="no exact explanation"):
        by_column(plan, blend, frame, background=frame)
    told = explain(plan, blend, frame.head(1), background=frame)
    total = sum(it.adds[0] for it in told.contributions) + told.expected[0]
    assert total == pytest.approx(blend.scores(plan.matrix(frame.head(1)))[0])
