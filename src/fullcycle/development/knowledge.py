"""Declared knowledge of columns, as constraints on the features that a plan makes of them."""

from __future__ import annotations

import itertools

from fullcycle.data.records import Column
from fullcycle.development.learners import Constraints
from fullcycle.development.settings import Knowledge
from fullcycle.kernel.errors import ColumnMissing, InputError
from fullcycle.predictor.plan import Clip, Impute, Plan

MOST = 64  # sets of features that may go together: every list in never_together multiplies them
_PLACE = "cycle.toml, [development.knowledge]"
_SIGNS = {"up": 1, "down": -1}


def constraints(knowledge: Knowledge, plan: Plan, columns: tuple[Column, ...]) -> Constraints:
    """What the knowledge asks of the plan's features; empty where nothing is declared.

    A direction binds the feature that is the column itself, with its gaps filled or its ends cut as may be; what is
    computed from the column besides stays free. What is
    computed from two columns that are never used together is not used at all.

    Raises
    ------
    ColumnMissing
        A name is neither a column that may be a feature, nor a computed feature.
    InputError
        A column with a direction holds no numbers, or the lists leave too many sets.

    Examples
    --------
    >>> from fullcycle.predictor.plan import Add, Input
    >>> plan = Plan(
    ...     inputs=(Input("a", "float"), Input("b", "float")),
    ...     operations=(Add(output="sum", left="a", right="b"),),
    ...     features=("a", "b", "sum"),
    ... )
    >>> columns = tuple(Column(name=name, kind="float", known="before", feature=True) for name in "ab")
    >>> constraints(Knowledge(monotone={"b": "down"}, never_together=(("a", "b"),)), plan, columns)
    Constraints(monotone=(0, -1, 0), together=((0,), (1,)))
    """
    kinds = {column.name: column.kind for column in columns if column.feature}
    sources = _sources(plan)
    known = {**dict.fromkeys(plan.features, ""), **kinds}
    for name in (*knowledge.monotone, *itertools.chain(*knowledge.never_together)):
        if name not in known and not any(name in read for read in sources):
            raise ColumnMissing(name, sorted(kinds), source=_PLACE, needed_by="declared knowledge")
    for name in knowledge.monotone:
        if known.get(name) in ("category", "text", "time"):
            raise InputError(
                f"{name} has no direction", place=f"{_PLACE} monotone", found=known[name], expected="numbers"
            )
    bound = {**_columns_of(plan), **{name: name for name in knowledge.monotone}}
    monotone = tuple(_SIGNS.get(knowledge.monotone.get(bound.get(name, ""), ""), 0) for name in plan.features)
    return Constraints(monotone if any(monotone) else (), _together(knowledge.never_together, sources))


def _together(never: tuple[tuple[str, ...], ...], sources: list[frozenset[str]]) -> tuple[tuple[int, ...], ...]:
    """The largest sets of features that hold one column of each list at most."""
    sets: list[frozenset[int]] = []
    if not never:
        return ()
    for count, chosen in enumerate(itertools.product(*never), 1):
        if count > MOST:
            problem = "the lists leave too many ways of choosing one column of each"
            raise InputError(problem, place=f"{_PLACE} never_together", expected=f"{MOST} at most")
        out = {name for names, kept in zip(never, chosen, strict=True) for name in names if name != kept}
        sets.append(frozenset(place for place, read in enumerate(sources) if not read & out))
    largest = [one for one in dict.fromkeys(sets) if one and not any(one < other for other in sets)]
    return tuple(tuple(sorted(one)) for one in largest)


def _columns_of(plan: Plan) -> dict[str, str]:
    """The column that a slot is, but for filled gaps and cut ends."""
    found: dict[str, str] = {}
    for operation in plan.operations:
        if isinstance(operation, Impute | Clip):
            found[operation.output] = found.get(operation.input, operation.input)
    return found


def _sources(plan: Plan) -> list[frozenset[str]]:
    """For each feature, itself and all slots that it is computed from."""
    found = {column.name: frozenset({column.name}) for column in plan.inputs}
    for operation in plan.operations:
        found[operation.output] = frozenset({operation.output}).union(*(found[slot] for slot in operation.reads()))
    return [found[name] for name in plan.features]
