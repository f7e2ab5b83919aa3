"""A category as its place in an order."""

from __future__ import annotations

from fullcycle.development.features.categories import frequencies
from fullcycle.development.features.draft import Draft
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Lookup


def by_order(draft: Draft, name: str, fill: str | None) -> str:
    """0, 1, 2 … in the declared order, or in that of the text; missing for a category that is in neither.

    Raises
    ------
    InputError
        A value is declared twice.
    """
    order = draft.of(name).order
    if len(set(order)) < len(order):
        place = f"cycle.toml, [development.features.columns.{name}] order"
        raise InputError("a value stands twice", place=place, mend="name each value once, least first")
    if not order:
        counts = frequencies(*draft.coded(name))
        order = tuple(it for it, count in counts.items() if count >= draft.settings.rare)
    table = {it: float(place) for place, it in enumerate(order)}
    gap = None if fill is None else table.get(fill)
    return draft.add(Lookup, f"{name} order", input=name, table=table, missing=gap)
