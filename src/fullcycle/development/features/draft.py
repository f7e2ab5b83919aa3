"""A feature plan while it is written."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Column
from fullcycle.development.features.categories import Codes, coded
from fullcycle.development.settings import ColumnFeatures, Features
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.expression import parse
from fullcycle.predictor.plan import Choose, Input, Missing, Number, Operation, Plan, frame_slots
from fullcycle.predictor.plan.sparse import Sparse
from fullcycle.predictor.plan.values import Slots

Floats: TypeAlias = NDArray[np.float64]

CELLS = 2**23  # numbers held of slots that can be computed again, a sixteenth of a GiB


class Dropped(NamedTuple):
    """A feature that the plan does without.

    Attributes
    ----------
    reason : ``constant``, ``duplicate``, ``empty`` or the method of selection.
    detail : the feature that it equals, or a figure.
    """

    feature: str
    reason: str
    detail: str | float | None = None


class Draft:
    """A plan while it is written: each operation is run on the rows as soon as somebody asks for its values.

    Values that can be computed again are let go by :meth:`release`, so that a wide plan never holds all of them.

    >>> column = Column(name="x", kind="float", known="before", feature=True)
    >>> draft = Draft(pl.DataFrame({"x": [1.0, 2.0]}), np.zeros(2), (column,), Features(), "UTC", "binary", {})
    >>> draft.use(draft.add(Missing, "x is missing", input="x"))
    >>> draft.use("x")
    >>> plan, matrix = draft.finish()
    >>> plan.features, matrix.tolist()
    (('x',), [[1.0], [2.0]])
    """

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
        self._frame, self._slots = frame, Slots(frame.height)
        self._given: dict[str, Floats] = {}
        self._operations: dict[str, Operation] = {}
        self._codes: tuple[str, tuple[list[str], Codes]] | None = None
        self._seen: dict[bytes, str] = {}
        self.features: list[str] = []
        self.texts: list[str] = []  # columns that the learner reads itself
        self.dropped: list[Dropped] = []

    def of(self, name: str) -> ColumnFeatures:
        """What is set for a column; nothing of its own, as a rule."""
        return self.settings.columns.get(name, _AS_ALL)

    def kind(self, name: str) -> str:
        """The kind of a column or a computed slot."""
        self._make(name)
        return self._kinds[name]

    def add(self, make: type[Operation], hint: str, *, given: Floats | None = None, **fields: Any) -> str:
        """Add an operation; the slot that it makes, named like *hint*.

        Where *given* are there, (n,), they stand for its own values on these rows, for whatever is computed of it too.
        """
        name = hint
        while name in self._operations or name in self._kinds:
            name += "_"
        self._append(make(output=name, **fields))
        if given is not None:
            self._given[name] = given
        return name

    def numbers(self, slot: str) -> Floats:
        """The values of a slot of numbers, (n,)."""
        self._hold(slot)
        return self._slots.numbers(slot)

    def strings(self, slot: str) -> pl.Series:
        """The values of a slot of strings, n of them."""
        self._hold(slot)
        return self._slots.strings(slot)

    def vectors(self, slot: str) -> Sparse:
        """The values of a slot of vectors, n of them."""
        self._hold(slot)
        return self._slots.vectors(slot)

    def coded(self, name: str) -> tuple[list[str], Codes]:
        """The categories of a slot, sorted, and each row's code; -1 where it is missing."""
        if self._codes is None or self._codes[0] != name:
            self._codes = (name, coded(self.strings(name)))
        return self._codes[1]

    def use(self, slot: str) -> None:
        """Make a slot a feature, unless it never varies or is another feature once more."""
        values = self.numbers(slot)
        flag = isinstance(self._operations.get(slot), Missing)  # what of them is left out tells nobody anything
        if not _varies(values):
            if not flag:
                self.drop(slot, "constant")
            return
        digest = hashlib.blake2b(np.where(np.isnan(values), np.nan, values + 0.0).tobytes(), digest_size=16).digest()
        if digest in self._seen:
            if not flag:
                self.drop(slot, "duplicate", self._seen[digest])
            return
        self._seen[digest] = slot
        self.features.append(slot)

    def drop(self, slot: str, reason: str, detail: str | float | None = None) -> None:
        """Note what the plan does without, and why."""
        self.dropped.append(Dropped(slot, reason, detail))

    def release(self) -> None:
        """Let go of values that can be computed again, once there are many; not of vectors, for reading texts is slow."""
        if len(self._slots) * self._slots.height > CELLS:
            vectors = {name: column for name, column in self._slots.items() if isinstance(column, Sparse)}
            self._slots.clear()
            self._slots.update(vectors)

    def matrix(self) -> Floats:
        """The features of the rows that the plan is fitted on, (n, features)."""
        matrix = np.empty((self._slots.height, len(self.features)))
        for place, slot in enumerate(self.features):
            matrix[:, place] = self.numbers(slot)
            self.release()
        return matrix

    def finish(self) -> tuple[Plan, Floats]:
        """The plan, less what no feature needs, and the matrix."""
        wanted, needed = set(self.features), []
        for operation in reversed(self._operations.values()):
            if operation.output in wanted:
                wanted.update(operation.reads())
                needed.append(operation)
        inputs = tuple(column for name, column in self._inputs.items() if name in wanted)
        plan = Plan(inputs=inputs, operations=tuple(needed[::-1]), features=tuple(self.features))
        plan.check()
        return plan, self.matrix()

    def _append(self, operation: Operation) -> None:
        for slot in operation.reads():
            self._make(slot)
        if operation.output in self._operations or operation.output in self._inputs:
            raise InputError(f"two features make {operation.output!r}", mend="name each feature once")
        self._operations[operation.output] = operation

    def _hold(self, slot: str) -> None:
        """Have the values of a slot in memory."""
        if slot in self._slots:
            return
        self._make(slot)
        if slot in self._given:
            self._slots[slot] = self._given[slot]
        elif slot in self._inputs:
            self._slots.update(frame_slots(self._frame, [self._inputs[slot]]))
        else:
            operation = self._operations[slot]
            for read in operation.reads():
                self._hold(read)
            with np.errstate(all="ignore"):  # as the plan does: overflow is what one row gives too
                self._slots[slot] = operation.columns(self._slots)

    def _make(self, slot: str) -> None:
        """Add the operations of a slot that is still an expression."""
        if slot in self._pending:
            self._compute(slot, self._pending.pop(slot))
        elif slot not in self._operations and slot not in self._inputs:
            raise ColumnMissing(slot, self._kinds, needed_by="the feature plan")

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


_AS_ALL = ColumnFeatures()


def _varies(values: Floats) -> bool:
    return not len(values) or not ((values == values[0]) | (np.isnan(values) & np.isnan(values[0]))).all()
