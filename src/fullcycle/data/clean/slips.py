"""Unit slips: a few values that stand apart from the others by a factor between units."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fullcycle.data.clean.cells import Cells
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.settings import Unit
from fullcycle.data.clean.touched import example

Floats = NDArray[np.float64]
_FACTORS = (
    *(10.0, 100.0, 1000.0, 1e6),  # decimal prefixes
    *(60.0, 3600.0, 86400.0),  # seconds, minutes, hours, days
    *(
        2.54,
        1 / 0.3048,
        1.609344,
        1 / 0.45359237,
    ),  # inch and centimetre, foot and metre, mile and kilometre, pound and kilogram
)
_FEWEST = 10  # values of the other unit
_VALUES = 10  # distinct ones
_CLOSE = 0.08  # how far, in logarithms, the medians' ratio may be from a factor at most
_SHARE = (0.001, 0.3)
_STEPS = 12.0  # mean steps of a tail that a gap must be as wide as: a clean column has none in 100,000


def slips(cells: Cells, values: Floats) -> Iterator[Idea]:
    """A unit to declare: a gap parts the column in two, the smaller part is the larger one times a known factor.

    Both parts must be spread alike. Units whose values overlap cannot be told apart by size, and are not found.

    Parameters
    ----------
    values : the column's numbers, in ascending order.
    """
    found = _by_factor(values) or _by_degrees(values)
    if found is None:
        return
    unit, slipped = found
    evidence = {"cells": len(slipped), "of": len(values), **unit}
    shown = [(value, (value - unit.get("offset", 0.0)) / unit["factor"]) for value in slipped[:3].tolist()]
    examples = tuple(example(f"{old:g}", f"{new:g}", open=cells.open) for old, new in shown)
    yield Idea("units", cells.name, evidence, examples, setting={"units": Unit(**unit)})


def _by_factor(values: Floats) -> tuple[dict[str, float], Floats] | None:
    logs = np.log(values[values > 0])
    if 2 * len(logs) < len(values):
        return None
    for cut in _gaps(logs):
        upper = len(logs) - cut < cut  # the smaller part came in another unit
        main, other = (logs[:cut], logs[cut:]) if upper else (logs[cut:], logs[:cut])
        if not _alike(main, other):
            continue
        shift = float(np.median(other)) - float(np.median(main))
        close = min(2.5 * _error(main, other), _CLOSE)
        factor = min(_FACTORS, key=lambda factor: abs(math.log(factor) - abs(shift)))
        if abs(math.log(factor) - abs(shift)) <= close:
            bound = _round(math.exp(float(logs[cut - 1] + logs[cut]) / 2), *np.exp(logs[cut - 1 : cut + 1]).tolist())
            unit = {"factor": factor, "above": bound} if upper else {"factor": 1 / factor, "below": bound}
            positive = values[values > 0]
            return unit, positive[cut:] if upper else positive[:cut]
    return None


def _by_degrees(values: Floats) -> tuple[dict[str, float], Floats] | None:
    """Degrees Fahrenheit among degrees Celsius."""
    if len(values) < 2 * _FEWEST:
        return None
    for cut in _gaps(values):
        main, other = values[:cut], (values[cut:] - 32) / 1.8
        if len(other) >= len(main) or not _alike(main, other):
            continue
        if abs(float(np.median(main) - np.median(other))) <= 3 * _error(main, other):
            low, high = float(values[cut - 1]), float(values[cut])
            return {"factor": 1.8, "offset": 32.0, "above": _round((low + high) / 2, low, high)}, values[cut:]
    return None


def _gaps(ordered: Floats) -> list[int]:
    """Where a gap parts off a fitting share, the widest first, and too wide to lie within a tail.

    Within a tail of mean excess h, the step below its k outermost values has mean h / k (Rényi 1953).
    """
    steps = np.diff(ordered)
    smaller = np.minimum(np.arange(1, len(ordered)), np.arange(len(ordered) - 1, 0, -1))
    fits = (smaller >= max(_FEWEST, _SHARE[0] * len(ordered))) & (smaller <= _SHARE[1] * len(ordered))
    places = np.flatnonzero(fits)
    widest = (int(place) + 1 for place in places[np.argsort(-steps[places], kind="stable")][:5])
    return [cut for cut in widest if _parted(ordered, cut)]


def _parted(ordered: Floats, cut: int) -> bool:
    upper = len(ordered) - cut < cut
    tail = ordered[cut:] - ordered[cut] if upper else ordered[cut - 1] - ordered[:cut]
    excess = math.fsum(tail.tolist()) / len(tail)
    gap, usual = float(ordered[cut] - ordered[cut - 1]), np.diff(np.unique(tail))
    if not len(usual) or gap <= 3 * float(np.median(usual)):  # rounded values step by the same amount everywhere
        return False
    return gap * len(tail) > _STEPS * excess


def _alike(main: Floats, other: Floats) -> bool:
    """Whether two parts have many values and are spread alike."""
    if min(len(np.unique(main)), len(np.unique(other))) < _VALUES:
        return False
    boxes = [float(np.quantile(part, 0.75) - np.quantile(part, 0.25)) for part in (main, other)]
    return boxes[0] > 0 and 0.5 <= boxes[1] / boxes[0] <= 2


def _error(main: Floats, other: Floats) -> float:
    """Standard error of the difference of two medians, from the larger part's box."""
    box = float(np.quantile(main, 0.75) - np.quantile(main, 0.25))
    return 0.93 * box * math.sqrt(1 / len(main) + 1 / len(other))


def _round(bound: float, low: float, high: float) -> float:
    """A round number between *low* and *high*, near *bound*: no cell of the column."""
    for digits in range(1, 12):
        if low < (rounded := float(f"{bound:.{digits}g}")) < high:
            return rounded
    return bound
