"""Losses, ranks and paired wins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TIE = 1e-3  # share of the loss within which two tools are even


def loss(kind: str, truth: Floats, scores: Floats) -> float:
    """Log loss of a classification, root mean squared error of numbers.

    >>> loss("regression", np.array([0.0, 2.0]), np.array([0.0, 0.0])) ** 2
    2.0000000000000004
    """
    if kind == "regression":
        return float(np.sqrt(np.mean((truth - scores) ** 2)))
    given = np.stack([1 - scores, scores], axis=1) if kind == "binary" else scores
    told = np.clip(given, 1e-15, 1)
    told = told / told.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(told[np.arange(len(truth)), truth.astype(np.int64)])))


def mean_ranks(losses: dict[str, dict[str, float]]) -> dict[str, float]:
    """By tool, its mean rank over the tables, best first; even tools share their ranks, one without an answer is last.

    Parameters
    ----------
    losses : by table, the loss of each tool; missing where a tool gave none.

    >>> mean_ranks({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 1.0, "y": 1.0}})
    {'x': 1.25, 'y': 1.75}
    """
    tools = sorted({tool for found in losses.values() for tool in found})
    sums = dict.fromkeys(tools, 0.0)
    for found in losses.values():
        for tool in tools:
            mine = found.get(tool, np.inf)
            others = [found.get(other, np.inf) for other in tools if other != tool]
            better = sum(other < mine and not even(other, mine) for other in others)
            sums[tool] += 1 + better + sum(even(other, mine) for other in others) / 2
    ranks = {tool: sums[tool] / len(losses) for tool in tools}
    return dict(sorted(ranks.items(), key=lambda item: item[1]))


def paired(losses: dict[str, dict[str, float]], ours: str, theirs: str) -> tuple[int, int, int]:
    """Tables that *ours* wins, draws and loses.

    >>> paired({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 1.0, "y": 1.0}}, "x", "y")
    (1, 1, 0)
    """
    pairs = [(found.get(ours, np.inf), found.get(theirs, np.inf)) for found in losses.values()]
    draws = sum(even(mine, other) for mine, other in pairs)
    wins = sum(mine < other and not even(mine, other) for mine, other in pairs)
    return wins, draws, len(pairs) - wins - draws


def even(one: float, other: float) -> bool:
    """Whether two losses differ by less than a thousandth.

    >>> even(1.0, 1.0005), even(1.0, 1.1)
    (True, False)
    """
    if not (np.isfinite(one) and np.isfinite(other)):
        return one == other
    return abs(one - other) <= TIE * max(abs(one), abs(other))
