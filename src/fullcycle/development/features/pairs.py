"""Two numbers as one: their ratio, their difference; declared, or proposed for the columns that tell most."""

from __future__ import annotations

import itertools

from fullcycle.development.features.draft import Draft
from fullcycle.development.features.mutual_information import informative
from fullcycle.kernel.errors import InputError
from fullcycle.predictor.plan import Divide, Subtract

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
    numeric = [name for name in names if draft.kind(name) in ("float", "integer")]
    told = informative([draft.numbers(name) for name in numeric], draft.target, draft.task)
    leading = sorted(range(len(numeric)), key=lambda place: (-told[place].bits, place))[:most]
    slots = []
    for one, other in itertools.combinations(sorted(leading), 2):
        a, b = numeric[one], numeric[other]
        slots += [ratio(draft, a, b), ratio(draft, b, a), difference(draft, a, b)]
    return slots


def _numbers(draft: Draft, *names: str, setting: str) -> None:
    for name in names:
        if (kind := draft.kind(name)) not in NUMBERS:
            place = f"cycle.toml, [development.features] {setting}"
            raise InputError(f"{name} holds no numbers", place=place, found=kind, expected="two number columns")
