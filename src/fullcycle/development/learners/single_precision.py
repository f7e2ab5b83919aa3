"""Thresholds of libraries that round features to 32 bits, as thresholds for features of 64 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BEYOND = 2.0**128  # what infinity would be if it were the next number of 32 bits; halfway to it, numbers round to it


def at_most(threshold: ArrayLike, *, below: bool = False) -> Floats:
    """The t for which ``x <= t`` says of a 64-bit x what ``float32(x) <= threshold`` says; ``<`` where *below*.

    Halfway between two numbers of 32 bits, a number rounds to the even one (IEEE 754).

    >>> t = float(at_most(0.1))
    >>> [(float(np.float32(x)) <= 0.1) == (x <= t) for x in (0.1, t, float(np.nextafter(t, 1)))]
    [True, True, True]
    """
    exact = np.asarray(threshold, dtype=np.float64)
    with np.errstate(over="ignore"):  # beyond 32 bits lies infinity, as it should
        low = exact.astype(np.float32)
        over = low.astype(np.float64) >= exact if below else low.astype(np.float64) > exact
        low = np.where(over, np.nextafter(low, np.float32(-np.inf)), low)
        high = np.nextafter(low, np.float32(np.inf))
    middle = (_wide(low) + _wide(high)) / 2
    even = (low.view(np.int32) & 1) == 0
    found = np.where(even, middle, np.nextafter(middle, -np.inf))
    return np.where(np.isinf(exact) & (exact > 0), np.finfo(np.float64).max, found)


def _wide(numbers: NDArray[np.float32]) -> Floats:
    return np.clip(numbers.astype(np.float64), -_BEYOND, _BEYOND)


def bounded(X: Floats) -> Floats:
    """Rows without infinite numbers and others that 32 bits cannot hold: the largest that they can stand for them.

    >>> bounded(np.array([[np.inf, np.nan]])).tolist()
    [[3.4028234663852886e+38, nan]]
    """
    most = float(np.finfo(np.float32).max)
    return np.clip(X, -most, most)
