"""Money per decision: what an action was worth, given what came true.

A binary or multiclass project says for each action what each outcome is worth; a regression project says what a unit of
error costs, over and under. Money in arrays is int64 **micros** (1e-6 of the currency): sums are exact and do not
depend on order. At the edges it is `decimal.Decimal`. Amounts that depend on the row are expressions, compiled by
whoever owns the expression language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError, UnknownKey

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RowFunction = Callable[[Mapping[str, Any]], float]
ColumnFunction = Callable[[Any], Floats]
Bound = Literal["value", "low", "high"]

MICROS = 1_000_000
PERFECT = "perfect foresight"  # the key of `Values.worth` for who knows every outcome beforehand
_LARGEST = 9.2e18  # micros that fit int64, and nine trillions are more than any decision is worth
_OUTCOMES = {"binary": ("true", "false"), "regression": ("over", "under")}
_TASKS = ("binary", "multiclass", "regression", "clustering")


class Amount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount of money: a number, a number with a range and its source, or an expression over the row.

    Raises InputError for neither or both, for a range that does not hold the number, and for more than six decimals.

    >>> Amount(value=Decimal(90), low=Decimal(60), high=Decimal(120), source="finance, 2026").at("low")
    60000000
    """

    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    expression: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (self.expression is None):
            raise InputError("an amount is a number or an expression", found=self.expression, expected="one of the two")
        for number in (self.value, self.low, self.high):
            if number is not None:
                to_micros(number)
        low, high = self.low, self.high
        if self.value is None:
            if low is not None or high is not None:
                raise InputError("an expression has no range", found=(low, high), mend="write the range into it")
        elif (low is not None and low > self.value) or (high is not None and high < self.value):
            raise InputError("the range of an amount does not hold it", found=f"{low} ≤ {self.value} ≤ {high}")

    def at(self, bound: Bound) -> int | None:
        """The micros at a bound; where the range is open, at the value. None for an expression.

        >>> Amount(value=Decimal("0.25")).at("high")
        250000
        """
        if bound not in ("value", "low", "high"):
            raise UnknownKey(bound, ("value", "low", "high"), what="bound")
        number = {"value": self.value, "low": self.low, "high": self.high}[bound]
        number = self.value if number is None else number
        return None if number is None else to_micros(number)


class ValueTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decisions are worth, as a record keeps it.

    ``cells`` holds, for binary, action → ``true``/``false``; for multiclass, action → class; for regression one entry
    ``""`` → ``over``/``under``, per unit of error; for clustering none, since nothing comes true. ``actions`` and
    ``classes`` keep the declared order, which the sorted keys of a canonical record do not; left out, they follow
    ``cells``. An empty table is allowed: worth is then unknown.

    >>> cell = {"true": Amount(value=Decimal(90)), "false": Amount(value=Decimal(-40))}
    >>> ValueTable(task="binary", currency="USD", cells={"rebook": cell}).actions
    ('rebook',)
    """

    task: str
    currency: str
    cells: dict[str, dict[str, Amount]] = {}
    actions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.task not in _TASKS:
            raise UnknownKey(self.task, _TASKS, what="task")
        if not self.actions:
            msgspec.structs.force_setattr(self, "actions", tuple(self.cells))
        if not self.classes and self.task == "multiclass" and self.cells:
            msgspec.structs.force_setattr(self, "classes", tuple(next(iter(self.cells.values()))))
        if sorted(self.actions) != sorted(self.cells):
            raise InputError(
                "actions and cells of a value table differ", found=self.actions, expected=", ".join(self.cells)
            )
        if self.task == "regression" and self.cells and self.actions != ("",):
            raise InputError("a regression has no actions", found=self.actions, mend="give over and under, per unit")
        if self.task == "clustering" and self.cells:
            raise InputError(
                "a clustering has no outcome that could be worth money", mend="leave the value table empty"
            )
        if PERFECT in self.cells:
            raise InputError(f"an action cannot be called {PERFECT!r}", mend="call it something else")
        outcomes = _OUTCOMES.get(self.task, self.classes)
        for action, amounts in self.cells.items():
            if sorted(amounts) != sorted(outcomes):
                raise InputError(
                    "an action does not say what each outcome is worth",
                    place=f"value.{action}" if action else "value",
                    found=", ".join(amounts),
                    expected=", ".join(outcomes),
                )


class Values:
    """A value table that counts money.

    Parameters
    ----------
    table : what decisions are worth.
    expressions : for each expression in the table, its two compiled forms: on one row (a mapping) and on a frame, (n,)
        floats in the currency. The two must agree to the bit.
    classes : the class that each code of a multiclass outcome stands for; by default the table's order.

    Raises
    ------
    InputError : an expression of the table is not compiled, or the classes are not the table's.

    Examples
    --------
    >>> cells = {"rebook": {"true": Amount(value=Decimal(90)), "false": Amount(value=Decimal(-40))},
    ...          "wait": {"true": Amount(value=Decimal(0)), "false": Amount(value=Decimal(0))}}
    >>> values = Values(ValueTable(task="binary", currency="USD", cells=cells))
    >>> values.value("rebook", True, {})
    Decimal('90.000000')
    >>> values.decide([0.2, 0.9])
    array(['wait', 'rebook'], dtype='<U6')
    >>> round(values.break_even(), 4)
    0.3077
    >>> values.expected([0.5])["rebook"].tolist()
    [25.0]
    >>> dollars(values.chosen(["rebook", "wait", "rebook"], [1, 1, 0]))
    Decimal('50.000000')
    >>> values.micros("rebook", [1, 0, float("nan")]).tolist()
    [90000000, -40000000, 0]
    >>> values.worth([1, 1, 0])
    {'rebook': 140000000, 'wait': 0, 'perfect foresight': 180000000}
    >>> Values(ValueTable(task="binary", currency="USD")).known
    False
    """

    def __init__(
        self,
        table: ValueTable,
        expressions: Mapping[str, tuple[RowFunction, ColumnFunction]] | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.table = table
        self.actions = table.actions
        self._expressions = dict(expressions or {})
        for action, amounts in table.cells.items():
            for outcome, amount in amounts.items():
                if amount.expression is not None and amount.expression not in self._expressions:
                    raise InputError(
                        "an expression is not compiled", place=f"value.{action}.{outcome}", found=amount.expression
                    )
        self.outcomes = _OUTCOMES.get(table.task, tuple(classes) if classes is not None else table.classes)
        if table.cells and table.task == "multiclass" and sorted(self.outcomes) != sorted(table.classes):
            raise InputError("classes and value table differ", found=self.outcomes, expected=", ".join(table.classes))

    @property
    def known(self) -> bool:
        """Whether the table says what anything is worth."""
        return bool(self.table.cells)

    def value(self, action: str | float, outcome: bool | str | float | None, row: Mapping[str, Any]) -> Decimal:
        """What one decision was worth, in the currency.

        Parameters
        ----------
        action : the action taken; for regression the number decided on.
        outcome : True or False (or ``"true"``, ``"false"``, 1, 0), a class, or a number; None or NaN where it is void,
            which is worth 0.
        row : what the expressions read.

        Raises InputError (UnknownKey for an action or class that the table lacks). Equal, to the micro, to `micros` on
        a frame.
        """
        amounts = self._amounts("" if self.table.task == "regression" else str(action))
        if outcome is None or (isinstance(outcome, float | np.floating) and math.isnan(outcome)):
            return from_micros(0)
        if self.table.task == "regression":
            return from_micros(self._row_error_micros(action, outcome, row))
        name = self._outcome_name(outcome)
        return from_micros(self._row_micros(amounts[name], row))

    def micros(
        self,
        action: str,
        outcomes: ArrayLike,
        frame: Any = None,
        bound: Bound = "value",
        *,
        decisions: ArrayLike | None = None,
    ) -> Ints:
        """What taking *action* on every row is worth, (n,) micros.

        Parameters
        ----------
        action : an action of the table; ``""`` for regression.
        outcomes : (n,) 0 or 1; class codes; or numbers. NaN is void and worth 0.
        frame : what the expressions read, n rows.
        bound : the value, or the low or high end of each amount's range.
        decisions : (n,) the numbers decided on, for regression only.
        """
        came = _column(outcomes, "outcomes")
        amounts = self._amounts(action)
        if self.table.task == "regression":
            if decisions is None:
                raise InputError("a regression's value needs the numbers decided on", mend="give decisions")
            return self._error_micros(amounts, _column(decisions, "decisions", len(came)), came, frame, bound)
        result = np.zeros(len(came), np.int64)
        for name, rows in self._rows_by_outcome(came):
            result[rows] = self._column_micros(amounts[name], rows, frame, bound)
        return result

    def chosen(
        self, actions: Sequence[str] | ArrayLike, outcomes: ArrayLike, frame: Any = None, bound: Bound = "value"
    ) -> Ints:
        """What the action taken on each row was worth, (n,) micros; for regression, *actions* are numbers.

        Raises UnknownKey for an action that the table lacks.
        """
        if self.table.task == "regression":
            return self.micros("", outcomes, frame, bound, decisions=np.asarray(actions, dtype=np.float64))
        if not self.known:
            raise InputError("worth is unknown", mend="give a value table")
        taken, came = np.asarray(actions, dtype=object), _column(outcomes, "outcomes")
        if taken.shape != came.shape:
            raise InputError("actions and outcomes differ in number", found=(taken.shape, came.shape))
        result, seen = np.zeros(len(came), np.int64), np.zeros(len(came), np.bool_)
        for action in self.actions:
            here = np.asarray(taken == action, dtype=np.bool_)
            if here.any():
                # rows of other actions are void here, so that an expression is read only where it counts
                result += self.micros(action, np.where(here, came, np.nan), frame, bound)
            seen |= here
        if not seen.all():
            raise UnknownKey(str(taken[~seen][0]), self.actions, what="action")
        return result

    def expected(self, scores: ArrayLike, frame: Any = None) -> dict[str, Floats]:
        """What each action is worth on average given the score, (n,) in the currency, in declared order.

        *scores* are (n,) probabilities of true, or (n, k) probabilities of the classes. Raises InputError for
        regression, whose score is the decision.
        """
        shares = self._shares(scores)
        rows = np.arange(shares.shape[0])
        worth = {}
        for action in self.actions:
            total = np.zeros(len(rows))
            for position, name in enumerate(self.outcomes):  # one by one: the order of the sum is fixed
                amount = self.table.cells[action][name]
                total += shares[:, position] * (self._column_micros(amount, rows, frame, "value") / MICROS)
            worth[action] = total
        return worth

    def decide(self, scores: ArrayLike, frame: Any = None) -> NDArray[np.str_]:
        """The action of highest expected value for each row, (n,) names.

        A tie goes to the action declared later: today's choice, as doing nothing, is declared last, and a model that
        sees no difference leaves it in place. Raises InputError for regression or for an empty table.
        """
        worth = self.expected(scores, frame)
        if not worth:
            raise InputError("no action has a value", mend="give a value table, or decide by threshold")
        best = np.zeros(len(next(iter(worth.values()))), np.int64)
        most = np.full(len(best), -np.inf)
        for position, value in enumerate(worth.values()):
            better = value >= most
            best[better], most[better] = position, value[better]
        names: NDArray[np.str_] = np.array(self.actions)[best]
        return names

    def break_even(self) -> float | None:
        """The probability of true at which two actions are worth the same (Elkan 2001).

        None unless the task is binary with two actions, all numbers, and neither is the better one throughout.
        """
        if self.table.task != "binary" or len(self.actions) != 2:
            return None
        first, second = (self.table.cells[action] for action in self.actions)
        gaps = []
        for name in ("true", "false"):
            one, other = first[name].at("value"), second[name].at("value")
            if one is None or other is None:
                return None
            gaps.append(one - other)
        if gaps[0] == gaps[1]:
            return None
        share = Fraction(gaps[1], gaps[1] - gaps[0])
        return float(share) if 0 <= share <= 1 else None

    def worth(
        self, outcomes: ArrayLike, frame: Any = None, bound: Bound = "value"
    ) -> dict[str, int] | Literal["unknown"]:
        """What each action, taken on every row, would have been worth, and perfect foresight: micros in all.

        The key of the last is ``PERFECT``. For regression, which has no constant action, perfect foresight errs by
        nothing: 0.
        """
        if not self.known:
            return "unknown"
        if self.table.task == "regression":
            return {PERFECT: 0}
        by_action = [self.micros(action, outcomes, frame, bound) for action in self.actions]
        totals = {action: total(rows) for action, rows in zip(self.actions, by_action, strict=True)}
        return {**totals, PERFECT: total(np.max(np.stack(by_action), axis=0))}

    def _amounts(self, action: str) -> dict[str, Amount]:
        if not self.known:
            raise InputError("worth is unknown", mend="give a value table")
        if action not in self.table.cells:
            raise UnknownKey(action, self.actions, what="action")
        return self.table.cells[action]

    def _outcome_name(self, outcome: bool | str | float) -> str:
        name = str(outcome)
        if self.table.task == "binary" and not isinstance(outcome, str) and outcome in (0, 1):
            name = "true" if outcome else "false"
        if name not in self.outcomes:
            raise UnknownKey(str(outcome), self.outcomes, what="outcome")
        return name

    def _rows_by_outcome(self, came: Floats) -> list[tuple[str, Ints]]:
        """The rows on which each outcome came true."""
        codes = {"true": 1.0, "false": 0.0} if self.table.task == "binary" else None
        parts = []
        seen = np.isnan(came)
        for position, name in enumerate(self.outcomes):
            here = came == (codes[name] if codes else float(position))
            parts.append((name, np.flatnonzero(here)))
            seen |= here
        if not seen.all():
            expected = "0 or 1" if codes else f"class codes 0 to {len(self.outcomes) - 1}"
            raise InputError(
                "an outcome is none of the table's", found=float(came[~seen][0]), expected=f"{expected}, or NaN"
            )
        return parts

    def _shares(self, scores: ArrayLike) -> Floats:
        """Probabilities by outcome, (n, outcomes), in the order of ``self.outcomes``."""
        found = np.asarray(scores, dtype=np.float64)
        if self.table.task == "regression":
            raise InputError("a regression's score is its decision", mend="use the score itself")
        if self.table.task == "binary" and found.ndim == 1:
            found = np.column_stack((found, 1 - found))
        elif self.table.task == "binary" or found.ndim != 2 or (self.known and found.shape[1] != len(self.outcomes)):
            raise InputError(
                "scores are of another shape", found=found.shape, expected="(n,) binary, (n, classes) multiclass"
            )
        if not ((found >= 0) & (found <= 1)).all():  # also refuses NaN
            raise InputError("a score is no probability", expected="0 to 1")
        return found

    def _column_micros(self, amount: Amount, rows: Ints, frame: Any, bound: Bound) -> Ints:
        number = amount.at(bound)
        if number is not None:
            return np.full(len(rows), number, np.int64)
        if not len(rows):
            return np.zeros(0, np.int64)
        column = np.asarray(self._expressions[str(amount.expression)][1](frame), dtype=np.float64)
        if column.ndim != 1 or len(column) <= rows.max():
            raise InputError("an expression is not one number a row", place=str(amount.expression), found=column.shape)
        return _rounded(column[rows] * MICROS, str(amount.expression))

    def _row_micros(self, amount: Amount, row: Mapping[str, Any]) -> int:
        number = amount.at("value")
        if number is not None:
            return number
        found = float(self._expressions[str(amount.expression)][0](row))
        return _rounded_one(found * MICROS, str(amount.expression))

    def _error_micros(
        self, amounts: dict[str, Amount], decided: Floats, came: Floats, frame: Any, bound: Bound
    ) -> Ints:
        error = decided - came
        result = np.zeros(len(came), np.int64)
        for name, here in (("over", error > 0), ("under", error < 0)):
            rows = np.flatnonzero(here)
            unit = self._column_micros(amounts[name], rows, frame, bound)
            result[rows] = _rounded(unit.astype(np.float64) * np.abs(error[rows]), name)
        if np.isnan(decided[~np.isnan(came)]).any():
            raise InputError("a decision is missing where its outcome is known", mend="leave the row out")
        return result

    def _row_error_micros(self, decision: str | float, outcome: bool | str | float, row: Mapping[str, Any]) -> int:
        amounts = self._amounts("")
        error = float(decision) - float(outcome)
        if math.isnan(error):
            raise InputError("a decision or outcome is not a number", found=(decision, outcome))
        if error == 0:
            return 0
        name = "over" if error > 0 else "under"
        return _rounded_one(float(self._row_micros(amounts[name], row)) * abs(error), name)


def to_micros(money: Decimal | int) -> int:
    """Money as micros. Raises InputError for what is not finite, finer than a micro, or beyond int64.

    >>> to_micros(Decimal("12.34"))
    12340000
    """
    amount = Decimal(money)
    if not amount.is_finite():
        raise InputError("an amount is not finite", found=str(money), expected="a number")
    if not amount:
        return 0
    # the exponent first: Fraction would write out every zero of 1E+999999999
    if amount.adjusted() > 12:
        raise InputError("an amount is too large", found=str(money), expected="less than nine trillions")
    if amount.adjusted() < -6:
        raise InputError("an amount is finer than a millionth", found=str(money), expected="six decimals at most")
    exact = Fraction(amount) * MICROS
    if exact.denominator != 1:
        raise InputError("an amount is finer than a millionth", found=str(money), expected="six decimals at most")
    if abs(exact) > _LARGEST:
        raise InputError("an amount is too large", found=str(money), expected="less than nine trillions")
    return int(exact)


def from_micros(micros: int) -> Decimal:
    """Micros as money, exactly, with six decimals, whatever the decimal context.

    >>> from_micros(-1500000)
    Decimal('-1.500000')
    """
    whole = int(micros)
    return Decimal((int(whole < 0), tuple(int(digit) for digit in str(abs(whole))), -6))


def dollars(micros: int | Ints) -> Decimal:
    """Micros, one number or a column's total, as money in the currency of the table.

    >>> dollars(np.array([1_000_000, 250_000]))
    Decimal('1.250000')
    """
    return from_micros(total(micros) if isinstance(micros, np.ndarray) else int(micros))


def total(micros: Ints) -> int:
    """The exact sum, also where it passes int64, in any order.

    >>> total(np.full(4, 9_000_000_000_000_000_000))
    36000000000000000000
    """
    rows = np.asarray(micros, dtype=np.int64)
    # two halves of 32 bits each: neither can overflow below two thousand million rows
    return (int((rows >> 32).sum()) << 32) + int((rows & 0xFFFFFFFF).sum())


def _column(values: ArrayLike, name: str, n: int | None = None) -> Floats:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or (n is not None and len(rows) != n):
        raise InputError(
            f"{name} are not one a row", found=f"shape {rows.shape}", expected=f"({'n' if n is None else n},)"
        )
    return rows


def _rounded(micros: Floats, place: str) -> Ints:
    """Half to even, as Python's round does on one row."""
    if not (np.abs(micros) <= _LARGEST).all():  # also refuses NaN
        raise InputError("an amount is not a number of money", place=place, expected="finite, below nine trillions")
    return np.rint(micros).astype(np.int64)


def _rounded_one(micros: float, place: str) -> int:
    if not abs(micros) <= _LARGEST:
        raise InputError("an amount is not a number of money", place=place, expected="finite, below nine trillions")
    return round(micros)
