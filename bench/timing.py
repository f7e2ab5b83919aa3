"""Measuring cases in turn: what disturbs the machine disturbs all of them, so that their ratios hold where their times do not."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

Measure: TypeAlias = Callable[[], float]
"""Runs once and says how many seconds one item took."""


class Case(NamedTuple):
    """One line of a benchmark.

    Attributes
    ----------
    name : what is measured.
    measure : measures it once, in seconds for one item.
    reference : a short name where the other lines are compared with this one.
    """

    name: str
    measure: Measure
    reference: str = ""


class Line(NamedTuple):
    """What a case came to: seconds for one item, one figure a round.

    >>> Line("a", (3.0, 1.0, 2.0)).median
    2.0
    """

    name: str
    seconds: tuple[float, ...]
    reference: str = ""

    @property
    def median(self) -> float:
        """The median over the rounds, in seconds."""
        return statistics.median(self.seconds)


def measured(cases: Sequence[Case], rounds: int) -> tuple[Line, ...]:
    """Every case once a round, each round beginning with another case; one round before them is not counted.

    >>> [line.seconds for line in measured([Case("a", lambda: 1.0), Case("b", lambda: 2.0)], 3)]
    [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0)]
    """
    found: Mapping[str, list[float]] = {case.name: [] for case in cases}
    for number in range(-1, rounds):
        first = number % len(cases)
        for case in (*cases[first:], *cases[:first]):
            seconds = case.measure()
            if number >= 0:
                found[case.name].append(seconds)
    return tuple(Line(case.name, tuple(found[case.name]), case.reference) for case in cases)


def repeated(call: Callable[[], object], *, at_least: float = 0.0, items: int = 1) -> Measure:
    """A measure that makes *call* as often as takes *at_least* seconds, found out when it is first used.

    Parameters
    ----------
    items : how many one call deals with.

    Examples
    --------
    >>> repeated(lambda: time.sleep(0.01))() >= 0.01
    True
    """
    times = 0

    def measure() -> float:
        nonlocal times
        if not times:
            times, once = 1, _seconds(call, 1)
            while once < at_least:
                times = max(2 * times, min(round(1.2 * times * at_least / max(once, 1e-9)), 100 * times))
                once = _seconds(call, times)
            return once / times / items
        return _seconds(call, times) / times / items

    return measure


def _seconds(call: Callable[[], object], times: int) -> float:
    """As timeit does: without the garbage collector, whose turn would fall on any of them."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(times):
            call()
        return time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()
