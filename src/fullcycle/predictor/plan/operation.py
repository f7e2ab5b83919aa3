"""One operation of a plan, and the table of all kinds of operation.

An operation is a small frozen struct: the slot that it makes, the slots that it reads, its parameters. It can run on
columns and on one row. A third party adds one by subclassing :class:`Operation` with a tag and :func:`register`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.values import Column, RowStep, Slots, Sort


class Operation(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", forbid_unknown_fields=True):
    """Base of all operations. Its numbers are finite, and a negative zero is stored as zero, as JSON has only one.

    Attributes
    ----------
    output : the slot that it makes.
    tolerance : how far its values may lie from those of another kind of CPU, absolutely and relatively.
    """

    tolerance: ClassVar[float] = 1e-9
    output: str

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            msgspec.structs.force_setattr(self, name, _tidy(getattr(self, name), f"{self.output}.{name}"))

    def reads(self) -> tuple[str, ...]:
        """The slots that it reads, in order."""
        raise NotImplementedError(type(self).__name__)

    def sort(self, sorts: Sequence[Sort]) -> Sort:
        """The sort of its output, given the sorts of what it reads; by default numbers make a number.

        Raises
        ------
        InputError
            It cannot read these.
        """
        return self.expect(sorts, "number")

    def width(self) -> int:
        """How many numbers a vector that it makes has; 0 if it makes none."""
        return 0

    def check_widths(self, widths: Sequence[int]) -> None:
        """Raise InputError where it cannot read vectors of these *widths*; by default it reads none at all."""
        for name, width in zip(self.reads(), widths, strict=True):
            if width:
                found = f"a vector of {width} numbers"
                raise InputError(f"slot {name!r} does not fit", place=self.place, found=found, expected="no vector")

    def expect(self, sorts: Sequence[Sort], wanted: Sort) -> Sort:
        """*wanted*, if all that is read is of that sort; an InputError otherwise."""
        for name, sort in zip(self.reads(), sorts, strict=True):
            if sort != wanted:
                raise InputError(
                    f"slot {name!r} does not fit", place=self.place, found=f"a {sort}", expected=f"a {wanted}"
                )
        return wanted

    def columns(self, slots: Slots) -> Column:
        """The output of all rows, of shape (n,)."""
        raise NotImplementedError(type(self).__name__)

    def row(self, places: Mapping[str, int]) -> RowStep:
        """A closure from the slots of one row, found at *places*, to the output."""
        raise NotImplementedError(type(self).__name__)

    @property
    def tag(self) -> str:
        """The name of this kind of operation."""
        return tag(type(self))

    @property
    def place(self) -> str:
        """Where an error in it is seen."""
        return f"operation {self.tag!r} of slot {self.output!r}"


class Constant(Operation, frozen=True, kw_only=True):
    """An operation that reads nothing: its value is laid out once, when a plan is compiled."""

    def reads(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


class Unary(Operation, frozen=True, kw_only=True):
    """An operation on one slot, ``input``."""

    input: str

    def reads(self) -> tuple[str, ...]:
        """The one input."""
        return (self.input,)


class Binary(Operation, frozen=True, kw_only=True):
    """An operation on two slots, ``left`` and ``right``."""

    left: str
    right: str

    def reads(self) -> tuple[str, ...]:
        """Left, then right."""
        return (self.left, self.right)


OPERATIONS: dict[str, type[Operation]] = {}
T = TypeVar("T", bound=type[Operation])


def register(type_: T) -> T:
    """Add a kind of operation under its tag, so that plans which use it can be read.

    Raises
    ------
    InputError
        Another kind has that tag already.

    Examples
    --------
    >>> from fullcycle.predictor.plan.operation import OPERATIONS
    >>> register(OPERATIONS["add"]) is OPERATIONS["add"]
    True
    """
    known = OPERATIONS.setdefault(tag(type_), type_)
    if known is not type_ and (known.__module__, known.__qualname__) != (type_.__module__, type_.__qualname__):
        raise InputError(
            f"two operations have the tag {tag(type_)!r}", found=type_.__qualname__, mend="choose another tag"
        )
    OPERATIONS[tag(type_)] = type_
    return type_


def tag(type_: type[Operation]) -> str:
    """The tag of a kind of operation.

    >>> tag(OPERATIONS["add"])
    'add'
    """
    return str(type_.__struct_config__.tag)


def _tidy(value: Any, place: str) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(
                "a parameter must be finite", place=place, found=value, mend="leave it out to mean missing"
            )
        return value + 0.0  # -0.0 becomes 0.0
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        raise InputError("a parameter is too large to be exact in JSON", place=place, expected="below 2**53")
    if isinstance(value, tuple):
        return tuple(_tidy(item, place) for item in value)
    if isinstance(value, dict):
        return {key: _tidy(value[key], place) for key in sorted(value)}
    return value
