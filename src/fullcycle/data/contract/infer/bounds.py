"""How far the values of a column may reach: a tail fitted to the farthest rows, so that fresh rows are not turned away.

The slack rule: beyond the farthest tenth of the rows (20 to 2,000 of them) a generalised Pareto tail is fitted by
probability-weighted moments (Hosking & Wallis 1987, doi:10.1080/00401706.1987.10488243), a heavy one by Hill's estimator too;
its shape is raised by two standard errors; the bound is where one row in a million lies beyond, at least as far again as the
tail reached, rounded outwards to two digits. A value that a hundred rows and one in a hundred share, or a whole number about
as frequent as the others, is taken for an end of its own.

Where no row is negative and the tail does not reach nought, nought is the lower bound, unless all rows lie far from it. Where the
tail would reach beyond, nought is an end of whole numbers, which count. It is one of others if hardly a row is foretold beyond
it; or so many that some would have been seen were it no end; or if the rows are many (the rule of three: Hanley & Lippman-Hand
1983, doi:10.1001/jama.1983.03330370053031). Else the bound is the tail's, no farther beyond nought than the rows reach. Mirrored
where no row is positive.

Simulated over nineteen distributions, fewer than one fresh row in 10,000 is turned away from 1,000 rows on.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 1000
"""Rows below which nothing is said."""

_BEYOND = 1e-6  # share of rows beyond a bound
_HARDLY = 1e-5  # and beyond nought where it is the bound, though the tail reaches farther
_MANY = 10_000  # whole numbers without a sign from which one in as many fresh ones is the most to expect; thrice, of any others
_SOME = 14  # rows to be expected, of which none is there by chance once in a million
_LEVELS = 3  # different whole numbers that make no tail
_HEAVY = 0.25  # shape from which moments say too little and Hill's estimator is heard


def bounds(values: NDArray[Any]) -> tuple[float | None, float | None]:
    """The least and greatest value that a fresh row of the same distribution may have; None where nothing can be said.

    Parameters
    ----------
    values : finite numbers, of shape (n,), in any order.

    Examples
    --------
    >>> bounds(np.arange(1000) % 24)
    (0.0, 23.0)
    >>> bounds(np.ones(1000))
    (None, None)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64)) + 0.0
    if len(ordered) < FEWEST or ordered[0] == ordered[-1]:
        return None, None
    whole = bool(np.all(ordered == np.floor(ordered)))
    low, high = -_upper(-ordered[::-1], whole), _upper(ordered, whole)
    least, most = float(ordered[0]), float(ordered[-1])
    if least >= 0 > low:
        low = 0.0 if _ends(-ordered[::-1], -low, whole) else max(low, -_outwards(most, whole, most))
    elif 0 <= least < most / 2:
        low = 0.0
    if high > 0 >= most:
        high = 0.0 if _ends(ordered, high, whole) else min(high, _outwards(-least, whole, -least))
    return (low + 0.0 if math.isfinite(low) else None), (high + 0.0 if math.isfinite(high) else None)


