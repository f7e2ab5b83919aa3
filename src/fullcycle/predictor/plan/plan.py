"""The feature plan: a list of operations in JSON, run on columns and on one row with the same result."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
import polars as pl
import rfc8785

from fullcycle.kernel.errors import ColumnMissing, InputError, TooNew, UnknownKey
from fullcycle.predictor.plan.frames import Input, frame_slots
from fullcycle.predictor.plan.operation import OPERATIONS, Constant, Operation
from fullcycle.predictor.plan.values import SORTS, Numbers, Slots, Sort, Value

VERSION = 1
CELLS = 2**25  # numbers that the slots of a plan hold at a time, a quarter of a GiB
BLOCK = 1024  # rows at a time, at least
RowPlan = Callable[[Mapping[str, Value]], list[Any]]
K = TypeVar("K", bound=Hashable)


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is computed from a row before the model sees it.

    Attributes
    ----------
    inputs : the columns that it reads, with their kinds.
    operations : in an order in which each one reads only inputs and earlier outputs.
    features : the slots that make the model's columns, in that order.

    Examples
    --------
    >>> from fullcycle.predictor.plan import Add
    >>> plan = Plan(
    ...     inputs=(Input("a", "float"), Input("b", "integer")),
    ...     operations=(Add(output="c", left="a", right="b"),),
    ...     features=("c", "a"),
    ... )
    >>> plan.matrix(pl.DataFrame({"a": [0.5], "b": [2]})).tolist()
    [[2.5, 0.5]]
    >>> plan.compile()({"a": 0.5, "b": 2.0})
    [2.5, 0.5]
    >>> Plan.from_json(plan.to_json()) == plan
    True
    """

    version: int = VERSION
    inputs: tuple[Input, ...]
    operations: tuple[Operation, ...]
    features: tuple[str, ...]

    @classmethod
    def from_json(cls, body: bytes) -> Plan:
        """Read a plan and check it.

        Raises
        ------
        TooNew
            A newer fullcycle wrote it.
        UnknownKey
            It uses an operation that is not installed.
        InputError
            It is no plan, or one that cannot run.
        """
        try:
            version = msgspec.json.decode(body, type=_Versioned).version
            if version > VERSION:
                raise TooNew("the feature plan", version, VERSION)
            fields = msgspec.json.decode(body, type=_Stored)
            inputs = msgspec.convert(fields.inputs, tuple[Input, ...])
            operations = tuple(_operation(raw, number) for number, raw in enumerate(fields.operations, 1))
        except msgspec.MsgspecError as error:
            raise InputError("not a feature plan", found=str(error)) from None
        plan = cls(version=fields.version, inputs=inputs, operations=operations, features=fields.features)
        plan.check()
        return plan

    def to_json(self) -> bytes:
        """The plan as canonical JSON (RFC 8785): the same plan gives the same bytes."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    def check(self) -> dict[str, Sort]:
        """The sort of every slot, after making sure that the plan can run.

        Raises
        ------
        ColumnMissing
            A slot is read before it is made, or never made.
        InputError
            A slot is made twice, or of the wrong sort for what reads it.
        """
        sorts: dict[str, Sort] = {}
        for column in self.inputs:
            if column.kind not in SORTS:
                raise UnknownKey(column.kind, SORTS, place=f"input {column.name!r}", what="kind")
            _new(sorts, column.name, SORTS[column.kind], f"input {column.name!r}")
        widths = dict.fromkeys(sorts, 0)
        for operation in self.operations:
            read = [_known(sorts, name, operation.place) for name in operation.reads()]
            operation.check_widths([widths[name] for name in operation.reads()])
            _new(sorts, operation.output, operation.sort(read), operation.place)
            widths[operation.output] = operation.width()
        for name in self.features:
            _known(sorts, name, "the list of features")
        return sorts

    def columns(self, frame: pl.DataFrame) -> Slots:
        """Every slot that the features need, for all rows of *frame*; errors as :func:`frame_slots`."""
        self.check()
        return self._run(frame, self._needed())

    def _run(self, frame: pl.DataFrame, operations: Sequence[Operation]) -> Slots:
        slots = frame_slots(frame, self.inputs)
        with np.errstate(all="ignore"):  # overflow to infinity is what one row gives too
            for operation in operations:
                slots[operation.output] = operation.columns(slots)
        return slots

    def matrix(self, frame: pl.DataFrame) -> Numbers:
        """The features of all rows: float64, C-contiguous, of shape (rows, features).

        Rows go through in blocks, so that the slots of a wide plan never lie in memory for all of them.

        Raises
        ------
        InputError
            A feature is a string or a vector, or a column does not fit.
        """
        self._numeric()
        operations = self._needed()
        block = max(BLOCK, CELLS // (len(self.inputs) + len(operations) + 1))
        matrix = np.empty((frame.height, len(self.features)))
        for start in range(0, max(1, frame.height), block):  # an empty table is looked at too
            slots = self._run(frame.slice(start, block), operations)
            for place, name in enumerate(self.features):
                matrix[start : start + block, place] = slots.numbers(name)
        return matrix

    def compile(self) -> RowPlan:
        """The plan for one row: a function from its values, parsed as the contract does, to its features.

        Values are floats (missing: NaN) and strings (missing: ``None``). Names are resolved here, not on each call;
        each call has slots of its own, so that calls may overlap.
        """
        self.check()
        needed = self._needed()
        constants = [operation for operation in needed if isinstance(operation, Constant)]
        others = [operation for operation in needed if not isinstance(operation, Constant)]
        names = [column.name for column in self.inputs]
        order = [*names, *(operation.output for operation in (*constants, *others))]
        places = {name: place for place, name in enumerate(order)}
        fixed = tuple(operation.row({})([]) for operation in constants)
        steps = tuple(operation.row(places) for operation in others)
        take = _taker(names)
        give = _taker([places[name] for name in self.features])

        def run(values: Mapping[str, Value]) -> list[Any]:
            try:
                slots = [*take(values), *fixed]
            except KeyError as error:
                raise ColumnMissing(str(error.args[0]), values, needed_by="the feature plan") from None
            append = slots.append
            for step in steps:
                append(step(slots))
            return list(give(slots))

        return run

    def _numeric(self) -> None:
        sorts = self.check()
        for name in self.features:
            if sorts[name] != "number":
                mend = "encode it with 'lookup', 'equals' or 'hash'; of a vector take an 'element' or a 'dot'"
                raise InputError(f"feature {name!r} is a {sorts[name]}", expected="a number", mend=mend)

    def _needed(self) -> list[Operation]:
        """The operations that the features depend on, in order."""
        wanted, needed = set(self.features), []
        for operation in reversed(self.operations):
            if operation.output in wanted:
                wanted.update(operation.reads())
                needed.append(operation)
        return needed[::-1]


class _Versioned(msgspec.Struct):
    """The version alone: what else a newer plan holds is unknown here."""

    version: int


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """A plan as it lies in JSON, before its operations are told apart."""

    version: int
    inputs: list[dict[str, Any]]
    operations: list[dict[str, Any]]
    features: tuple[str, ...]


def _operation(raw: dict[str, Any], number: int) -> Operation:
    name = str(raw.get("op"))
    if name not in OPERATIONS:
        raise UnknownKey(name, OPERATIONS, place=f"operation {number} of the feature plan", what="operation")
    try:
        return msgspec.convert(raw, OPERATIONS[name])
    except msgspec.ValidationError as error:
        raise InputError(
            "an operation is not right", place=f"operation {number} of the feature plan", found=str(error)
        ) from None


def _known(sorts: Mapping[str, Sort], name: str, reader: str) -> Sort:
    if name not in sorts:
        raise ColumnMissing(name, sorts, source="the feature plan", needed_by=reader)
    return sorts[name]


def _new(sorts: dict[str, Sort], name: str, sort: Sort, place: str) -> None:
    if name in sorts:
        raise InputError(f"slot {name!r} is made twice", place=place, mend="name each slot once")
    sorts[name] = sort


def _taker(keys: Sequence[K]) -> Callable[[Any], tuple[Any, ...]]:
    """What lies under *keys*, as a tuple whatever their number; itemgetter alone is three times as quick as a loop."""
    if not keys:
        return lambda things: ()
    if len(keys) == 1:
        key = keys[0]
        return lambda things: (things[key],)
    return itemgetter(*keys)
