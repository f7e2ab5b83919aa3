"""Estimates with their intervals, over blocks (days, customers) whose rows are not independent of each other.

A row-wise interval is too narrow where rows of one day share weather, prices or staff. The delete-one-block jackknife
leaves each block out in turn and reads the spread off what is left; it needs no random numbers, so the same rows give
the same interval for ever. Where blocks follow each other in time, one may still remember the one before: the spread
then grows by what their autocorrelation says, see :func:`serial_correlation`.

References: Tukey 1958; Shao and Tu 1995, *The Jackknife and Bootstrap*; Wilson 1927; Kish 1965 for the design effect;
Zwiers and von Storch 1995, *Taking serial correlation into account in tests of the mean*; Kendall 1954 for its bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.ranks import pairs_won

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REMEMBERED, MOST_REMEMBERED = 10, 0.9  # blocks from which their autocorrelation is told, and what it is at most


class Estimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number with its interval.

    ``low`` and ``high`` are None where no interval can be had: fewer than two blocks, or a statistic that is undefined
    without one of them. ``n`` counts rows, ``blocks`` the blocks they came in (0: rows stand alone). Raises InputError
    for a float that is not finite.

    >>> Estimate(point=0.71, low=0.68, high=0.74, n=9000, blocks=30).low
    0.68
    """

    point: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int = 0
    blocks: int = 0

    def __post_init__(self) -> None:
        for name in ("point", "low", "high"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise InputError(f"the {name} of an estimate is not finite", found=number, expected="a finite number")
        if (self.low is None) != (self.high is None):
            raise InputError("an interval has one end", found=(self.low, self.high), expected="both ends or neither")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError("the ends of an interval are swapped", found=(self.low, self.high), expected="low ≤ high")

    def clipped(self, least: float, most: float) -> Estimate:
        """The same, with its interval cut to the numbers that the quantity can take.

        >>> Estimate(point=0.98, low=0.95, high=1.01).clipped(0, 1).high
        1.0
        """
        if self.low is None or self.high is None:
            return self
        low, high = (float(min(max(end, least), most)) for end in (self.low, self.high))
        return msgspec.structs.replace(self, low=low, high=high)


def jackknife(
    statistic: Callable[[Ints], float],
    blocks: ArrayLike,
    *,
    confidence: float = 0.95,
    unit: str = "",
    in_time: bool = True,
) -> Estimate:
    """The statistic of all rows with its delete-one-block jackknife interval (Student t, blocks − 1 degrees).

    Parameters
    ----------
    statistic : takes (n,) weights of 0 and 1 and returns the statistic of the rows weighted 1; NaN where it is
        undefined.
    blocks : (n,) label of each row's block.
    confidence : two-sided, between 0 and 1.
    in_time : whether the order of labels is one of time, as with days.

    Raises
    ------
    InputError : no rows, or the statistic of all rows is not finite.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> found = jackknife(lambda w: float(values[w > 0].mean()), [0, 0, 1, 1])
    >>> found.point, found.blocks
    (2.5, 2)
    """
    labels, k = block_codes(blocks)
    point = statistic(np.ones(len(labels), np.int64))
    left = np.array([statistic((labels != block).astype(np.int64)) for block in range(k)]) if k > 1 else np.empty(0)
    return from_replicates(point, left, n=len(labels), confidence=confidence, unit=unit, in_time=in_time)


def from_replicates(
    point: float, left: Floats, *, n: int, confidence: float, unit: str = "", in_time: bool = True
) -> Estimate:
    """The interval that leave-one-block-out values of a statistic give, those of blocks in time in their order.

    The spread of identical blocks is zero: such an interval says that the blocks agree, not that many rows were seen.

    >>> from_replicates(2.0, np.array([1.5, 2.5]), n=4, confidence=0.5).high
    2.5
    """
    blocks = len(left)
    ends = None
    if blocks > 1 and np.isfinite(left).all():
        middle = math.fsum(left.tolist()) / blocks
        spread = (blocks - 1) / blocks * math.fsum(((left - middle) ** 2).tolist())
        ends = student(confidence, blocks - 1) * math.sqrt(spread * (serial_correlation(left) if in_time else 1.0))
    if ends is None:
        return Estimate(point=float(point), unit=unit, n=n, blocks=max(blocks, 1))
    return Estimate(
        point=float(point), low=float(point - ends), high=float(point + ends), unit=unit, n=n, blocks=blocks
    )


def serial_correlation(left: Floats) -> float:
    """How many times larger a variance is since blocks in time remember the one before; 1 where they do not.

    It is (1 + φ) / (1 − φ) with φ the lag-one autocorrelation of the leave-one-block-out values, freed from its bias
    (Kendall 1954) and held between 0 and 0.9: an alternation is not trusted to make an interval narrower. With fewer than
    ten blocks nothing can be said of it.

    >>> wave = np.sin(np.arange(40) / 4)
    >>> serial_correlation(wave) > 10, serial_correlation(wave[:9]), serial_correlation(np.arange(40) % 2.0)
    (True, 1.0, 1.0)
    """
    k = len(left)
    if k < REMEMBERED:
        return 1.0
    off = left - math.fsum(left.tolist()) / k
    total = math.fsum((off**2).tolist())
    if total == 0:
        return 1.0
    plain = math.fsum((off[1:] * off[:-1]).tolist()) / total
    phi = min(max((plain * k + 1) / (k - 3), 0.0), MOST_REMEMBERED)
    return (1 + phi) / (1 - phi)


def mean_interval(
    values: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95, unit: str = "", in_time: bool = True
) -> Estimate:
    """The mean of row values with its jackknife interval: a ratio of block sums to block counts, in one pass.

    Equal to `jackknife` of the mean, in O(n).

    >>> mean_interval([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], unit="USD").point
    2.5
    """
    rows = _finite(values, "values")
    labels, k = block_codes(blocks, len(rows))
    point = math.fsum(rows.tolist()) / len(rows)
    left = means_without(rows, labels, k)
    return from_replicates(point, left, n=len(rows), confidence=confidence, unit=unit, in_time=in_time)


def difference(
    first: ArrayLike, second: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95, unit: str = ""
) -> Estimate:
    """The mean of *first* − *second*, row by row, with its interval. Pairing removes what both share.

    >>> difference([2.0, 3.0, 5.0], [1.0, 2.0, 4.0], [0, 1, 2]).low
    1.0
    """
    a, b = _finite(first, "first"), _finite(second, "second")
    if len(a) != len(b):
        raise InputError("paired rows differ in number", found=(len(a), len(b)), expected="one second for each first")
    return mean_interval(a - b, blocks, confidence=confidence, unit=unit)


def auc_interval(
    target: ArrayLike, score: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95, unit: str = ""
) -> Estimate:
    """The area under the ROC curve with its jackknife interval, in O(n log n) whatever the number of blocks.

    The pairs without a block are all pairs, less those of its positives, less those of its negatives, plus those inside
    it, which were taken away twice. All are integers, so each area is exact to its last division.

    Parameters
    ----------
    target : (n,) 0 or 1.
    score : (n,) higher means more likely 1.
    blocks : (n,) label of each row's block; their order tells nothing.

    Raises
    ------
    InputError : the target holds one class only.

    Examples
    --------
    >>> auc_interval([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8], [0, 0, 1, 1]).point
    0.75
    """
    positive, scores = binary_target(target), _finite(score, "score")
    labels, k = block_codes(blocks, len(scores))
    if len(positive) != len(scores):
        raise InputError("target and score differ in length", found=(len(positive), len(scores)))
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        raise InputError("a ROC curve needs both classes", found=f"{ones} positives of {len(scores)} rows")
    point = int(pairs_won(positive, scores)[positive].sum()) / (2 * ones * zeros)
    left = areas_without(positive, scores, labels, k) if k > 1 else np.empty(0)
    return from_replicates(point, left, n=len(scores), confidence=confidence, unit=unit, in_time=False)


def areas_without(target: ArrayLike, score: ArrayLike, labels: Ints, blocks: int) -> Floats:
    """The area under the ROC curve without each block, (blocks,); NaN where one class would be left. See `auc_interval`.

    >>> areas_without([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.8], np.array([0, 0, 1, 1]), 2).tolist()
    [1.0, 1.0]
    """
    positive, scores = binary_target(target), _finite(score, "score")
    total, ones = np.bincount(labels, minlength=blocks), np.bincount(labels[positive], minlength=blocks)
    zeros = total - ones
    won, inside = pairs_won(positive, scores), pairs_won(positive, scores, labels)
    all_won = int(won[positive].sum())
    kept = all_won - _block_sums(won, labels, blocks) + _block_sums(np.where(positive, inside, 0), labels, blocks)
    pairs = 2 * (ones.sum() - ones) * (zeros.sum() - zeros)
    areas: Floats = np.divide(kept, pairs, out=np.full(blocks, np.nan), where=pairs > 0)
    return areas


def wilson(successes: int, n: int, *, confidence: float = 0.95, unit: str = "") -> Estimate:
    """A share of independent rows with Wilson's score interval, which holds for few rows and for shares near 0 and 1.

    >>> wilson(0, 10).low, round(wilson(0, 10).high, 4)
    (0.0, 0.2775)
    """
    if not 0 <= successes <= n or n < 1:
        raise InputError("a share needs rows", found=(successes, n), expected="0 ≤ successes ≤ n and n ≥ 1")
    from scipy.special import ndtri

    z = float(ndtri((1 + _level(confidence)) / 2))
    share, scale = successes / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / scale
    low = 0.0 if successes == 0 else max(middle - half, 0.0)
    high = 1.0 if successes == n else min(middle + half, 1.0)
    return Estimate(point=share, low=low, high=high, unit=unit, n=n)


def at_confidence(found: Estimate, confidence: float, wanted: float) -> Estimate:
    """A jackknife interval of *confidence* as it would be at *wanted*: the same spread, another Student quantile.

    An end that was clipped to what the quantity can be is told by the other one. Without an interval, or with one of
    which the blocks are not known, it stays as it is.

    >>> found = mean_interval([1.0, 2.0, 6.0], [0, 1, 2])
    >>> wide = mean_interval([1.0, 2.0, 6.0], [0, 1, 2], confidence=0.99)
    >>> round(at_confidence(found, 0.95, 0.99).high - wide.high, 12)
    0.0
    """
    if found.low is None or found.high is None or found.blocks < 2:
        return found
    half = max(found.point - found.low, found.high - found.point)
    grown = half * student(wanted, found.blocks - 1) / student(confidence, found.blocks - 1)
    return msgspec.structs.replace(found, low=float(found.point - grown), high=float(found.point + grown))


def design_effect(values: ArrayLike, blocks: ArrayLike) -> float:
    """How many times larger the variance of the mean is than that of as many independent rows.

    n divided by it is the effective sample size (Kish 1965). Raises InputError with fewer than two rows or blocks.

    >>> design_effect([1.0, 1.0, 5.0, 5.0], [0, 0, 1, 1])
    3.0
    """
    rows = _finite(values, "values")
    labels, k = block_codes(blocks, len(rows))
    if k < 2:
        raise InputError("a design effect needs two blocks", found=k, expected="2 or more")
    n, mean = len(rows), math.fsum(rows.tolist()) / len(rows)
    independent = math.fsum(((rows - mean) ** 2).tolist()) / (n - 1) / n
    if independent == 0:
        return 1.0
    left = means_without(rows, labels, k)
    middle = math.fsum(left.tolist()) / k
    return (k - 1) / k * math.fsum(((left - middle) ** 2).tolist()) / independent


def student(confidence: float, degrees: int) -> float:
    """The two-sided Student t quantile.

    >>> round(student(0.95, 29), 4)
    2.0452
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + _level(confidence)) / 2))


def block_codes(blocks: ArrayLike, n: int | None = None) -> tuple[Ints, int]:
    """Labels as 0 … k − 1 in sorted order, and k. Raises InputError for no rows or a length other than *n*.

    >>> block_codes([7, 3, 7])
    (array([1, 0, 1]), 2)
    """
    labels: NDArray[Any] = np.asarray(blocks)
    if labels.ndim != 1 or not len(labels):
        raise InputError("blocks are not a list of labels", found=f"shape {labels.shape}", expected="one label a row")
    if n is not None and len(labels) != n:
        raise InputError("blocks and rows differ in number", found=len(labels), expected=f"{n} labels")
    names, codes = np.unique(labels, return_inverse=True)
    return codes.astype(np.int64), len(names)


def binary_target(target: ArrayLike) -> NDArray[np.bool_]:
    """The target as truth values. Raises InputError for anything but 0 and 1.

    >>> binary_target([0, 1.0])
    array([False,  True])
    """
    found = np.asarray(target)
    if found.dtype == np.bool_:
        return found
    numbers = _finite(found, "target")
    odd = numbers[(numbers != 0) & (numbers != 1)]
    if len(odd):
        raise InputError("a binary target holds another number", found=float(odd[0]), expected="0 or 1")
    positive: NDArray[np.bool_] = numbers == 1
    return positive


def means_without(rows: Floats, labels: Ints, k: int) -> Floats:
    """The mean of the rows outside each block, (blocks,); none with fewer than two blocks.

    >>> means_without(np.array([1.0, 2.0, 6.0]), np.array([0, 0, 1]), 2).tolist()
    [6.0, 1.5]
    """
    if k < 2:
        return np.empty(0)
    # bincount adds in row order on one thread, so the sums are the same everywhere
    sums, counts = np.bincount(labels, weights=rows, minlength=k), np.bincount(labels, minlength=k)
    means: Floats = (math.fsum(sums.tolist()) - sums) / (len(rows) - counts)
    return means


def _block_sums(counts: Ints, labels: Ints, k: int) -> Ints:
    sums = np.zeros(k, np.int64)
    np.add.at(sums, labels, counts)
    return sums


def _finite(values: ArrayLike, name: str) -> Floats:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or not len(rows):
        raise InputError(f"{name} are not a list of numbers", found=f"shape {rows.shape}", expected="one number a row")
    if not np.isfinite(rows).all():
        at = int(np.flatnonzero(~np.isfinite(rows))[0])
        raise InputError(f"{name} hold a number that is not finite", found=f"{rows[at]} at row {at}", expected="finite")
    return rows


def _level(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InputError("confidence is not a share", found=confidence, expected="between 0 and 1, as 0.95")
    return confidence
