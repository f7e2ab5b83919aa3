"""Rules as scores: what came true of the rows for which a rule said the same."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl

from fullcycle.development.learners.constant import constant
from fullcycle.development.table import Floats, Rows
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.expression import Expression, parse
from fullcycle.predictor.policy import Decider, Policy

EXPERT = "cycle.toml, [development.knowledge] expert_rule"


def expert(text: str, kinds: Mapping[str, str], task: str, zone: str) -> Expression | None:
    """The expert's rule of ``[development.knowledge]``, checked; None where there is none.

    Raises
    ------
    InputError
        It is no expression over columns of a request, or a regression's yields no number.

    Examples
    --------
    >>> expert("distance > 1000", {"distance": "float"}, "binary", "UTC").kind
    'boolean'
    """
    if not text:
        return None
    found = parse(text, kinds, place=EXPERT, zone=zone)
    if (task == "regression") != (found.kind == "float") and task != "binary":
        expected = "a number" if task == "regression" else "a condition, or a text for each case"
        raise InputError(
            "the expert's rule yields what is no prediction", place=EXPERT, found=found.kind, expected=expected
        )
    return found


def expert_scores(rule: Expression, known: Rows, asked: pl.DataFrame, *, task: str, classes: int) -> Floats:
    """What the expert's rule says of the rows *asked*, (n,) or (n, classes).

    A condition or a text stands for what came true of the *known* rows with the same answer; a number is the prediction
    of a regression, or the probability of a binary target, and where it is missing the constant of known rows is.

    Raises
    ------
    InputError
        A binary rule's number is no probability.
    """
    if rule.kind != "float":
        return shares(_texts(rule, known.frame), known.target, _texts(rule, asked), task=task, classes=classes)
    found = np.asarray(rule.evaluate(asked), dtype=np.float64)
    if task == "binary" and not (np.isnan(found) | ((found >= 0) & (found <= 1))).all():
        wrong = float(found[np.flatnonzero((found < 0) | (found > 1))[0]])
        expected = "a probability from 0 to 1, or a condition"
        raise InputError("the expert's rule yields no probability", place=EXPERT, found=wrong, expected=expected)
    return np.where(np.isfinite(found), found, constant(known.target, task, classes)[0])


def todays_scores(policy: Policy, known: Rows, asked: pl.DataFrame, *, classes: int) -> Floats:
    """What today's rule says of the rows *asked*: its number, or what came true of known rows with the same decision."""
    rule = Decider(policy).rule
    if policy.task == "regression":
        found = rule.numbers(asked)
        return np.where(np.isfinite(found), found, constant(known.target, policy.task, classes)[0])
    before, after = (rule.codes(it).astype(np.str_) for it in (known.frame, asked))
    return shares(before, known.target, after, task=policy.task, classes=classes)


def shares(before: np.ndarray, target: Floats, after: np.ndarray, *, task: str, classes: int) -> Floats:
    """For each answer of *after* the share of true, or of each class, among known rows with that answer.

    Each share is drawn to the overall one by the weight of one row, so that none is 0 or 1, and an answer that was never
    seen has the overall one.

    Parameters
    ----------
    before, target : (known,) answers and what came true.
    after : (n,) answers to be scored.

    Examples
    --------
    >>> before, target = np.array(["a", "a", "b"]), np.array([1.0, 1.0, 0.0])
    >>> shares(before, target, np.array(["a", "b", "c"]), task="binary", classes=2).round(3).tolist()
    [0.889, 0.333, 0.667]
    """
    overall = constant(target, "multiclass", classes)
    found = np.tile(overall, (len(after), 1))
    for answer in np.unique(after):
        rows = target[before == answer].astype(np.int64)
        counts = np.bincount(rows, minlength=classes)
        found[after == answer] = (counts + overall) / (len(rows) + 1)
    return found[:, 1] if task == "binary" else found


def _texts(rule: Expression, frame: pl.DataFrame) -> np.ndarray:
    """A rule's answers as texts; what is missing is an answer of its own."""
    found = rule.evaluate(frame)
    told = ["" if it is None or (isinstance(it, float) and math.isnan(it)) else str(it) for it in found.tolist()]
    return np.array(told, dtype=np.str_)
