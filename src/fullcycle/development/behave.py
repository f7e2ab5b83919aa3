"""Behaviour: what a project says its model must do, tried on the fitted model.

Three kinds of test cover most of it: what must come out for a plain row, what must change nothing, and which way a change
must go. Ribeiro et al. 2020, *Beyond accuracy: behavioural testing of NLP models with CheckList*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.kernel.errors import ColumnMissing, InputError
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


def minimum(predict: Predict, rows: pl.DataFrame, *, low: float = -math.inf, high: float = math.inf) -> Finding:
    """Minimum functionality: every one of *rows* scores within *low* and *high*; the value is how many do not.

    >>> minimum(lambda frame: np.array([0.9, 0.4]), pl.DataFrame({"x": [1, 2]}), low=0.8).value
    1.0
    """
    scores = predict(rows)
    return _counted("minimum_functionality", ~((scores >= low) & (scores <= high)), ", ".join(rows.columns))


def invariant(predict: Predict, rows: pl.DataFrame, changes: Mapping[str, object], *, by: float = 1e-9) -> Finding:
    """Invariance: no score moves by more than *by* where columns take the values of *changes*.

    >>> rows = pl.DataFrame({"name": ["Ann", "Bob"], "x": [1.0, 2.0]})
    >>> invariant(lambda frame: frame["x"].to_numpy(), rows, {"name": "Eve"}).passed
    True
    """
    moved = np.asarray(np.abs(predict(_changed(rows, changes)) - predict(rows)) > by, dtype=np.bool_)
    return _counted("invariance", moved, ", ".join(changes))


def directed(
    predict: Predict, rows: pl.DataFrame, changes: Mapping[str, object], *, expect: Literal["up", "down"]
) -> Finding:
    """Direction: no score falls (``up``) or rises (``down``) where columns take the values of *changes*.

    >>> rows = pl.DataFrame({"price": [1.0, 2.0]})
    >>> directed(lambda frame: 1 / frame["price"].to_numpy(), rows, {"price": 9.0}, expect="up").passed
    False
    """
    change = predict(_changed(rows, changes)) - predict(rows)
    against = np.asarray(change < 0 if expect == "up" else change > 0, dtype=np.bool_)
    return _counted("direction", against, ", ".join(changes))


def _changed(rows: pl.DataFrame, changes: Mapping[str, object]) -> pl.DataFrame:
    for name in changes:
        if name not in rows.columns:
            raise ColumnMissing(name, rows.columns, needed_by="a behavioural test")
    return rows.with_columns(pl.lit(value, dtype=rows.schema[name]).alias(name) for name, value in changes.items())


def _counted(check: str, broken: NDArray[np.bool_], subject: str) -> Finding:
    rows = broken if broken.ndim == 1 else np.asarray(broken.any(axis=1), dtype=np.bool_)
    return Finding(
        check=check,
        subject=subject,
        value=float(rows.sum()),
        limit=0.0,
        rule="at_most",
        passed=not rows.any(),
        unit="rows",
        evidence={"rows": len(rows)},
    )


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
