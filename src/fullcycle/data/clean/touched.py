"""What a step touched: counts, and examples before and after where a column may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import polars as pl
from msgspec import Struct

if TYPE_CHECKING:
    from fullcycle.data.contract.settings import ColumnFact

Facts: TypeAlias = "Mapping[str, ColumnFact]"
MASK = "•••"
"""Stands for a cell of a column that is personal, or not yet decided not to be."""
SHOWN = 3
"""Examples of a step in a column, at most."""
LONGEST = 60
"""Letters of a cell that are shown, at most."""


class Example(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell before and after; None is missing."""

    before: str | None
    after: str | None


class Touched(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a step did to a column.

    Attributes
    ----------
    step : ``missing``, ``words``, ``formats``, ``units``, ``outside``, ``outliers``, ``duplicates``, ``identical``, ``near``.
    column : the column, or for steps that compare rows the columns compared, with commas; ``*`` for all.
    rows : rows touched; taken out, where the step takes rows out.
    cells : cells changed.
    examples : the first in order, masked unless the column is decided not to be personal.
    """

    step: str
    column: str
    rows: int
    cells: int
    examples: tuple[Example, ...] = ()


def shown(cell: str | None, *, open: bool) -> str | None:
    """A cell as a record may hold it: cut, and masked unless *open*.

    >>> shown("Anna", open=False)
    '•••'
    """
    if cell is None or open:
        return cell if cell is None or len(cell) <= LONGEST else cell[: LONGEST - 1] + "…"
    return MASK


def may_show(name: str, facts: Facts) -> bool:
    """Whether the cells of a column are decided not to be personal.

    >>> from fullcycle.data.contract.settings import ColumnFact
    >>> may_show("city", {"city": ColumnFact(type="category", personal="no")}), may_show("city", {})
    (True, False)
    """
    return name in facts and facts[name].personal == "no"


def example(before: str | None, after: str | None, *, open: bool) -> Example:
    """A cell before and after, as a record may hold them."""
    return Example(before=shown(before, open=open), after=shown(after, open=open))


def difference(step: str, before: pl.Series, after: pl.Series, facts: Facts) -> tuple[Touched, ...]:
    """What changed in a column, nothing if nothing did.

    >>> difference("missing", pl.Series("a", ["1", "-"]), pl.Series("a", ["1", None]), {})[0].examples
    (Example(before='•••', after=None),)
    """
    if before.dtype != after.dtype:
        before, after = before.cast(pl.String), after.cast(pl.String)
    changed = before.ne_missing(after)
    cells = int(changed.sum())
    if not cells:
        return ()
    first = changed.arg_true().head(SHOWN)
    pairs = zip(before.gather(first).cast(pl.String), after.gather(first).cast(pl.String), strict=True)
    open_ = may_show(before.name, facts)
    examples = tuple(example(old, new, open=open_) for old, new in pairs)
    return (Touched(step=step, column=before.name, rows=cells, cells=cells, examples=examples),)


def merge(parts: Iterable[Touched]) -> tuple[Touched, ...]:
    """The sum over segments, given in their order: a line for each step and column, in their order.

    >>> one = Touched(step="missing", column="a", rows=1, cells=1)
    >>> merge([one, one])[0].rows
    2
    """
    summed: dict[tuple[str, str], Touched] = {}
    for part in parts:
        key = (part.step, part.column)
        if (known := summed.get(key)) is None:
            summed[key] = part
            continue
        examples = (*known.examples, *part.examples)[:SHOWN]
        rows, cells = known.rows + part.rows, known.cells + part.cells
        summed[key] = Touched(step=part.step, column=part.column, rows=rows, cells=cells, examples=examples)
    return tuple(summed[key] for key in sorted(summed))
