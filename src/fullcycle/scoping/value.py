"""Money by a project's own Python: one function, traced to the table of values that ``[scoping.value]`` would hold.

It is called once for each action and outcome while the question is read. What it gives, a number or an expression over
columns, becomes an entry of the Charter's table, and that table is all that measuring, deciding and serving ever see.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from numbers import Real
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import msgspec

from fullcycle.kernel.errors import InputError
from fullcycle.kernel.registry import Registry
from fullcycle.measure.value import Amount, ValueTable
from fullcycle.predictor.expression import Expression, parse
from fullcycle.predictor.symbol import Row, Symbol
from fullcycle.scoping.charter import amount, check_supported, value_table
from fullcycle.scoping.settings import AmountSetting, Scoping

F = TypeVar("F", bound=Callable[..., object])
Outcome = bool | str

VALUES: Registry[FunctionType] = Registry("value")
"""The project's own function of value, registered with :func:`value`; there is one at most."""

_LARGEST = 1e13  # above what an amount may be, and far below where a float cannot hold a cent
_EXPECTED = "a number, { value, low, high, source } or an expression over columns"
_RAISED = (
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    NameError,
    RuntimeError,
    ImportError,
    OSError,
)


def value(function: F) -> F:
    """Register what decisions are worth, ``(action, outcome, row) -> money``, in place of the table in ``[scoping.value]``.

    It is called once for each action and outcome: ``outcome`` is True or False, or the name of a class, and ``row``
    holds the columns as symbols (see :class:`~fullcycle.predictor.symbol.Row`). It gives what an entry of the table
    holds: a number, ``{"value": 90, "low": 60, "high": 120, "source": "…"}``, or an expression, written with the
    symbols or as text. Numbers are rounded to a millionth. It never serves.

    A regression decides on a number, its score. There ``action`` is None, ``outcome`` is ``"over"`` or ``"under"``, and
    what it gives is money per unit of error on that side.

    Raises
    ------
    InputError
        It is no function, or another one is registered already.

    Examples
    --------
    >>> @value
    ... def money(action, outcome, row):
    ...     if action == "wait":
    ...         return 0
    ...     return 0.2 * row.price if outcome else -2.15
    >>> VALUES.remove("money").__name__
    'money'
    """
    if not isinstance(function, FunctionType):
        raise InputError("@value stands before a function", found=type(function).__name__, expected="def …")
    for name in VALUES:
        if not _again(function, VALUES[name]):
            raise InputError(
                "two functions say what decisions are worth",
                place=_place(function),
                found=f"{name} and {function.__name__}",
                expected="one @value",
            )
        VALUES.remove(name)
    VALUES.add(function.__name__, function)
    return function


def traced(
    settings: Scoping, *, kinds: Callable[[], Mapping[str, str]], classes: Callable[[], tuple[str, ...]], zone: str
) -> ValueTable | None:
    """The table that the project's own function says, None where there is none.

    Parameters
    ----------
    kinds : the kind of each column, asked for only where there is a function.
    classes : names of the classes, asked for only where the task has some of its own.
    zone : in which expressions read times.

    Raises
    ------
    InputError
        The table stands in ``cycle.toml`` too; or the function raises, branches on a column, or gives what is no amount.

    Examples
    --------
    >>> @value
    ... def money(action, outcome, row):
    ...     return row.price / 10 if outcome else -2
    >>> asked = Scoping(question="?", task="binary", target="late", entity="id", time="sent", label_delay="1d",
    ...     actions=("call",), action_changes_outcome=False, value={"currency": "EUR"})
    >>> table = traced(asked, kinds=lambda: {"price": "float"}, classes=tuple, zone="UTC")
    >>> table.cells["call"]["true"].expression
    'price / 10'
    >>> _ = VALUES.remove("money")
    """
    names = list(VALUES)
    if not names:
        return None
    check_supported(settings)
    table = value_table(settings)
    if table.cells:
        raise InputError(
            "amounts stand in [scoping.value] and in a function with @value",
            place=f"cycle.toml, [scoping.value]; {_place(VALUES[names[0]])}",
            found=", ".join(name for name in settings.value if name != "currency"),
            expected="one of the two",
            mend="leave only 'currency' in [scoping.value], or take @value away",
        )
    trace = _Trace(VALUES[names[0]], kinds(), zone)
    outcomes = _outcomes(settings.task, classes)
    actions = {"": None} if settings.task == "regression" else {action: action for action in settings.actions}
    cells = {
        name: {key: trace.amount(action, outcome) for key, outcome in outcomes.items()}
        for name, action in actions.items()
    }
    named = tuple(outcomes) if settings.task == "multiclass" else ()
    return ValueTable(task=settings.task, currency=table.currency, cells=cells, classes=named)


