"""Patterns of other tools, in ECMA-262 as JSON Schema and ODCS write them, brought into the language of the contract."""

from __future__ import annotations

import re

from fullcycle.kernel.errors import InputError
from fullcycle.predictor.contract.pattern import parse

_SHORT = {"d": "[0-9]", "w": "[A-Za-z0-9_]", "D": "[^0-9]", "W": "[^A-Za-z0-9_]"}
_WITHIN = {"d": "0-9", "w": "A-Za-z0-9_"}


def from_ecma(pattern: str) -> str:
    """The same pattern in the contract's language, where there is one.

    Anchors at both ends go, since a contract's pattern matches the whole text; ``\\d`` and ``\\w`` become classes; needless
    escapes go.

    Raises
    ------
    InputError
        It searches within the text, or uses what the language lacks.

    >>> from_ecma(r"^\\d{3}\\-[\\w.]+$")
    '[0-9]{3}-[A-Za-z0-9_.]+'
    """
    if not (pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")):
        raise InputError(
            "the pattern searches within a text", found=pattern, expected="one that begins with ^ and ends with $"
        )
    inner = pattern[1:-1]
    if grouped := re.fullmatch(r"\(\?:((?:[^()\\]|\\.)*)\)", inner, re.DOTALL):
        inner = grouped[1]
    elif "|" in re.sub(r"\[(?:[^\]\\]|\\.)*\]|\((?:[^()\\]|\\.)*\)|\\.", "", inner):
        raise InputError("the anchors belong to the outer alternatives only", found=pattern, mend="write ^(?:a|b)$")
    made = _translated(inner)
    parse(made)
    return made


def _translated(inner: str) -> str:
    found, place, within = [], 0, False
    while place < len(inner):
        one = inner[place]
        if one == "\\" and place + 1 < len(inner):
            found.append(_escape(inner[place + 1], within))
            place += 2
            continue
        if one == "." and not within:
            one = "[^\\n\\r]"
        elif one == "[" and within:
            one = "\\["
        within = (one == "[" or within) if one != "]" else False
        found.append(one)
        place += 1
    return "".join(found)


def _escape(letter: str, within: bool) -> str:
    if letter in (_WITHIN if within else _SHORT):
        return (_WITHIN if within else _SHORT)[letter]
    if letter.isalnum() or letter in "^$.*+?()[]{}|\\" or (letter == "-" and within):
        return f"\\{letter}"
    return letter
