"""The union of feature plans: one plan that makes the features of all, what is equal once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan.frames import Input
from fullcycle.predictor.plan.operation import Operation
from fullcycle.predictor.plan.plan import Plan

_NOWHERE = "\x00"  # no slot has this name


class Joined(NamedTuple):
    """A plan, and for each of those that it joins the positions of its features among the plan's."""

    plan: Plan
    columns: tuple[tuple[int, ...], ...]


def union(plans: Sequence[Plan]) -> Joined:
    """One plan with the features of all *plans*, each once.

    Operations are equal where they do the same to the same; one whose slot's name another plan uses for something else
    gets an underscore. A member's features are the same to the bit as by its own plan.

    Raises
    ------
    InputError
        Two plans read a column as different kinds.

    Examples
    --------
    >>> from fullcycle.predictor.plan import Add, Missing
    >>> inputs = (Input("a", "float"), Input("b", "float"))
    >>> first = Plan(inputs=inputs, operations=(Add(output="c", left="a", right="b"),), features=("c", "a"))
    >>> second = Plan(
    ...     inputs=inputs,
    ...     operations=(Add(output="d", left="a", right="b"), Missing(output="c", input="a")),
    ...     features=("c", "d"),
    ... )
    >>> joined = union([first, second])
    >>> joined.plan.features, joined.columns
    (('c', 'a', 'c_'), ((0, 1), (2, 0)))
    """
    inputs: dict[str, Input] = {}
    for column in (column for plan in plans for column in plan.inputs):
        if inputs.setdefault(column.name, column) != column:
            raise InputError(f"two plans read {column.name!r} differently", found=column.kind)
    operations: list[Operation] = []
    made: dict[bytes, str] = {}
    names = set(inputs)
    features: dict[str, int] = {}
    columns = []
    for plan in plans:
        slots = {column.name: column.name for column in plan.inputs}
        for operation in plan.operations:
            renamed = reading(operation, slots)
            what = msgspec.json.encode((renamed.tag, msgspec.structs.replace(renamed, output=_NOWHERE)))
            if what not in made:
                made[what] = _free(operation.output, names)
                operations.append(msgspec.structs.replace(renamed, output=made[what]))
            slots[operation.output] = made[what]
        columns.append(tuple(features.setdefault(slots[name], len(features)) for name in plan.features))
    plan = Plan(inputs=tuple(inputs.values()), operations=tuple(operations), features=tuple(features))
    plan.check()
    return Joined(plan, tuple(columns))


def reading(operation: Operation, slots: dict[str, str]) -> Operation:
    """The operation with each slot that it reads named as *slots* name it.

    Which of its fields name slots an operation tells by what it reads, so that those of third parties are known too.

    Raises
    ------
    InputError
        What it reads stands in none of its fields.

    Examples
    --------
    >>> from fullcycle.predictor.plan import Equals
    >>> reading(Equals(output="is x", input="x", value="x"), {"x": "y"})
    Equals(output='is x', input='y', value='x', missing=0.0)
    """
    changes: dict[str, object] = {}
    for name in operation.__struct_fields__:
        value = getattr(operation, name)
        if isinstance(value, str) and value in slots and _reads(operation, name, _NOWHERE):
            changes[name] = slots[value]
        if isinstance(value, tuple) and set(value) & set(slots) and _reads(operation, name, (_NOWHERE,) * len(value)):
            changes[name] = tuple(slots[it] for it in value)
    renamed = msgspec.structs.replace(operation, **changes)
    if renamed.reads() != tuple(slots[name] for name in operation.reads()):
        raise InputError("an operation names what it reads in a way that cannot be followed", place=operation.place)
    return renamed


def _reads(operation: Operation, name: str, value: object) -> bool:
    return _NOWHERE in msgspec.structs.replace(operation, **{name: value}).reads()


def _free(name: str, names: set[str]) -> str:
    while name in names:
        name += "_"
    names.add(name)
    return name
