"""A dataset for people: its parts, columns and sources, and what was cleaned and turned away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fullcycle.cli.figures import local
from fullcycle.cli.output import aligned

if TYPE_CHECKING:
    from fullcycle.data.records import Column, Dataset

COLUMNS = 40  # that are told to people; JSON holds them all


def dataset_lines(dataset: Dataset, zone: str) -> Iterator[str]:
    """What is told of a dataset after its findings."""
    from fullcycle.data.split import PARTS

    yield from _table(
        f"parts, divided by {dataset.division.by}",
        [
            (
                name,
                f"{part.rows:,} rows",
                f"{local(part.start, zone):%Y-%m-%d %H:%M}",
                f"to {local(part.end, zone):%Y-%m-%d %H:%M}",
            )
            for name, part in ((name, dataset.parts[name]) for name in PARTS if name in dataset.parts)
        ],
    )
    heads = ("name", "type", "known", "feature", "personal", "missing")
    yield from _table("columns", [heads, *(_column(dataset, it) for it in dataset.columns[:COLUMNS])])
    more = len(dataset.columns) - COLUMNS
    if more > 0:
        yield f"  … and {more} more"
    yield from _table("derived", list(dataset.derived.items()))
    yield from _table("sources", [(it.name, it.location, it.owner, it.licence) for it in dataset.sources])
    yield from _table(
        "cleaned", [(it.step, it.column, f"{it.rows:,} rows", f"{it.cells:,} cells") for it in dataset.cleaning]
    )
    away = sorted(dataset.turned_away.items(), key=lambda item: (-item[1], item[0]))
    yield from _table("turned away", [(f"{rows:,}", reason) for reason, rows in away])
    if dataset.left_out:
        yield from ("", f"left out of the sources: {', '.join(dataset.left_out)}")
    if dataset.classes:
        yield from ("", f"classes of the target: {', '.join(dataset.classes)}")


def _table(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield from ("", title)
        yield from (f"  {line}" for line in aligned(rows))


def _column(dataset: Dataset, column: Column) -> tuple[str, ...]:
    seen = dataset.profile.get(column.name)
    missing = "" if seen is None else f"{seen.missing:.1%}"
    kind = f"{column.kind} ({column.unit})" if column.unit else column.kind
    return column.name, kind, column.known, "yes" if column.feature else "", column.personal, missing
