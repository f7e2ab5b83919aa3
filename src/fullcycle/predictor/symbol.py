"""Columns as symbols: what a project's own function reckons with while it is traced, instead of a row's values.

Python's operators on a symbol write an expression of the language in :mod:`fullcycle.predictor.expression`::

    row.distance, row["air time"]          (row.price > 100) & ~row.vip
    0.1 * row.distance + 2                 (row.price > 100).choose(8.5, 5)
    abs(row.delay), row.a.min(row.b, 30)   row.sent.hour(), row.weight.missing(), row.fare.log1p()

So the function runs once, while the project is read, and what it says runs for every row without it.
"""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from numbers import Real
from typing import NoReturn

from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import LONGEST

_MEND = "write condition.choose(a, b) for 'if' and &, | and ~ for and, or and not, each comparison in parentheses"


class Symbol:
    """A column, or what was reckoned from columns: a part of an expression.

    Written into text it is that expression, in parentheses where it needs them.

    Parameters
    ----------
    text : an expression.

    Raises
    ------
    InputError
        Python asks for its value, as ``if``, ``and`` or ``min()`` do: there is none while the function is traced.

    Examples
    --------
    >>> row = Row(["distance", "carrier"])
    >>> (2 + row.distance * 0.1).text
    '2 + distance * 0.1'
    >>> ((row.distance > 1000) & (row.carrier == "UA")).choose(8, row.distance.max(5)).text
    "choose(distance > 1000 and carrier == 'UA', 8, max(distance, 5))"
    >>> f"{row.distance + 1} / 60"
    '(distance + 1) / 60'
    """

    __slots__ = ("_whole", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise InputError(
                "the expression is too long", found=f"{len(text)} characters", expected=f"at most {LONGEST}"
            )
        try:
            tree = ast.parse(text, mode="eval").body
            self.text = ast.unparse(tree)  # with no more parentheses than it needs
        except (SyntaxError, RecursionError, MemoryError):  # its parts are right, but Python counts parentheses
            raise InputError("the expression is nested too deeply", mend="derive a column of its parts") from None
        self._whole = isinstance(tree, ast.Name | ast.Call | ast.Constant)

    def __str__(self) -> str:
        return self.text if self._whole else f"({self.text})"

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"

    def choose(self, then: object, otherwise: object) -> Symbol:
        """*then* where this is true, else *otherwise*."""
        return self._call("choose", then, otherwise)

    def missing(self) -> Symbol:
        """Whether it has no value."""
        return self._call("missing")

    def min(self, *others: object) -> Symbol:
        """The least of it and *others*."""
        return self._call("min", *others)

    def max(self, *others: object) -> Symbol:
        """The most of it and *others*."""
        return self._call("max", *others)

    def log1p(self) -> Symbol:
        """The logarithm of one more than it."""
        return self._call("log1p")

    def hour(self) -> Symbol:
        """The hour of a time."""
        return self._call("hour")

    def weekday(self) -> Symbol:
        """The day of the week of a time."""
        return self._call("weekday")

    def month(self) -> Symbol:
        """The month of a time."""
        return self._call("month")

    def days(self) -> Symbol:
        """The day of a time, counted."""
        return self._call("days")

    def __abs__(self) -> Symbol:
        return self._call("abs")

    def __neg__(self) -> Symbol:
        return Symbol(f"-{self}")

    def __pos__(self) -> Symbol:
        return self

    def __invert__(self) -> Symbol:
        return Symbol(f"not {self}")

    def __add__(self, other: object) -> Symbol:
        return self._with("+", other)

    def __radd__(self, other: object) -> Symbol:
        return self._after("+", other)

    def __sub__(self, other: object) -> Symbol:
        return self._with("-", other)

    def __rsub__(self, other: object) -> Symbol:
        return self._after("-", other)

    def __mul__(self, other: object) -> Symbol:
        return self._with("*", other)

    def __rmul__(self, other: object) -> Symbol:
        return self._after("*", other)

    def __truediv__(self, other: object) -> Symbol:
        return self._with("/", other)

    def __rtruediv__(self, other: object) -> Symbol:
        return self._after("/", other)

    def __and__(self, other: object) -> Symbol:
        return self._with("and", other)

    def __rand__(self, other: object) -> Symbol:
        return self._after("and", other)

    def __or__(self, other: object) -> Symbol:
        return self._with("or", other)

    def __ror__(self, other: object) -> Symbol:
        return self._after("or", other)

    def __lt__(self, other: object) -> Symbol:
        return self._with("<", other)

    def __le__(self, other: object) -> Symbol:
        return self._with("<=", other)

    def __gt__(self, other: object) -> Symbol:
        return self._with(">", other)

    def __ge__(self, other: object) -> Symbol:
        return self._with(">=", other)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]
        return self._with("==", other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return self._with("!=", other)

    def _no_value(self, *_: object) -> NoReturn:
        raise InputError(
            "a column has no value while the function is traced, but Python asks for it",
            found=self.text,
            expected="+ - * /, comparisons, & | ~ and a symbol's own functions",
            mend=_MEND,
        )

    __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __round__ = _no_value
    __pow__ = __rpow__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __getitem__ = __contains__ = _no_value

    def _with(self, operator: str, other: object) -> Symbol:
        return Symbol(f"{self} {operator} {_written(other)}")

    def _after(self, operator: str, other: object) -> Symbol:
        return Symbol(f"{_written(other)} {operator} {self}")

    def _call(self, name: str, *others: object) -> Symbol:
        return Symbol(f"{name}({', '.join([self.text, *map(_written, others)])})")


class Row:
    """The row that a traced function reads: each attribute, or item, is the symbol of a column.

    Raises ColumnMissing for a column that there is not.

    >>> row = Row(["distance", "air time"])
    >>> (row.distance / row["air time"]).text
    "distance / column('air time')"
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Symbol:
        if name not in self._names:
            raise ColumnMissing(str(name), self._names, needed_by="a function of the project")
        word = name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name not in ("true", "false")
        return Symbol(name if word else f"column({name!r})")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


def _written(value: object) -> str:
    """A part of an expression as the language writes it."""
    match value:
        case Symbol():
            return str(value)
        case bool():
            return "true" if value else "false"
        case str() | int():
            return repr(value)
        case Decimal() | Real() if math.isfinite(value):
            return repr(float(value))
    raise InputError(
        "an expression cannot hold this",
        found=value,
        expected="a column, a finite number, a text or true and false",
    )
