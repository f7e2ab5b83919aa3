"""The test rows, read once: every figure with its interval over blocks of days.

Rows of one day share weather, prices and staff, so whole local days are resampled; where an outcome takes longer than a
day to be known, blocks are that long. Money is paired: the model against what would otherwise be done, on the same rows.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.development.blocks import days_to_blocks
from fullcycle.development.conformal import coverage
from fullcycle.development.fairness import fairness
from fullcycle.development.learners.constant import constant
from fullcycle.development.table import Floats
from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate, block_codes, difference, from_replicates, mean_interval
from fullcycle.measure.metrics import METRICS, Metric, effect_of_design, replicates, squared_errors
from fullcycle.measure.metrics import evaluate as measured
from fullcycle.measure.value import PERFECT, Values, total
from fullcycle.predictor.days import local_days
from fullcycle.predictor.policy import Decider, Policy
from fullcycle.scoping.records import Charter

Ints: TypeAlias = NDArray[np.int64]
Decisions: TypeAlias = NDArray[np.str_] | Floats
Figures: TypeAlias = dict[str, Estimate]

GAIN = "gain_per_1000"
_ON_REQUEST = ("pinball",)  # at its own level of one half it is half the absolute error


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
    return Scored(frame, target, scores, flat, days, days_to_blocks(days, charter.label_delay))


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
    a metric's name         of the scores; ``accuracy``, ``precision``, ``recall`` and ``f1`` are of the decisions
    ``base_rate``, ``mean`` of the target, for a binary task or a regression
    ``…_minus_constant``    the metric less the constant's on the same rows
    ``gain_per_1000``       money of the decisions less that of the best alternative, on the same rows
    ``worth_model``         money per 1000 decisions; also ``worth_today`` (today's rule),
                            ``worth_always_…`` (each action) and ``worth_perfect_foresight``
    ``interval_coverage``   share of outcomes within their prediction interval, and ``interval_width``; of a
                            classification ``set_coverage`` and ``set_size``
    ``…_by_…``              a fairness limit's difference by its attribute
    ======================  =============================================================================

    A figure that these rows do not define (an area under a curve with one class) is left out, as money is where the
    value of decisions is unknown.
    """
    decisions = decide(policy, rows)
    return {
        **_metrics(rows, said(policy, decisions, rows.scores), charter),
        **_targets(rows, charter),
        **_paired(rows, decisions, charter, policy),
        **_money(rows, decisions, policy),
        **_coverage(rows, policy),
        **fairness(rows.frame, rows.target, decisions, rows.blocks, charter=charter),
    }


def minus_constant(figure: str) -> str:
    """The name of a metric's difference to the constant; for the root of a mean, of the mean itself, which pairs by row.

    >>> minus_constant("log_loss"), minus_constant("rmse")
    ('log_loss_minus_constant', 'squared_error_minus_constant')
    """
    return "squared_error_minus_constant" if figure == "rmse" else f"{figure}_minus_constant"


def said(policy: Policy, decisions: Decisions, scores: Floats) -> Floats:
    """What decisions say of the outcome, as scores of 0 and 1.

    The first action says that a binary target comes true. Of several classes the action of a class's name says that
    class; where actions are no classes, the likeliest class stands for what was said.

    >>> from fullcycle.measure.value import ValueTable
    >>> values = ValueTable(task="binary", currency="USD")
    >>> policy = Policy(task="binary", actions=("call", "wait"), values=values, todays_rule={"always": "wait"})
    >>> said(policy, np.array(["call", "wait"]), np.array([0.2, 0.1])).tolist()
    [1.0, 0.0]
    """
    if policy.task == "binary":
        return np.asarray(decisions == policy.actions[0], dtype=np.float64)
    classes = policy.values.classes
    if policy.task != "multiclass" or sorted(classes) != sorted(policy.actions):
        return scores
    return np.stack([np.asarray(decisions == name, dtype=np.float64) for name in classes], axis=1)


def design_effects(rows: Scored, *, charter: Charter, policy: Policy) -> dict[str, float]:
    """By metric, how many times larger its variance is by blocks than by rows that stand alone; n over it counts."""
    spoken = said(policy, decide(policy, rows), rows.scores)
    found = {}
    for name, metric in _asked(charter, rows.target).items():
        try:
            effect = effect_of_design(metric, rows.target, spoken if metric.decided else rows.scores, rows.blocks)
        except InputError:  # undefined on these rows
            continue
        if effect is not None:
            found[name] = effect
    return found


def _asked(charter: Charter, target: Floats) -> dict[str, Metric]:
    """The metrics that are read: all of the task, less those that say nothing unless a gate asks for them."""
    gated = {gate.figure for gate in charter.gates}
    silent = {*_ON_REQUEST, *(("mape",) if (target == 0).any() else ())} - gated
    return {name: METRICS[name] for name in METRICS if charter.task in METRICS[name].tasks and name not in silent}


def _metrics(rows: Scored, spoken: Floats, charter: Charter) -> Figures:
    found = {}
    for name, metric in _asked(charter, rows.target).items():
        scores = spoken if metric.decided else rows.scores
        try:
            found[name] = measured(metric, rows.target, scores, rows.blocks, confidence=charter.confidence)
        except InputError:  # undefined on these rows
            continue
    return found


def _targets(rows: Scored, charter: Charter) -> Figures:
    name = {"binary": "base_rate", "regression": "mean"}.get(charter.task)
    return {name: mean_interval(rows.target, rows.blocks, confidence=charter.confidence)} if name else {}


def _paired(rows: Scored, decisions: Decisions, charter: Charter, policy: Policy) -> Figures:
    usual = "rmse" if charter.task == "regression" else "log_loss"
    asked = [gate.figure for gate in charter.gates if gate.rule == "better_than_constant"]
    found = {}
    for figure in dict.fromkeys([usual, *asked]):
        if figure in METRICS and charter.task in METRICS[figure].tasks:
            metric, ours, theirs = METRICS[figure], rows.scores, rows.constant
            if metric.decided:
                of_constant = Decider(policy).decide(theirs, rows.frame)
                ours, theirs = said(policy, decisions, ours), said(policy, of_constant, theirs)
            try:
                found[minus_constant(figure)] = _less_constant(metric, rows, ours, theirs, charter.confidence)
            except InputError:  # undefined on these rows
                continue
    return found


def _less_constant(metric: Metric, rows: Scored, ours: Floats, theirs: Floats, confidence: float) -> Estimate:
    if np.allclose(ours, theirs, rtol=1e-12, atol=0.0):  # the constant itself, fitted with other rounding
        ours = theirs
    each = squared_errors if metric.name == "rmse" else metric.rowwise
    if each is not None:
        losses = each(rows.target, ours), each(rows.target, theirs)
        return difference(*losses, rows.blocks, confidence=confidence, unit=metric.unit)
    labels, k = block_codes(rows.blocks)
    point = metric.function(rows.target, ours) - metric.function(rows.target, theirs)
    left = np.empty(0)
    if k > 1:
        left = replicates(metric, rows.target, ours, labels, k) - replicates(metric, rows.target, theirs, labels, k)
    return from_replicates(point, left, n=len(labels), confidence=confidence, unit=metric.unit)


def _coverage(rows: Scored, policy: Policy) -> Figures:
    if policy.conformal is None:
        return {}
    return coverage(
        *(policy.task, rows.target, rows.scores, rows.blocks, policy.conformal), confidence=policy.confidence
    )


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
