"""Statistical tests. Fixed ones may be read once; always-valid ones may be read after every row.

A window of production against its reference is a fixed test per column, corrected for their number. An experiment that
people look at daily needs a confidence sequence: it covers the truth at all times at once, so stopping when one likes
does no harm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import Estimate

LEAST_EXPECTED = 5.0  # Cochran's rule: below it the chi-square distribution is a poor guide


def alpha_of(reading: int, alpha: float) -> float:
    """The level at which the *reading*-th look at the same test rows is tested: α / (k (k + 1)).

    However often they are read, the levels add up to α at most, so that the chance of ever passing by luck stays below
    it; new rows begin anew. Alpha spending in the sense of Foster and Stine 2008, *α-investing*.

    Parameters
    ----------
    reading : 1 for the first, and so on.
    alpha : the level in all, between 0 and 1.

    Examples
    --------
    >>> alpha_of(1, 0.05), round(alpha_of(4, 0.05), 6)
    (0.025, 0.0025)
    """
    if reading < 1 or not 0 < alpha < 1:
        raise InputError("a reading has no level", found=(reading, alpha), expected="reading ≥ 1 and 0 < alpha < 1")
    return alpha / (reading * (reading + 1))


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted for their number, (n,): the chance that any of those below a level is false stays below it.

    Holds under any dependence. Source: Holm 1979, *A simple sequentially rejective multiple test procedure*.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise InputError("p-values are not all within 0 and 1", expected="a list of numbers from 0 to 1")
    order = np.argsort(values, kind="stable")
    grown = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(grown, 1.0)
    return adjusted


def two_sample(reference_counts: ArrayLike, counts: ArrayLike) -> float:
    """The p-value of two samples, counted in the same cells, being of one distribution (chi-square test).

    Cells in which the smaller sample expects fewer than five rows are made one, with the next smallest if that is
    still too few. With an empty sample, or all rows in one cell, there is nothing to tell apart: 1.

    Parameters
    ----------
    reference_counts, counts : (cells,) rows in each cell.

    Source: Cochran 1954, *Some methods for strengthening the common χ² tests*.

    Examples
    --------
    >>> two_sample([50, 50], [50, 50])
    1.0
    >>> two_sample([500, 500], [400, 600]) < 1e-4
    True
    """
    first, second = _cells(reference_counts, counts)
    n, m = int(first.sum()), int(second.sum())
    if not n or not m:
        return 1.0
    table = _pooled(np.stack((first, second)), min(n, m) / (n + m))
    cells = table.shape[1]
    if cells < 2:
        return 1.0
    expected = np.outer([n, m], table.sum(axis=0)) / (n + m)
    statistic = math.fsum(((table - expected) ** 2 / expected).ravel().tolist())
    from scipy.special import chdtrc

    return float(chdtrc(cells - 1, statistic))


def benjamini_hochberg(p: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Which of many p-values to reject so that at most *level* of the rejected are false, on average.

    >>> benjamini_hochberg([0.001, 0.04, 0.03, 0.9], 0.05)
    array([ True, False, False, False])

    Source: Benjamini and Hochberg 1995.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise InputError("p-values are not all within 0 and 1", expected="a list of numbers from 0 to 1")
    ordered = np.sort(values)
    passing = np.flatnonzero(ordered <= level * np.arange(1, len(values) + 1) / max(len(values), 1))
    if not len(passing):
        return np.zeros(len(values), np.bool_)
    rejected: NDArray[np.bool_] = values <= ordered[passing[-1]]
    return rejected


def psi(reference_counts: ArrayLike, counts: ArrayLike) -> float:
    """The population stability index, less what chance alone adds to it, not below 0.

    Two samples of one distribution have an expected index of about (B − 1)(1/n + 1/m) for B cells (Yurdakul 2018): with
    few rows the plain index crosses its usual limits (0.1, 0.25) on nothing. Half a row is added to each cell in use,
    so that an empty one costs no infinity.

    >>> psi([500, 500], [500, 500])
    0.0
    >>> round(psi([5000, 5000], [8000, 2000]), 3)
    0.416
    """
    first, second = _cells(reference_counts, counts)
    n, m = int(first.sum()), int(second.sum())
    used = (first + second) > 0
    cells = int(used.sum())
    if not n or not m or cells < 2:
        return 0.0
    p, q = (first[used] + 0.5) / (n + cells / 2), (second[used] + 0.5) / (m + cells / 2)
    index = math.fsum(((q - p) * np.log(q / p)).tolist())
    return max(index - (cells - 1) * (1 / n + 1 / m), 0.0)


def ks_distance(reference_counts: ArrayLike, counts: ArrayLike) -> float:
    """The largest distance of two distribution functions, read at the edges of ordered cells (Kolmogorov and Smirnov).

    0 with an empty sample. A cell for missing values does not belong to the order: leave it out.

    >>> ks_distance([10, 10], [20, 0])
    0.5
    """
    first, second = _cells(reference_counts, counts)
    n, m = int(first.sum()), int(second.sum())
    if not n or not m:
        return 0.0
    return float(np.abs(np.cumsum(first) / n - np.cumsum(second) / m).max())


def sequence_half_width(variance: ArrayLike, n: ArrayLike, *, alpha: float, optimal_n: float) -> NDArray[np.float64]:
    """Half the width of the asymptotic confidence sequence after *n* rows, for arrays or numbers.

    Parameters
    ----------
    variance : of one row (not of the mean), as estimated so far.
    n : rows so far, 1 or more.
    alpha : the chance of ever missing the truth, 0 to 1.
    optimal_n : the number of rows at which the sequence is tightest.

    Source: Waudby-Smith et al. 2021, arXiv 2103.06476, theorem 2.2 and its appendix on the choice of ρ.

    Examples
    --------
    >>> float(sequence_half_width(1.0, 5000, alpha=0.05, optimal_n=5000).round(4))
    0.0429
    """
    if not 0 < alpha < 1 or optimal_n <= 0:
        raise InputError("a confidence sequence needs 0 < alpha < 1 and optimal_n > 0", found=(alpha, optimal_n))
    spread, rows = np.asarray(variance, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if (rows < 1).any() or (spread < 0).any():
        raise InputError("a confidence sequence needs rows", expected="n ≥ 1 and a variance ≥ 0")
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / optimal_n
    scaled = rows * rho2 + 1
    half: NDArray[np.float64] = np.sqrt(spread * 2 * scaled / (rows**2 * rho2) * np.log(np.sqrt(scaled) / alpha))
    return half


def confidence_sequence(
    mean: float, variance: float, n: int, *, alpha: float, optimal_n: float, unit: str = ""
) -> Estimate:
    """A mean with an interval that holds at every look: the chance that it *ever* misses the truth is about *alpha*.

    Asymptotic: begin to look after some hundred rows. For a difference, give the mean and variance of paired
    differences, or for two arms of equal size the sum of their variances. See `sequence_half_width` for the parameters
    and the source.

    >>> confidence_sequence(0.02, 1.0, 5000, alpha=0.05, optimal_n=5000).low < 0
    True
    """
    half = float(sequence_half_width(variance, n, alpha=alpha, optimal_n=optimal_n))
    return Estimate(point=mean, low=mean - half, high=mean + half, unit=unit, n=n)


def _pooled(table: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The (2, cells) table, its sparse cells made one; the smaller sample expects *share* of a cell's rows."""
    table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    enough = table.sum(axis=0) * share >= LEAST_EXPECTED
    sparse = int((~enough).sum())
    if sparse:
        table = np.column_stack((table[:, :sparse].sum(axis=1), table[:, sparse:]))
        if table[:, 0].sum() * share < LEAST_EXPECTED and table.shape[1] > 1:  # the pool itself is sparse: add the next
            table = np.column_stack((table[:, :2].sum(axis=1), table[:, 2:]))
    return table


def _cells(reference_counts: ArrayLike, counts: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, second = np.asarray(reference_counts), np.asarray(counts)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise InputError(
            "counts are not of the same cells", found=(first.shape, second.shape), expected="(cells,) twice"
        )
    if (first < 0).any() or (second < 0).any():
        raise InputError("a count is below 0", expected="numbers of rows")
    return first.astype(np.int64), second.astype(np.int64)
