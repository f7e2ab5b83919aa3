"""What can be known before any model: how often, worth how much, and from which probability acting pays."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.policy import Decider, Policy, compile_values
from fullcycle.scoping.records import Feasibility


class Known(Protocol):
    """Rows whose outcome is known.

    Attributes
    ----------
    rows : their columns.
    known : shape (n,), the outcome: 0 or 1, class codes, or numbers.
    days : shape (n,), the local day of each row; rows of one day are resampled together.
    total : how many rows have a known outcome; of very many, *rows* are a sample.
    void : how many other rows have an outcome that never came.
    classes : names of the class codes; empty for a regression or a clustering.
    """

    @property
    def rows(self) -> pl.DataFrame: ...
    @property
    def known(self) -> NDArray[np.float64]: ...
    @property
    def days(self) -> NDArray[np.int64]: ...
    @property
    def total(self) -> int: ...
    @property
    def void(self) -> int: ...
    @property
    def classes(self) -> tuple[str, ...]: ...


def feasibility(past: Known, *, policy: Policy) -> Feasibility:
    """Base rate and worth of every choice that needs no model.

    Raises
    ------
    InputError
        No row has a known outcome, the target has one class, or other classes than the value table.
    """
    if policy.task == "clustering":  # nothing comes true: what can be known is how many rows there are
        if not past.total:
            raise InputError("there is no row", mend="check the time column, and what [data.rules] turns away")
        return Feasibility(rows=past.total, void=0)
    if not len(past.known):
        raise InputError(
            "no row has a known outcome",
            expected="rows whose target is filled",
            mend="check the target's expression and the label delay",
        )
    counts = np.bincount(past.known.astype(np.int64), minlength=len(past.classes)) if past.classes else np.zeros(0)
    if past.classes and np.count_nonzero(counts) < 2:
        raise InputError(
            "the target has one class only",
            found=past.classes[int(past.known[0])],
            expected="at least two classes",
            mend="check the target's expression, or take a longer history",
        )
    if policy.values.classes and set(policy.values.classes) != set(past.classes):
        raise InputError(
            "[scoping.value] has other classes than the target",
            place="cycle.toml",
            found=", ".join(policy.values.classes),
            expected=", ".join(past.classes),
            mend="give each action an amount for each class that the history has",
        )
    values = compile_values(policy.values, policy.kinds, policy.zone)
    return Feasibility(
        rows=past.total,
        void=past.void,
        base=mean_interval(past.known, past.days, confidence=policy.confidence),
        shares={name: int(count) / len(past.known) for name, count in zip(past.classes, counts, strict=True)},
        worth=worth(past.rows, past.known, past.days, policy),
        break_even=values.break_even() if values.known and policy.task == "binary" else None,
    )


def worth(
    rows: pl.DataFrame, outcome: NDArray[np.float64], blocks: NDArray[np.int64], policy: Policy
) -> dict[str, Estimate]:
    """Money per 1000 decisions of today's rule, each constant action and perfect foresight; empty if values are unknown."""
    values = compile_values(policy.values, policy.kinds, policy.zone)
    if not values.known or policy.task == "regression":
        return {}
    by_action = np.column_stack([values.micros(action, outcome, rows) for action in policy.actions])
    rule = values.chosen(Decider(policy).todays_rule(rows), outcome, rows)
    lines = {
        "today's rule": rule,
        **{f"always {action}": by_action[:, place] for place, action in enumerate(policy.actions)},
    }
    lines["perfect foresight"] = by_action.max(axis=1)
    unit = f"{policy.values.currency}/1000"
    return {
        name: mean_interval(micros / 1e3, blocks, confidence=policy.confidence, unit=unit)
        for name, micros in lines.items()
    }


def findings(found: Feasibility, table: ValueTable, *, rows_at_least: int = 100) -> tuple[Finding, ...]:
    """Whether the question can be answered at all, and whether a perfect answer would be worth anything."""
    checks = [
        Finding(
            check="rows" if found.base is None else "rows_with_outcome",
            subject="history",
            value=float(found.rows),
            limit=float(rows_at_least),
            rule="at_least",
            passed=found.rows >= rows_at_least,
            unit="rows",
        )
    ]
    if found.worth:
        best = max(line.point for name, line in found.worth.items() if name != "perfect foresight")
        room = found.worth["perfect foresight"].point - best
        checks.append(
            Finding(
                check="room_for_gain",
                subject="perfect foresight",
                value=room,
                limit=0.0,
                rule="more_than",
                passed=room > 0,
                unit=f"{table.currency}/1000",
            )
        )
    return tuple(checks)
