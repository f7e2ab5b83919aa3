"""Merging annotations into outcomes: what most say; a tie stays open, and is named."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import polars as pl

from fullcycle.data.label.annotations import Annotations

_TIME = pl.Datetime("us", "UTC")


class Merged(NamedTuple):
    """What annotators say together.

    Attributes
    ----------
    outcomes : a table that ``fullcycle outcomes`` imports: entity, time, the label, ``at`` (the last annotation's) and ``feedback``,
        which says who said what. Where a key or the label is called as one of the latter two, that one is left out.
    unresolved : rows that stay open: entity, time and ``reason``.
    said : of each outcome, in the same order: who said so (``by``), and which share of those who said anything
        (``agreement``).
    """

    outcomes: pl.DataFrame
    unresolved: pl.DataFrame
    said: pl.DataFrame


def merge(annotations: Annotations, *, entity: str, time: str, column: str = "actual", least: int = 1) -> Merged:
    """One label for each row: the one known to be true, or else what more people say than anything else.

    Parameters
    ----------
    entity, time : names of these columns in the outcomes.
    column : that takes the label: one that is known afterwards, or ``actual`` for the target itself.
    least : labels that a row needs; one with fewer stays open.

    >>> from fullcycle.data.label.annotations import Given, collected
    >>> said = [("a", "ana", "x"), ("a", "ben", "y"), ("a", "cem", "x"), ("b", "ana", "x"), ("b", "ben", "y")]
    >>> merged = merge(collected([Given(row, "1", who, what, None) for row, who, what in said], 0), entity="id", time="day")
    >>> merged.outcomes.select("id", "actual", "feedback").rows(), merged.unresolved["reason"].to_list()
    ([('a', 'x', 'x: ana, cem; y: ben')], ['a tie: x: ana; y: ben'])
    """
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in annotations.given.sort("entity", "time", "annotator").iter_rows(named=True):
        rows.setdefault((one["entity"], one["time"]), []).append(one)
    outcomes, unresolved, agreed = [], [], []
    for key, said in rows.items():
        label, reason = _resolved(said, least)
        if label is None:
            unresolved.append((*key, reason))
            continue
        at = max((one["at"] for one in said if one["at"] is not None), default=None)
        outcomes.append((*key, label, at, _who(said)))
        same = [one["annotator"] or "nobody named" for one in said if one["label"] == label]
        agreed.append((", ".join(same), len(same) / len(said)))
    names = (entity, time, column)
    return Merged(
        _table(outcomes, names, {"at": _TIME, "feedback": pl.String()}),
        _table(unresolved, names[:2], {"reason": pl.String()}),
        pl.DataFrame(agreed, schema={"by": pl.String(), "agreement": pl.Float64()}, orient="row"),
    )


def _table(rows: list[tuple[Any, ...]], names: tuple[str, ...], others: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows of the project's own columns, as text, then of *others*; of two by one name the project's own is kept."""
    kinds: list[pl.DataType] = [*(pl.String() for _ in names), *others.values()]
    cells = [[row[place] for row in rows] for place in range(len(kinds))]
    series = [pl.Series(*one) for one in zip((*names, *others), cells, kinds, strict=True)]
    return pl.DataFrame([one for place, one in enumerate(series) if place < len(names) or one.name not in names])


def _resolved(said: list[dict[str, Any]], least: int) -> tuple[str | None, str]:
    """The label, or why there is none."""
    if truth := {one["label"] for one in said if one["truth"]}:
        return (truth.pop(), "") if len(truth) == 1 else (None, f"{len(truth)} labels marked as true: {_who(said)}")
    if len(said) < least:
        return None, f"{len(said)} of {least} labels"
    counts = Counter(one["label"] for one in said).most_common(2)
    if len(counts) == 2 and counts[0][1] == counts[1][1]:
        return None, f"a tie: {_who(said)}"
    return counts[0][0], ""


def _who(said: list[dict[str, Any]]) -> str:
    """Who said what, such as ``late: ana, ben; on time: cem``."""
    people: dict[str, list[str]] = {}
    for one in said:
        people.setdefault(one["label"], []).append(one["annotator"] or "nobody named")
    return "; ".join(f"{label}: {', '.join(people[label])}" for label in sorted(people))[:1000]
