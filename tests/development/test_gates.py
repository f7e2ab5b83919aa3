"""Gates judge the end of an interval, and what cannot be judged does not pass."""

from __future__ import annotations

from typing import Any

import pytest

from fullcycle.development.gates import gates, measured_gates
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.finding import may_go_on
from fullcycle.measure.intervals import Estimate, student
from fullcycle.scoping.records import Gate
from fullcycle.scoping.settings import Fairness, Limits

AUC = Estimate(point=0.7, low=0.65, high=0.75, n=100, blocks=10)
LESS = Estimate(point=-0.02, low=-0.03, high=-0.01, unit="nats", n=100, blocks=10)


@pytest.mark.parametrize(
    ("figure", "rule", "limit", "passed"),
    [
        ("roc_auc", "at_least", 0.63, True),
        ("roc_auc", "at_least", 0.65, False),
        ("roc_auc", "at_most", 0.77, True),
        ("roc_auc", "at_most", 0.75, False),
        ("log_loss", "better_than_constant", None, True),
        ("brier", "better_than_constant", None, False),
        ("roc_auc", "better_than_constant", None, True),
        ("log_loss_minus_constant", "at_most", -0.005, True),
        ("precision", "at_least", 0.1, False),  # known, but undefined on these rows
    ],
)
def test_the_whole_interval_must_pass(world: Any, figure: str, rule: str, limit: float | None, passed: bool) -> None:
    figures = {
        "roc_auc": AUC,
        "log_loss_minus_constant": LESS,
        "brier_minus_constant": Estimate(point=-0.01, low=-0.02, high=0.0),
        "roc_auc_minus_constant": Estimate(point=0.2, low=0.15, high=0.25),
    }
    (found,) = gates(world.charter(gates=(Gate(figure=figure, rule=rule, limit=limit),)), figures)
    assert found.passed is passed
    assert may_go_on([found]) is passed


def test_each_further_look_at_the_same_rows_is_tested_harder(world: Any) -> None:
    charter = world.charter(gates=(Gate(figure="roc_auc", rule="at_least", limit=0.645),))
    half = [(0.7 - gates(charter, {"roc_auc": AUC}, reading=k)[0].low) / 0.05 for k in (1, 2, 3)]  # type: ignore[operator]
    wanted = [student(1 - 0.05 / (k * (k + 1)), 9) / student(0.95, 9) for k in (1, 2, 3)]
    assert half == pytest.approx(wanted)
    (found,) = gates(charter, {"roc_auc": AUC}, reading=3, effects={"roc_auc": 25.0})
    assert (found.passed, found.evidence["reading"], found.evidence["design_effect"]) == (False, 3, 25.0)
    assert found.evidence["confidence"] == pytest.approx(1 - 0.05 / 12)


def test_a_figure_that_is_best_near_a_number_has_no_constant_to_beat(world: Any) -> None:
    charter = world.charter(gates=(Gate(figure="calibration_slope", rule="better_than_constant"),))
    with pytest.raises(InputError, match="at_least or at_most"):
        gates(charter, {"calibration_slope": AUC})


def test_without_an_interval_nothing_passes(world: Any) -> None:
    (found,) = gates(
        world.charter(gates=(Gate(figure="roc_auc", rule="at_least", limit=0.1),)),
        {"roc_auc": Estimate(point=0.9, n=5)},
    )
    assert found.passed is False
    assert "too few blocks" in str(found.evidence["reason"])


def test_an_unknown_value_fails_the_gain(world: Any) -> None:
    charter = world.charter(gates=(Gate(figure="gain_per_1000", rule="at_least", limit=0.0),))
    (found,) = gates(charter, {"roc_auc": AUC})
    assert found.passed is False
    assert found.evidence == {"reason": "the value of decisions is unknown"}
    (found,) = gates(charter, {"gain_per_1000": Estimate(point=9, low=1, high=17, unit="USD/1000")})
    assert (found.passed, found.unit) == (True, "USD/1000")


def test_a_misspelt_figure_is_named_with_the_nearest(world: Any) -> None:
    with pytest.raises(UnknownKey, match="'roc_auc'"):
        gates(world.charter(gates=(Gate(figure="roc_acu", rule="at_least", limit=0.1),)), {"roc_auc": AUC})
    with pytest.raises(InputError, match="not for this task"):
        gates(world.charter(gates=(Gate(figure="rmse", rule="at_most", limit=1.0),)), {"roc_auc": AUC})


def test_fairness_is_a_gate_on_the_upper_end(world: Any) -> None:
    limit = Fairness(attribute="carrier", measure="demographic_parity_difference", at_most=0.1)
    charter = world.charter(limits=Limits(fairness=(limit,)))
    name = "demographic_parity_difference_by_carrier"
    for high, passed in ((0.1, True), (0.11, False)):
        (found,) = gates(charter, {name: Estimate(point=0.05, low=0.0, high=high)})
        assert (found.check, found.passed) == (name, passed)
    (found,) = gates(charter, {})
    assert found.passed is False
    assert "two groups" in str(found.evidence["reason"])


def test_training_time_is_measured_apart(world: Any) -> None:
    charter = world.charter(limits=Limits(training="10m"))
    assert [measured_gates(charter, seconds)[0].passed for seconds in (600.0, 600.1)] == [True, False]
    assert measured_gates(world.charter(), 1e9) == ()
