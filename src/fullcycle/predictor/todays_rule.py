"""Today's rule: what is done without the model, as the control group keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.predictor.expression import Expression, parse
from fullcycle.predictor.plan.values import Value

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

FORMS = ("always", "column", "expression")
UNKNOWN = -1  # the code of something that is no action of the project


class TodaysRule:
    """Today's rule on columns and on one row.

    Parameters
    ----------
    rule : ``{"always": action}``, ``{"column": name}`` or ``{"expression": text}``. A column or an expression holds the
        name of the action, or is true where the first of two actions is taken and false where the second is. What is
        missing is the last action: as doing nothing, it is declared last. Without actions (regression), it is the
        number decided on.
    actions : in declared order; empty for regression.
    kinds : the kind of each column.
    zone : in which an expression reads times.

    Raises
    ------
    InputError : the rule is none of the forms, names no action, or yields what is no action.

    Examples
    --------
    >>> rule = TodaysRule({"expression": "distance > 1000"}, ("rebook", "wait"), {"distance": "float"})
    >>> rule.codes(pl.DataFrame({"distance": [1500.0, 10.0, None]})).tolist()
    [0, 1, 1]
    >>> rule.code({"distance": 1500.0})
    0
    """

    def __init__(
        self, rule: Mapping[str, str | float], actions: Sequence[str], kinds: Mapping[str, str], zone: str = "UTC"
    ) -> None:
        form, told = check_form(rule)
        self.actions = tuple(actions)
        self._index: dict[Value, int] = {
            **{action: code for code, action in enumerate(actions)},
            None: len(actions) - 1,
        }
        self._always: int | float = 0
        self._expression: Expression | None = None
        if form == "always":
            self._always = self._constant(told)
            return
        text = f"column({told!r})" if form == "column" else str(told)
        self._expression = parse(text, kinds, place=f"todays_rule.{form}", zone=zone)
        self._row = self._expression.row()
        self._check_kind(self._expression.kind)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self._expression.columns if self._expression else ()

    def codes(self, frame: pl.DataFrame) -> Ints:
        """The position of each row's action, (n,); ``UNKNOWN`` where the column holds no action of the project."""
        if self._expression is None:
            return np.full(frame.height, self._always, np.int64)
        found = self._expression.evaluate(frame)
        if self._expression.kind == "boolean":
            return np.where(found == 1, 0, 1).astype(np.int64)
        return np.array([self._index.get(name, UNKNOWN) for name in found.tolist()], np.int64)

    def code(self, values: Mapping[str, Value]) -> int:
        """The position of one row's action; ``UNKNOWN`` where the column holds no action of the project."""
        if self._expression is None:
            return int(self._always)
        found = self._row(values)
        if self._expression.kind == "boolean":
            return 0 if found == 1 else 1
        return self._index.get(found, UNKNOWN)

    def numbers(self, frame: pl.DataFrame) -> Floats:
        """The number decided on for each row, (n,), for regression; NaN where it is missing."""
        if self._expression is None:
            return np.full(frame.height, self._always, np.float64)
        return np.asarray(self._expression.evaluate(frame), dtype=np.float64)

    def number(self, values: Mapping[str, Value]) -> float:
        """The number decided on for one row."""
        return float(self._always if self._expression is None else self._row(values))

    def _constant(self, told: str | float) -> int | float:
        if self.actions:
            if told not in self.actions:
                raise UnknownKey(str(told), self.actions, place="todays_rule.always", what="action")
            return self._index[told]
        try:
            return float(told)
        except ValueError:
            expected = "a number, which a regression decides on"
            raise InputError("not a number", place="todays_rule.always", found=told, expected=expected) from None

    def _check_kind(self, kind: str) -> None:
        fits = kind == "category" or (kind == "boolean" and len(self.actions) == 2) if self.actions else kind == "float"
        if not fits:
            expected = "an action's name, or true or false with two actions" if self.actions else "a number"
            raise InputError("today's rule yields no action", place="todays_rule", found=kind, expected=expected)


def check_form(rule: Mapping[str, str | float]) -> tuple[str, str | float]:
    """The form of a rule and what it says. Raises InputError unless it has exactly one of the forms.

    >>> check_form({"always": "wait"})
    ('always', 'wait')
    """
    if len(rule) != 1:
        raise InputError(
            "today's rule is not one rule",
            place="todays_rule",
            found=dict(rule),
            expected="one of always, column, expression",
        )
    form, told = next(iter(rule.items()))
    if form not in FORMS:
        raise UnknownKey(form, FORMS, place="todays_rule", what="form")
    if form != "always" and not isinstance(told, str):
        raise InputError("not a text", place=f"todays_rule.{form}", found=told, expected=f"the {form}, in quotes")
    return form, told
