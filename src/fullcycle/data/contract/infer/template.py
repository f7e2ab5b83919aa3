"""The pattern that texts share: known ones, else a template of runs such as ``[A-Z]{2}[0-9]{3,4}``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from fullcycle.data.contract.infer.category import UNSEEN, unseen
from fullcycle.predictor.contract.pattern import literal, matcher

KNOWN = {
    "UUID": "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "ISO date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "e-mail": r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    "URL": "https?://[^ \\t\\n]+",
}
"""Patterns that are recognised, by what they are called."""

FEWEST = 1000
"""Rows below which no template is learnt."""

_SHAPES, _PARTS = 3, 12  # templates that a column may have, and parts of one
_RUNS = (("[A-Z]", "[A-Z]+"), ("[a-z]", "[a-z]+"), ("[0-9]", "[0-9]+"))
_WIDER = ("[0-9]", "[A-Z]", "[a-z]", "[A-Z0-9]", "[a-z0-9]", "[A-Za-z]", "[A-Za-z0-9]")


def template(counts: Mapping[str, int]) -> str:
    """The pattern of texts, given with their counts; empty where they share none that says anything.

    A template is learnt only where fresh rows of another shape are rare: fewer than one in a thousand by Good and Turing.

    >>> template({f"UA{number}": 10 for number in range(100, 300)})
    '[A-Z]{2}[0-9]{3}'
    """
    if not counts or sum(counts.values()) < 100:
        return ""
    for known in KNOWN.values():
        match = matcher(known).fullmatch
        if all(match(text) for text in counts):
            return known
    if sum(counts.values()) < FEWEST or not all(text.isascii() and text.isprintable() and text for text in counts):
        return ""
    return _learnt(counts)


def _learnt(counts: Mapping[str, int]) -> str:
    shapes: dict[tuple[str, ...], dict[str, int]] = {}
    runs: Counter[str] = Counter()
    for text, times in counts.items():
        parts = re.findall(r"[A-Za-z0-9]+|[^A-Za-z0-9]", text)
        shape = tuple("" if part[0].isalnum() else part for part in parts)
        shapes.setdefault(shape, {})[text] = times
        if len(shapes) > _SHAPES or len(shape) > _PARTS:
            return ""
        runs[re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "0", text)))] += times
    if unseen(runs.values()) >= UNSEEN or all(not any(shape) and len(shape) < 1 for shape in shapes):
        return ""
    found = [_shaped(shape, texts) for shape, texts in sorted(shapes.items())]
    return "|".join(found) if all(found) else ""


def _shaped(shape: Sequence[str], texts: Mapping[str, int]) -> str:
    """The pattern of texts that are cut by the same separators."""
    cut = {text: re.findall(r"[A-Za-z0-9]+|[^A-Za-z0-9]", text) for text in texts}
    parts = []
    for place, separator in enumerate(shape):
        if separator:
            parts.append(literal(separator))
            continue
        held: Counter[str] = Counter()
        for text, times in texts.items():
            held[cut[text][place]] += times
        parts.append(_part(held))
    return "".join(parts)


def _part(held: Mapping[str, int]) -> str:
    """Letters and digits between two separators: runs, where all have the same, else one class."""
    runs = {tuple(name for name, _ in _cut(text)) for text in held}
    if len(runs) > 1 or len(next(iter(runs))) > 4:
        wide = next(one for one in _WIDER if all(re.fullmatch(f"{one}+", text) for text in held))
        return wide + _times(_lengths((len(text), times) for text, times in held.items()))
    order = next(iter(runs))
    lengths: list[list[tuple[int, int]]] = [[] for _ in order]
    for text, times in held.items():
        for place, (_, length) in enumerate(_cut(text)):
            lengths[place].append((length, times))
    return "".join(name + _times(_lengths(one)) for name, one in zip(order, lengths, strict=True))


def _cut(text: str) -> list[tuple[str, int]]:
    """The runs of a text: class and length."""
    found = []
    for run in re.findall("[A-Z]+|[a-z]+|[0-9]+", text):
        found.append((next(name for name, pattern in _RUNS if re.fullmatch(pattern, run)), len(run)))
    return found


def _lengths(counted: Iterable[tuple[int, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for length, times in counted:
        total[length] += times
    return total


def _times(lengths: Counter[int]) -> str:
    """How often a run repeats; a length that is rare has room for the next."""
    low, high = min(lengths), max(lengths)
    if low == high:
        return "" if low == 1 else f"{{{low}}}"
    rare = max(30, sum(lengths.values()) // 1000)
    low = max(1, low - (lengths[low] < rare))
    high += lengths[high] < rare
    return f"{{{low},{high}}}"