def lone(values: NDArray[Any]) -> NDArray[Any]:
    """The few farthest values that lie beyond every bound which all the others foretell, and far apart from them: slips
    rather than a tail.

    Parameters
    ----------
    values : finite numbers, of shape (n,), in any order.

    Returns
    -------
    At most one value in a thousand on either side, in ascending order; none where the others say nothing.

    Examples
    --------
    >>> lone(np.append(np.arange(3000) % 24, 9000)).tolist(), lone(np.arange(3000) % 24).tolist()
    ([9000.0], [])
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64)) + 0.0
    above = _alone(ordered)
    below = _alone(-ordered[::-1])
    return np.concatenate([ordered[:below], ordered[len(ordered) - above :]])


def _alone(ordered: Floats) -> int:
    """How many of the greatest of rising values lie beyond the bound of the others, farther off than half their range."""
    for count in range(len(ordered) // FEWEST, 0, -1):
        rest = ordered[: len(ordered) - count]
        if len(rest) < FEWEST - 1 or rest[0] == rest[-1] or ordered[-count] == rest[-1]:
            continue
        top, middle = float(rest[-1]), float(rest[len(rest) // 2])
        apart = ordered[-count] > top + max(top - middle, float(rest[-1] - rest[0]) / 2)
        if apart and ordered[-count] > _upper(rest, bool(np.all(rest == np.floor(rest)))):
            return count
    return 0


def _upper(ordered: Floats, whole: bool) -> float:
    """The upper bound of rising values."""
    n, top = len(ordered), float(ordered[-1])
    times = int((ordered == top).sum())
    if times >= max(100, n / 100) or (whole and times >= max(30, n / (2 * len(np.unique(ordered))))):
        return top
    tail = _tail(ordered, whole)
    if whole and len(np.unique(ordered[n - tail.rows :])) <= _LEVELS:  # steps, not a tail
        return top + 3 * (top - float(ordered[n - tail.rows - 1]) + 1)
    bound = max(tail.start + tail.reach(_BEYOND * n / tail.rows), 2 * top - tail.start, top + 1 if whole else top)
    return _outwards(bound, whole, top)


def _ends(ordered: Floats, bound: float, whole: bool) -> bool:
    """Whether nought ends rising values of which none is above it, though their *bound* is."""
    n, top, middle = len(ordered), float(ordered[-1]), float(ordered[len(ordered) // 2])
    if whole:
        return top > float(ordered[0]) / 2 or n >= _MANY or bound <= 0.2 * (top - middle)
    tail = _tail(ordered, whole)
    likely, most = tail.beyond(0.0, tail.shape), tail.beyond(0.0, tail.shape + tail.error)
    return likely <= _HARDLY or most * n >= _SOME or n >= 3 * _MANY


class _Tail(NamedTuple):
    """A generalised Pareto tail: beyond *start* lie *rows* rows, a *share* of all; the *farthest* lies so far beyond.

    Without *scale* the rows say nothing of its shape. The shape is uncertain by *error*, two standard errors.
    """

    start: float
    rows: int
    share: float
    farthest: float
    scale: float
    shape: float
    error: float

    def reach(self, share: float) -> float:
        """How far beyond the start only a *share* of its rows lie, by the longest shape that is likely."""
        shape = self.shape + self.error
        if not self.scale:
            return self.farthest
        if abs(shape) < 1e-9:
            return -self.scale * math.log(share)
        try:
            return float(self.scale / shape * (share**-shape - 1))
        except OverflowError:
            return math.inf

    def beyond(self, value: float, shape: float) -> float:
        """The share of all rows beyond *value*, past the start, were it of that shape."""
        far = value - self.start
        if not self.scale:
            return 0.0 if far >= self.farthest else self.share
        if abs(shape) < 1e-9:
            return self.share * math.exp(-far / self.scale)
        left = 1 + shape * far / self.scale
        return self.share * math.exp(-math.log(left) / shape) if left > 0 else 0.0


def _tail(ordered: Floats, whole: bool) -> _Tail:
    """The upper tail of rising values."""
    n = len(ordered)
    k = min(max(n // 10, 20), 2000)
    spread = _spread(ordered) if whole else ordered
    start, middle = float(spread[n - k - 1]), float(np.median(ordered))
    excess = spread[n - k :] - start
    mean = math.fsum(excess) / k
    weighted = math.fsum((np.arange(k - 1, -1, -1) / (k - 1)) * excess) / k
    if mean <= 0 or mean - 2 * weighted <= 0:
        return _Tail(start, k, k / n, float(excess[-1]), 0.0, 0.0, 0.0)
    shape, scale = 2 - mean / (mean - 2 * weighted), 2 * mean * weighted / (mean - 2 * weighted)
    if shape > _HEAVY and start > middle:
        shape = max(shape, math.fsum(np.log1p(excess / (start - middle))) / k)
    return _Tail(start, k, k / n, float(excess[-1]), scale, shape, 2 * max(1 + shape, 0.5) / math.sqrt(k))


def _spread(ordered: Floats) -> Floats:
    """Whole numbers spread evenly over the half below and above, so that ties make no steps."""
    found, first, times = np.unique(ordered, return_index=True, return_counts=True)
    place = np.arange(len(ordered)) - np.repeat(first, times)
    spread: Floats = np.repeat(found, times) + (place + 0.5) / np.repeat(times, times) - 0.5
    return spread


def _outwards(bound: float, whole: bool, top: float) -> float:
    """Two digits, no nearer than it was; whole numbers of up to three digits stay exact."""
    if not math.isfinite(bound) or abs(bound) > 1e300:
        return math.inf
    if whole and abs(bound) < 1000:
        return float(math.ceil(bound))
    if bound == 0:
        return 0.0
    size = max(abs(bound), abs(top)) if abs(bound) < abs(top) else abs(bound)
    digit = 10.0 ** (math.floor(math.log10(size)) - 1)
    rounded = math.ceil(bound / digit) * digit
    return float(f"{rounded:.12g}")