def _outcomes(task: str, classes: Callable[[], tuple[str, ...]]) -> Mapping[str, Outcome]:
    """Each outcome as the table names it, and as the function is told it."""
    if task == "binary":
        return {"true": True, "false": False}
    names = sorted(classes()) if task == "multiclass" else ("over", "under")  # codes count classes sorted
    return {name: name for name in names}


class _Trace:
    """The function while it is called for one entry after the other; each complaint names its line and the call."""

    def __init__(self, function: FunctionType, kinds: Mapping[str, str], zone: str) -> None:
        self.function, self.kinds, self.zone = function, kinds, zone

    def amount(self, action: str | None, outcome: Outcome) -> Amount:
        """The entry of an action and an outcome."""
        call = f"{self.function.__name__}({action!r}, {outcome!r})"
        given = self._called(action, outcome, call)
        place = f"{_place(self.function)}, {call}"
        match given:
            case Symbol() | Expression():
                return self._expression(given.text, place)
            case str():
                return self._expression(given, place)
        try:
            return _number(given)
        except InputError as error:
            raise InputError(
                error.problem, place=place, found=error.found, expected=error.expected, mend=error.mend
            ) from None

    def _called(self, action: str | None, outcome: Outcome, call: str) -> object:
        try:
            given: object = self.function(action, outcome, Row(self.kinds))
        except InputError as error:
            error.place = f"{_place(self.function, error)}, {call}"
            raise
        except _RAISED as error:
            raise InputError(
                f"it raises {type(error).__name__}: {error}",
                place=f"{_place(self.function, error)}, {call}",
                expected=_EXPECTED,
            ) from error
        return given

    def _expression(self, text: str, place: str) -> Amount:
        found = parse(text, self.kinds, place=place, zone=self.zone)
        if found.kind == "category":
            raise InputError("an amount is no number", place=place, found=text, expected=_EXPECTED)
        return Amount(expression=text)


def _number(given: object) -> Amount:
    """An entry that does not depend on the row."""
    if isinstance(given, Mapping):
        try:
            return amount(msgspec.convert(dict(given), AmountSetting))
        except msgspec.ValidationError as error:
            raise InputError("an amount with a range is not complete", found=str(error), expected=_EXPECTED) from None
    if isinstance(given, bool) or not isinstance(given, Decimal | Real):
        raise InputError("it gives what is no amount", found=given, expected=_EXPECTED, mend=_mend(given))
    number: Any = given
    if (isinstance(given, Decimal) and given.is_nan()) or not abs(number) < _LARGEST:  # also refuses NaN
        raise InputError("it gives what is no amount", found=given, expected="a finite number below nine trillions")
    return amount(round(float(number), 6))  # a product such as 3 * 8.35 is off by less than that


def _mend(given: object) -> str:
    return "end each branch of it with 'return'" if given is None else ""


def _place(function: FunctionType, error: BaseException | None = None) -> str:
    """``file:line`` of a function, or of the line in its file that raised *error*."""
    code = inspect.unwrap(function).__code__
    line, trace = code.co_firstlineno, error.__traceback__ if error else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{Path(code.co_filename).name}:{line}"


def _again(new: FunctionType, old: FunctionType) -> bool:
    """Whether a function is an earlier one defined anew: its file was run again, or its cell in a notebook."""
    first, second = inspect.unwrap(new).__code__, inspect.unwrap(old).__code__
    one_module = new.__globals__ is old.__globals__
    if first.co_filename == second.co_filename:
        return not one_module or first.co_firstlineno == second.co_firstlineno
    return one_module and new.__name__ == old.__name__
