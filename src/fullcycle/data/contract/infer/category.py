"""Which categories there are, where the rows seen say that there are no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MOST = 50
"""Categories that a person still reads through."""

UNSEEN = 1e-3
"""Share of fresh rows that may hold a category not seen yet (Good 1953, doi:10.1093/biomet/40.3-4.237)."""


def categories(counts: Mapping[str, int]) -> tuple[str, ...] | None:
    """All categories, in order, where few and saturated; None else.

    Good and Turing's estimate of the share of rows with an unseen category is the share of categories seen once; one more
    is counted as seen once, so that a thousand rows are needed.

    >>> categories({"JFK": 600, "LGA": 500}), categories({"JFK": 60, "LGA": 50}), categories({"JFK": 1500, "EWR": 1, "LGA": 1})
    (('JFK', 'LGA'), None, None)
    """
    if not 2 <= len(counts) <= MOST:
        return None
    return tuple(sorted(counts)) if unseen(counts.values()) < UNSEEN else None


def unseen(counts: Iterable[int]) -> float:
    """Share of fresh rows that hold something not seen yet, at most about.

    >>> unseen([998, 1])
    0.002002002002002002
    """
    times = list(counts)
    return (sum(one == 1 for one in times) + 1) / max(1, sum(times))
