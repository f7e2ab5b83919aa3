"""The test rows, read once: every figure with its interval over blocks of days.

Rows of one day share weather, prices and staff, so whole local days are resampled; where an outcome takes longer than a
day to be known, blocks are that long. Money is paired: the model against what would otherwise be done, on the same rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from fullcycle.development.fairness import fairness
from fullcycle.development.learners.constant import constant
from fullcycle.development.table import Floats
from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate, difference, jackknife, mean_interval
from fullcycle.measure.metrics import METRICS, Metric
from fullcycle.measure.metrics import evaluate as measured
from fullcycle.measure.value import PERFECT, Values, total
from fullcycle.predictor.days import local_days
from fullcycle.predictor.plan.zones import DAY
from fullcycle.predictor.policy import Decider, Policy
from fullcycle.scoping.records import Charter

Ints: TypeAlias = NDArray[np.int64]
Decisions: TypeAlias = NDArray[np.str_] | Floats
Figures: TypeAlias = dict[str, Estimate]

GAIN = "gain_per_1000"
# read at a threshold of one half, at which nothing is decided here: computed where a gate asks for them
_ON_REQUEST = ("precision", "recall", "f1", "calibration_error")


class Scored(NamedTuple):
    """Scored test rows.

    Attributes
    ----------
    frame : n rows.
    target : (n,) what came true.
    scores : (n,) or (n, classes).
    constant : (n,) or (n, classes) scores of the constant, from the rows that the model was fitted on.
    days, blocks : (n,) local days, and the blocks that are resampled.
    """

    frame: pl.DataFrame
    target: Floats
    scores: Floats
    constant: Floats
    days: Ints
    blocks: Ints


def score_rows(
    frame: pl.DataFrame, target: Floats, scores: Floats, *, known: Floats, charter: Charter, classes: int
) -> Scored:
    """Test rows with their scores, and those of the constant of *known*, (rows fitted on,)."""
    level = constant(known, charter.task, classes)
    flat = np.tile(level, (len(target), 1)) if charter.task == "multiclass" else np.full(len(target), level[0])
    days = local_days(frame[charter.time], charter.timezone)
    return Scored(frame, target, scores, flat, days, days // max(1, -(-charter.label_delay // DAY)))


def decide(policy: Policy, rows: Scored) -> Decisions:
    """The decision for each test row, (n,), within the limits of each day."""
    decider = Decider(policy)
    decisions = decider.decide(rows.scores, rows.frame)
    if policy.task == "regression" or not policy.limits:
        return decisions
    return decider.capped(np.asarray(decisions, dtype=np.str_), rows.scores, rows.frame, rows.days)


def figures(rows: Scored, *, charter: Charter, policy: Policy) -> Figures:
    """Every figure of the test rows by name.

    ======================  =============================================================================
    a metric's name         of the scores; ``accuracy`` is that of the decisions, for a binary task
    ``base_rate``, ``mean`` of the target, for a binary task or a regression
    ``…_minus_constant``    the metric less the constant's on the same rows
    ``gain_per_1000``       money of the decisions less that of the best alternative, on the same rows
    ``worth_model``         money per 1000 decisions; also ``worth_today`` (today's rule),
                            ``worth_always_…`` (each action) and ``worth_perfect_foresight``
    ``…_by_…``              a fairness limit's difference by its attribute
    ======================  =============================================================================

    A figure that these rows do not define (an area under a curve with one class) is left out, as money is where the
    value of decisions is unknown.
    """
    decisions = decide(policy, rows)
    return {
        **_metrics(rows, charter),
        **_targets(rows, charter),
        **_accuracy(rows, decisions, charter),
        **_paired(rows, charter),
        **_money(rows, decisions, policy),
        **fairness(rows.frame, rows.target, decisions, rows.blocks, charter=charter),
    }


def minus_constant(figure: str) -> str:
    """The name of a metric's difference to the constant; for the root of a mean, of the mean itself, which pairs by row.

    >>> minus_constant("log_loss"), minus_constant("rmse")
    ('log_loss_minus_constant', 'squared_error_minus_constant')
    """
    return "squared_error_minus_constant" if figure == "rmse" else f"{figure}_minus_constant"


def _metrics(rows: Scored, charter: Charter) -> Figures:
    gated = {gate.figure for gate in charter.gates}
    found = {}
    for name in METRICS:
        metric = METRICS[name]
        if charter.task in metric.tasks and (name not in _ON_REQUEST or name in gated):
            try:
                found[name] = measured(metric, rows.target, rows.scores, rows.blocks, confidence=charter.confidence)
            except InputError:  # undefined on these rows
                continue
    return found


def _targets(rows: Scored, charter: Charter) -> Figures:
    name = {"binary": "base_rate", "regression": "mean"}.get(charter.task)
    return {name: mean_interval(rows.target, rows.blocks, confidence=charter.confidence)} if name else {}


def _accuracy(rows: Scored, decisions: Decisions, charter: Charter) -> Figures:
    """The share of rows on which the first action was taken and the target came true, or neither."""
    if charter.task != "binary":
        return {}
    right = (decisions == charter.actions[0]) == (rows.target == 1)
    found = mean_interval(right.astype(np.float64), rows.blocks, confidence=charter.confidence)
    return {"accuracy": found.clipped(0, 1)}


def _paired(rows: Scored, charter: Charter) -> Figures:
    usual = "rmse" if charter.task == "regression" else "log_loss"
    asked = [gate.figure for gate in charter.gates if gate.rule == "better_than_constant"]
    found = {}
    for figure in dict.fromkeys([usual, *asked]):
        if figure in METRICS and charter.task in METRICS[figure].tasks:
            try:
                found[minus_constant(figure)] = _less_constant(METRICS[figure], rows, charter.confidence)
            except InputError:  # undefined on these rows
                continue
    return found


def _less_constant(metric: Metric, rows: Scored, confidence: float) -> Estimate:
    each = _squared_errors if metric.name == "rmse" else metric.rowwise
    if each is not None:
        ours, theirs = each(rows.target, rows.scores), each(rows.target, rows.constant)
        return difference(ours, theirs, rows.blocks, confidence=confidence, unit=metric.unit)

    def statistic(weights: Ints) -> float:
        kept = weights > 0
        try:
            ours = metric.function(rows.target[kept], rows.scores[kept])
            return ours - metric.function(rows.target[kept], rows.constant[kept])
        except InputError:
            return math.nan

    metric.function(rows.target, rows.scores)  # undefined on all rows raises, without one block it is not a number
    return jackknife(statistic, rows.blocks, confidence=confidence, unit=metric.unit)


def _squared_errors(target: ArrayLike, score: ArrayLike) -> Floats:
    errors: Floats = (np.asarray(target, dtype=np.float64) - np.asarray(score, dtype=np.float64)) ** 2
    return errors


def _money(rows: Scored, decisions: Decisions, policy: Policy) -> Figures:
    decider = Decider(policy)
    if not decider.values.known:
        return {}
    told = _told(rows, decider)
    frame, target, blocks = rows.frame.filter(pl.Series(told)), rows.target[told], rows.blocks[told]
    if not len(target):
        return {}
    values = decider.values
    lines = {"worth_model": values.chosen(decisions[told], target, frame)}
    others = _alternatives(rows, told, frame, decider)
    lines.update(others)
    if policy.task != "regression":
        by_action = np.stack([values.micros(action, target, frame) for action in policy.actions])
        lines[f"worth_{PERFECT.replace(' ', '_')}"] = by_action.max(axis=0)
    unit = f"{policy.values.currency}/1000"
    found = {
        name: mean_interval(micros / 1e3, blocks, confidence=policy.confidence, unit=unit)
        for name, micros in lines.items()
    }
    rival = max(_feasible(others, policy), key=lambda name: total(others[name]))
    gained = (lines["worth_model"] - others[rival]) / 1e3
    return {**found, GAIN: mean_interval(gained, blocks, confidence=policy.confidence, unit=unit)}


def _told(rows: Scored, decider: Decider) -> NDArray[np.bool_]:
    """The rows on which every amount is known: an amount that reads a missing column tells nothing of any choice."""
    if decider.policy.task == "regression":
        return ~np.isnan(decider.rule.numbers(rows.frame))
    worth = decider.worth(rows.scores, rows.frame)
    return np.asarray(~np.isnan(worth).any(axis=1), dtype=np.bool_)


def _alternatives(rows: Scored, told: NDArray[np.bool_], frame: pl.DataFrame, decider: Decider) -> dict[str, Ints]:
    """What is done without a model, in micros by row: today's rule, and the same for every row."""
    values: Values = decider.values
    target = rows.target[told]
    lines = {"worth_today": values.chosen(decider.todays_rule(frame), target, frame)}
    if decider.policy.task == "regression":
        return {**lines, "worth_always_mean": values.chosen(rows.constant[told], target, frame)}
    always = {f"worth_always_{action}": values.micros(action, target, frame) for action in decider.policy.actions}
    return {**lines, **always}


def _feasible(lines: dict[str, Ints], policy: Policy) -> list[str]:
    """The alternatives that can be done: an action with a daily limit cannot be taken on every row."""
    return [name for name in lines if name.removeprefix("worth_always_") not in policy.limits or name == "worth_today"]
