"""All that is seen of a model beside its figures, as the stage makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import confusion_matrix

from fullcycle.development.behave import BEHAVIOURS, behaviour, directed, invariant, minimum
from fullcycle.development.evaluation import Evaluation, evaluation_of
from fullcycle.development.settings import Evaluation as Asked
from fullcycle.kernel.errors import ColumnMissing
from fullcycle.kernel.finding import Finding, may_go_on
from fullcycle.kernel.record import canonical, read
from fullcycle.scoping.settings import Fairness, Limits


def test_the_stage_looks_at_everything_and_says_what_follows(world: Any) -> None:
    model = world.develop(world.charter(), world.dataset(world.frame(4800)))
    found = evaluation_of(model, world.blobs)
    assert set(found.design_effects) >= {"roc_auc", "log_loss", "f1", "average_precision"}
    assert sum(map(sum, found.confusion)) == model.figures["roc_auc"].n == 960
    assert sum(found.reliability.counts) == 960
    assert found.profit[0].worth.point == 0
    assert found.profit[-1].worth.point == pytest.approx(model.figures["worth_always_rebook"].point)
    assert max(it.worth.point for it in found.profit) >= model.figures["worth_model"].point - 1500
    assert [point.rows for point in found.learning.points] == [360, 720, 1440, 2880]
    assert found.learning.points[0].loss.point > found.learning.points[-1].loss.point
    assert found.slices.tested >= 4
    assert {it.column for it in found.importances[:2]} == {"x", "carrier"}
    assert found.dependences
    assert found.label_errors.rows == 960
    assert {it.check for it in model.findings} >= {
        "slice_worse_than_constant",
        "never_silently_confident",
        "more_data",
        "label_errors",
    }
    assert may_go_on(model.findings)
    assert 0.85 < model.figures["set_coverage"].point <= 1
    assert model.policy.conformal is not None
    assert Evaluation().to_bytes() != found.to_bytes()


def test_parts_can_be_left_out_and_the_sample_made_small(world: Any) -> None:
    none = Asked(learning_curve=False, slices=False, robustness=False, explanations=False, label_errors=False)
    model = world.develop(world.charter(), world.dataset(world.frame(600)), evaluation=none)
    found = evaluation_of(model, world.blobs)
    assert (found.learning, found.slices, found.degradations, found.importances) == (None, None, (), ())
    assert found.label_errors is None
    assert found.design_effects
    gates = {"no_worse_than_constant", "no_worse_than_lightgbm_defaults"}
    assert gates <= {it.check for it in model.findings} <= {*gates, "calibration", "ensemble"}


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_is_evaluated(world: Any, task: str) -> None:
    target = {"multiclass": "band", "regression": "size"}[task]
    frame = world.frame(900)
    model = world.develop(world.charter(task), world.dataset(frame, target=target))
    found = evaluation_of(model, world.blobs)
    assert found.profit == ()
    assert found.learning.slope is not None
    if task == "multiclass":
        assert set(model.figures) >= {"precision", "recall", "f1", "accuracy", "set_coverage", "set_size"}
        assert model.figures["accuracy"].point > 0.6  # the actions are the classes, in another order
        assert sum(map(sum, found.confusion)) == 180
        assert found.label_errors is not None
    else:
        assert set(model.figures) >= {"mae", "rmse", "r2", "mape", "interval_coverage", "interval_width"}
        assert 0.85 < model.figures["interval_coverage"].point <= 1
        low, high = model.policy.conformal.interval(1.0)
        assert high - low == pytest.approx(model.figures["interval_width"].point)
        assert found.label_errors is None


def test_the_policys_decisions_are_what_precision_is_of(world: Any) -> None:
    import io

    from fullcycle.development.evaluate import decide, score_rows

    frame, charter = world.frame(900), world.charter()
    dataset = world.dataset(frame)
    model = world.develop(charter, dataset)
    rows = frame.tail(180)
    came = rows["late"].cast(pl.Float64).to_numpy()
    scores = np.load(io.BytesIO(world.blobs.get(model.scores)))
    scored = score_rows(rows, came, scores, known=came, charter=charter, classes=2)
    acted = decide(model.policy, scored) == "rebook"
    assert model.figures["precision"].point == pytest.approx(came[acted].mean())
    assert model.figures["recall"].point == pytest.approx(acted[came == 1].mean())
    counts = confusion_matrix(came, acted).tolist()
    assert [list(row) for row in evaluation_of(model, world.blobs).confusion] == counts


def test_a_planted_bias_stops_the_model(world: Any) -> None:
    limit = Fairness(attribute="carrier", measure="equal_opportunity_difference", at_most=0.2)
    model = world.develop(world.charter(limits=Limits(fairness=(limit,))), world.dataset(world.frame(2400)))
    finding = next(it for it in model.findings if it.check.endswith("by_carrier"))
    assert finding.passed is False
    assert not may_go_on(model.findings)


def test_a_broken_direction_stops_the_model(world: Any) -> None:
    rows = world.frame(50).select("at", "x", "noise", "carrier").with_columns(x=pl.lit(-2.0))

    @behaviour
    def more_x_is_later(predict: Any) -> list[Finding]:
        return [directed(predict, rows, {"x": 2.0}, expect="up"), minimum(predict, rows, low=0.0, high=1.0)]

    @behaviour
    def more_x_is_never_later(predict: Any) -> list[Finding]:
        return [directed(predict, rows, {"x": 2.0}, expect="down")]

    try:
        model = world.develop(world.charter(), world.dataset(world.frame(900)))
        found = [it for it in model.findings if it.check in ("direction", "minimum_functionality")]
        assert [(it.passed, it.value) for it in found] == [(True, 0.0), (True, 0.0), (False, 50.0)]
        assert not may_go_on(model.findings)
    finally:
        BEHAVIOURS.remove("more_x_is_later")
        BEHAVIOURS.remove("more_x_is_never_later")


def test_invariance_counts_the_rows_that_move() -> None:
    rows = pl.DataFrame({"x": [0.0, 1.0, 2.0]})
    found = invariant(lambda frame: frame["x"].to_numpy(), rows, {"x": 1.0})
    assert (found.passed, found.value) == (False, 2.0)
    with pytest.raises(ColumnMissing, match="one of x"):
        invariant(lambda frame: frame["x"].to_numpy(), rows, {"y": 1.0})


def test_the_reading_is_a_parameter_of_the_step(world: Any) -> None:
    import msgspec

    from fullcycle.development.records import Model

    model = world.develop(world.charter(), world.dataset(world.frame(600)))
    assert model.reading == 1
    fields = msgspec.json.decode(canonical({"kind": "model", "version": 1, **msgspec.to_builtins(model)}))
    old = {name: value for name, value in fields.items() if name not in ("evaluation", "reading")}
    found = read(canonical(old))
    assert isinstance(found, Model)
    assert (found.evaluation, found.reading) == ("", 1)
    assert evaluation_of(found, world.blobs) == Evaluation()


def test_the_same_rows_give_the_same_evaluation(world: Any, other_world: Any) -> None:
    frame = world.frame(900)
    first = world.develop(world.charter(), world.dataset(frame))
    other = other_world()
    second = other.develop(other.charter(), other.dataset(frame))
    assert (first.evaluation, first.id) == (second.evaluation, second.id)
