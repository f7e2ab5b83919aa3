"""Golden rows: made up from the rules of a contract, never taken from people, the same on every machine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fullcycle.predictor.contract.rule import ColumnRule

_NUMBERS = (0.0, 1.0, -1.0, 0.1, 1e-9, 123456.789, -2.5e9, 1e15)
_WHOLES = (0, 1, -1, 7, 365, 10**9, 2**53, -(2**53))
_WORDS = ("alpha", "beta", "", "gamma delta", "é", "an unseen one")
_TIMES = (
    "2024-06-03T12:00:00Z",
    "1970-01-01T00:00:00Z",
    "2024-02-29T23:59:59.999999Z",
    "2024-03-10T07:30:00+00:00",  # clocks go forward in New York
    "2024-11-03T01:30:00-04:00",  # and back
    "2024-07-01T12:00:00",
    "2023-01-01",
)
_START = datetime(2000, 1, 1)


def golden_row(rules: Sequence[ColumnRule], number: int) -> dict[str, Any]:
    """Row *number*: 0 is ordinary, 1 all least, 2 all greatest, 3 all missing where allowed, then mixtures.

    Examples
    --------
    >>> rule = ColumnRule(name="delay", kind="float", low=0.0, high=60.0)
    >>> [golden_row([rule], number) for number in range(4)]
    [{'delay': 30.0}, {'delay': 0.0}, {'delay': 60.0}, {'delay': None}]
    """
    row: dict[str, Any] = {}
    for rule in rules:
        choice = _fraction(rule.name, number, "choice")
        if number > 2 and not rule.required and (number == 3 or choice < 0.1):
            continue
        if number > 2 and rule.nullable and (number == 3 or choice < 0.2):
            row[rule.name] = None
        else:
            row[rule.name] = _value(rule, number, choice)
    return row


def _value(rule: ColumnRule, number: int, choice: float) -> Any:
    corners = _corners(rule)
    if number == 0:
        return _ordinary(rule, corners)
    if number < 3:
        return corners[0] if number == 1 else corners[-1]
    fraction = _fraction(rule.name, number, "value")
    if choice < 0.5 or rule.kind in ("boolean", "category", "text"):
        return corners[int(fraction * len(corners))]
    return _between(rule, fraction)


def _ordinary(rule: ColumnRule, corners: Sequence[Any]) -> Any:
    if rule.kind in ("float", "integer"):
        return _between(rule, 0.5)
    return _TIMES[0] if rule.kind == "time" else corners[0] if rule.categories or rule.pattern else corners[-1]


def _corners(rule: ColumnRule) -> Sequence[Any]:
    """The values at which things go wrong, least first for numbers."""
    if rule.kind in ("float", "integer"):
        low, high = rule.bounds
        whole = rule.kind == "integer"
        bounds = [bound for bound, given in ((low, rule.low), (high, rule.high)) if given is not None]
        inside = [value for value in (_WHOLES if whole else _NUMBERS) if low <= value <= high]
        return sorted({*inside, *bounds})
    if rule.kind == "boolean":
        return (False, True)
    if rule.kind == "time":
        return _TIMES
    return _words(rule)


def _words(rule: ColumnRule) -> Sequence[str]:
    """What the rule names, else what its pattern allows, else all sorts; and other spellings of them."""
    if rule.categories:
        return (*rule.categories, *rule.aliases)
    if rule.pattern:
        return (*rule.texts, *rule.aliases)
    return (*rule.aliases, *_WORDS)


def _between(rule: ColumnRule, fraction: float) -> Any:
    """A value inside the bounds; where one is open, within a thousand of the other."""
    if rule.kind == "time":
        return (_START + timedelta(seconds=int(fraction * 40 * 365 * 86_400))).isoformat() + "Z"
    low, high = rule.bounds
    start = rule.low if rule.low is not None else min(0.0, (rule.high or 0.0) - 1000.0)
    end = rule.high if rule.high is not None else max(1000.0, start + 1000.0)
    value = start * (1 - fraction) + end * fraction
    if rule.kind == "integer":
        return int(min(max(math.floor(value), low), high))
    return min(max(value, low), high)


def _fraction(name: str, number: int, use: str) -> float:
    """A number in [0, 1) that looks random and follows from its arguments."""
    digest = hashlib.blake2b(f"{use}:{number}:{name}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "little") / 2**48
