"""A feature plan while it is written."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.development.settings import Features
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import parse
from fullcycle.predictor.plan import Choose, Input, Number, Operation, Plan, frame_slots
from fullcycle.predictor.plan.values import Slots

Floats: TypeAlias = NDArray[np.float64]


class Draft:
    """A plan while it is written: each operation is run on the rows as soon as it is added."""

    def __init__(
        self,
        frame: pl.DataFrame,
        target: Floats,
        columns: tuple[Column, ...],
        settings: Features,
        zone: str,
        task: str,
        pending: dict[str, str],
    ) -> None:
        self.target, self.settings, self.zone, self.task = target, settings, zone, task
        self._kinds = {column.name: column.kind for column in columns}
        # a request does not bring what is derived
        told = {name: kind for name, kind in self._kinds.items() if name not in pending}
        self._inputs = {name: Input(name, kind) for name, kind in told.items()}  # type: ignore[arg-type]
        self._pending = pending
        self._frame, self.slots = frame, Slots(frame.height)
        self._operations: list[Operation] = []
        self.features: list[str] = []
        self._values: list[Floats] = []

    def kind(self, name: str) -> str:
        """The kind of a column or a computed slot."""
        self._read(name)
        return self._kinds[name]

    def add(self, make: type[Operation], hint: str, **fields: Any) -> str:
        """Add an operation; the slot that it makes, named like *hint*."""
        name = hint
        while name in self.slots or name in self._kinds:
            name += "_"
        self._append(make(output=name, **fields))
        return name

    def numbers(self, slot: str) -> Floats:
        """The values of a slot of numbers, (n,)."""
        self._read(slot)
        return self.slots.numbers(slot)

    def strings(self, slot: str) -> pl.Series:
        """The values of a slot of strings, n of them."""
        self._read(slot)
        return self.slots.strings(slot)

    def use(self, slot: str, values: Floats | None = None) -> None:
        """Make a slot a feature, unless it never varies; *values* stand for it on these rows where they are given."""
        found = self.numbers(slot)
        if len(found) and ((found == found[0]) | (np.isnan(found) & np.isnan(found[0]))).all():
            return
        self.features.append(slot)
        self._values.append(found if values is None else values)

    def finish(self) -> tuple[Plan, Floats]:
        """The plan, less what no feature needs, and the matrix."""
        wanted, needed = set(self.features), []
        for operation in reversed(self._operations):
            if operation.output in wanted:
                wanted.update(operation.reads())
                needed.append(operation)
        inputs = tuple(column for name, column in self._inputs.items() if name in wanted)
        plan = Plan(inputs=inputs, operations=tuple(needed[::-1]), features=tuple(self.features))
        plan.check()
        matrix = np.empty((len(self.target), len(self.features)))
        for place, values in enumerate(self._values):
            matrix[:, place] = values
        return plan, matrix

    def _append(self, operation: Operation) -> None:
        for slot in operation.reads():
            self._read(slot)
        if operation.output in self.slots:
            raise InputError(f"two features make {operation.output!r}", mend="name each feature once")
        with np.errstate(all="ignore"):  # as the plan does: overflow is what one row gives too
            self.slots[operation.output] = operation.columns(self.slots)
        self._operations.append(operation)

    def _read(self, slot: str) -> None:
        if slot in self.slots:
            return
        if slot in self._pending:
            self._compute(slot, self._pending.pop(slot))
        elif slot in self._inputs:
            self.slots.update(frame_slots(self._frame, [self._inputs[slot]]))
        else:
            raise ColumnMissing(slot, self._inputs, needed_by="the feature plan")

    def _compute(self, name: str, text: str) -> None:
        """Add the operations of an expression; its value becomes the slot *name*."""
        known = {column: kind for column, kind in self._kinds.items() if column != name}
        parsed = parse(text, known, place=f"feature {name!r}", zone=self.zone, output=name)
        for operation in parsed.plan.operations:
            self._append(operation)
        if not parsed.plan.operations:  # it only names a column
            always, column = self.add(Number, f"{name} always", value=1.0), parsed.columns[0]
            self._append(Choose(output=name, condition=always, then=column, otherwise=column))
        self._kinds[name] = parsed.kind
