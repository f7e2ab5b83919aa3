"""Values far beyond the tail of their column, whatever tail it has."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fullcycle.data.clean.cells import Cells
from fullcycle.data.clean.proposal import Idea
from fullcycle.data.clean.settings import Outlier
from fullcycle.data.clean.touched import example

Floats = NDArray[np.float64]
_TAIL = 0.05  # share of one side's values that tell its tail
_FEWEST = 30  # distinct values of a tail
_STEPS = 10.0  # mean steps of the tail that a gap must be as wide as: one clean column in 20,000 has such a one
_GAPS = 8  # widest gaps of a side that are looked at
_LEAST = 10.0  # modified z under which nothing is far, whatever the gap
_RATIO = 2.0  # how much further than the last value inside the first beyond must be
_SHARE = 0.01  # values beyond the gap are outliers if they are fewer than this


def tails(cells: Cells, values: Floats) -> Iterator[Idea]:
    """Outliers to declare: on either side, values beyond a gap that the tail before it does not explain.

    The evidence holds the modified z of the last value before the gap (``inside``) and of the first beyond
    (``outside``); the limit proposed lies between.

    Parameters
    ----------
    values : the column's numbers, in ascending order.
    """
    if not len(values):
        return
    middle = float(np.median(values))
    away = np.abs(values - middle)
    spread = float(np.median(away)) / 0.6745 or math.fsum(away.tolist()) / len(away) * 1.253314
    if not spread:
        return
    sides = [np.sort(away[values < middle]) / spread, np.sort(away[values > middle]) / spread]
    cut = [beyond(side, len(values)) for side in sides]
    far = [float(side[len(side) - times]) for side, times in zip(sides, cut, strict=True) if times]
    near = max(
        (float(side[len(side) - times - 1]) for side, times in zip(sides, cut, strict=True) if len(side)), default=0.0
    )
    if not far or near >= min(far):  # one limit for both sides must lie between
        return
    limit = float(f"{math.sqrt(near * min(far)):.2g}")
    shown = [*values[: cut[0]].tolist(), *values[len(values) - cut[1] :].tolist()][:3]
    examples = tuple(example(f"{value:g}", None, open=cells.open) for value in shown)
    evidence = {"cells": sum(cut), "of": cells.n, "inside": float(f"{near:.3g}"), "outside": float(f"{min(far):.3g}")}
    yield Idea("outliers", cells.name, evidence, examples, setting={"outliers": Outlier(limit=limit)})


def beyond(side: Floats, n: int) -> int:
    """How many of the largest values stand beyond the tail of the others.

    The logarithms of a tail's largest values step by exponential steps of mean h / i, i counted from the largest (Hill's
    h): thinner tails step less. A gap of many h is none of the tail's.

    Parameters
    ----------
    side : distances from the middle on one side, in robust deviations, ascending, above 0.
    n : values on both sides.

    Source: Hill 1975, *A simple general approach to inference about the tail of a distribution*; Rényi 1953.

    >>> tail = np.exp(np.arange(1, 1000) / 500)
    >>> beyond(tail, 2000), beyond(np.append(tail, 1e6), 2000)
    (0, 1)
    """
    most = min(len(side) - 1, int(_SHARE * n))
    logs = np.log(side)
    steps = np.diff(logs)[::-1][:most]  # the first below the largest value
    widest = np.argsort(-steps, kind="stable")[:_GAPS]
    for times in sorted((int(place) + 1 for place in widest), reverse=True):  # most values beyond a gap first
        inner = logs[: len(logs) - times]
        tail = inner[len(inner) - max(_FEWEST, int(_TAIL * len(inner))) :]
        if len(np.unique(tail)) < _FEWEST:  # rounded, or few places: more of the side must tell
            tail = inner[len(inner) // 2 :]
        if len(inner) < _FEWEST or len(np.unique(tail)) < _FEWEST // 3:
            continue
        hill = math.fsum((tail - tail[0]).tolist()) / len(tail)
        gap = float(logs[len(inner)] - inner[-1])
        if gap > max(_STEPS * hill, math.log(_RATIO)) and side[len(inner)] >= _LEAST:
            return times
    return 0
