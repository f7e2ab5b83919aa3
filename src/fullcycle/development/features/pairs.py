"""Two numbers as one: their ratio, their difference; declared, or proposed for the columns that tell most."""

from __future__ import annotations

import itertools

import numpy as np

from fullcycle.development.features.draft import Draft, Floats
from fullcycle.development.features.mutual_information import evenly, informative
from fullcycle.kernel.errors import InputError
from fullcycle.measure.tests import benjamini_hochberg
from fullcycle.predictor.plan import Divide, Subtract

ROWS = 10_000  # looked at, at most, to see which columns lead
LEVEL = 0.05  # share of leading columns that may be so by chance
NUMBERS = ("float", "integer", "boolean")


def ratio(draft: Draft, above: str, below: str) -> str:
    """The first divided by the second; missing where that is zero.

    Raises
    ------
    InputError
        One holds no numbers.
    """
    _numbers(draft, above, below, setting="ratios")
    return draft.add(Divide, f"{above} / {below}", left=above, right=below)


def difference(draft: Draft, left: str, right: str) -> str:
    """The first less the second.

    Raises
    ------
    InputError
        One holds no numbers.
    """
    _numbers(draft, left, right, setting="differences")
    return draft.add(Subtract, f"{left} - {right}", left=left, right=right)


def proposed(draft: Draft, names: list[str], most: int) -> list[str]:
    """Ratios both ways and the difference of each two among the *most* columns that tell most of the target."""
    slots = []
    for a, b in itertools.combinations(_leading(draft, names, most), 2):
        slots += [ratio(draft, a, b), ratio(draft, b, a), difference(draft, a, b)]
    return slots


def _leading(draft: Draft, names: list[str], most: int) -> list[str]:
    """Number columns that tell more than chance would, at most so many, in their order; of equal ones the first."""
    rows = evenly(len(draft.target), ROWS)
    numeric = [name for name in names if draft.kind(name) in ("float", "integer")]
    told = informative((_values(draft, name)[rows] for name in numeric), draft.target[rows], draft.task)
    sure = benjamini_hochberg([it.p for it in told], LEVEL).tolist()
    chosen: list[int] = []
    for place in sorted(np.flatnonzero(sure).tolist(), key=lambda place: (-told[place].bits, place)):
        if len(chosen) < most and not any(_equal(draft, numeric[place], numeric[other]) for other in chosen):
            chosen.append(place)
    return [numeric[place] for place in sorted(chosen)]


def _values(draft: Draft, name: str) -> Floats:
    draft.release()
    return draft.numbers(name)


def _equal(draft: Draft, one: str, other: str) -> bool:
    return np.array_equal(draft.numbers(one), draft.numbers(other), equal_nan=True)


def _numbers(draft: Draft, *names: str, setting: str) -> None:
    for name in names:
        if (kind := draft.kind(name)) not in NUMBERS:
            place = f"cycle.toml, [development.features] {setting}"
            raise InputError(f"{name} holds no numbers", place=place, found=kind, expected="two number columns")
