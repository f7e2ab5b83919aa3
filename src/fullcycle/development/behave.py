"""Behaviour: what a project says its model must do, tried on the fitted model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import polars as pl

from fullcycle.development.table import Floats
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.registry import Registry
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

Predict: TypeAlias = Callable[[pl.DataFrame], Floats]
Behaviour: TypeAlias = Callable[[Predict], Sequence[Finding]]

BEHAVIOURS: Registry[Behaviour] = Registry("behavioural test")
"""Every behavioural test of the project by name."""


def behaviour(function: Behaviour) -> Behaviour:
    """Register a behavioural test, ``(predict) -> findings``, under its function's name.

    *predict* takes a table of the columns that a request brings and gives (n,) scores, or (n, classes).

    >>> @behaviour
    ... def dearer_is_not_safer(predict):
    ...     low, high = predict(pl.DataFrame({"price": [10.0, 90.0]}))
    ...     return [Finding(check="direction", subject="price", value=high - low, limit=0.0, rule="at_least", passed=high >= low)]
    >>> BEHAVIOURS.remove("dearer_is_not_safer").__name__
    'dearer_is_not_safer'
    """
    return BEHAVIOURS.add(function.__name__, function)


def behaviours(plan: Plan, model: ModelFormat) -> tuple[Finding, ...]:
    """What the project's behavioural tests found of a fitted model.

    Raises
    ------
    InputError
        A test yields something else than findings.
    """
    found: list[Finding] = []
    for name in BEHAVIOURS:
        findings: Sequence[object] = BEHAVIOURS[name](lambda frame: model.scores(plan.matrix(frame)))
        for finding in findings:
            if not isinstance(finding, Finding):
                raise InputError(
                    f"the behavioural test {name!r} yields no findings",
                    place="cycle.py",
                    found=finding,
                    expected="a list of fullcycle.kernel.finding.Finding",
                )
            found.append(finding)
    return tuple(found)
