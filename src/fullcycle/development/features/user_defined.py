"""Features of the project's own: expressions over columns, which the plan computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fullcycle.data.records import Column
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.kernel.registry import Registry
from fullcycle.predictor.expression import Expression

Feature: TypeAlias = Callable[["Columns"], "str | Expression"]
Expressions: TypeAlias = tuple[tuple[str, str], ...]

FEATURES: Registry[Feature] = Registry("feature")
"""Features of the project's own, registered with :func:`feature`."""


class Columns:
    """What a feature's function reads: each attribute is a column, as an expression names it.

    >>> columns = Columns(["distance", "air time"])
    >>> f"{columns.distance} / {columns['air time']}"
    "distance / column('air time')"
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise ColumnMissing(name, self._names, needed_by="a feature")
        return name if name.isidentifier() else f"column({name!r})"


def feature(function: Feature) -> Feature:
    """Register a feature of the project's own under its function's name.

    It gives an expression over columns known before the prediction; it is called once when fitting and never serves.

    >>> @feature
    ... def speed(c: Columns) -> str:
    ...     return f"{c.distance} / {c.air_time}"
    >>> "speed" in FEATURES
    True
    >>> _ = FEATURES.remove("speed")
    """
    return FEATURES.add(function.__name__, function)


def expressions(columns: tuple[Column, ...], derived: Mapping[str, str]) -> Expressions:
    """What the plan computes itself: derived columns known beforehand, and the project's registered features.

    Raises
    ------
    InputError
        A feature has the name of a column.
    """
    names = [column.name for column in columns]
    found = [(name, text) for name, text in derived.items() if name in names]
    reads = Columns(names)
    for name in FEATURES:
        if name in names:
            raise InputError(f"feature {name!r} has the name of a column", place="cycle.py", mend="call it otherwise")
        made = FEATURES[name](reads)
        found.append((name, made if isinstance(made, str) else made.text))
    return tuple(found)
