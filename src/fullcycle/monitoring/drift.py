"""Drift: which columns of the window's requests are no longer distributed as in the training rows.

Rows of one day share weather, prices or staff, so a window of 2000 rows says less than 2000 independent rows do, and a
plain chi-square test cries wolf. The spread of the daily frequencies tells by how much: the statistic is divided by the
design effect, and its degrees of freedom follow from how unequal that is across cells and from the number of days. A
column drifts where the corrected test finds it, with the false discovery rate held over all columns, *and* the
distance is large enough to matter.

References: Rao and Scott 1981, 1984; Thomas and Rao 1987 for few clusters; Benjamini and Hochberg 1995.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.kernel.finding import Finding
from fullcycle.measure.sketches import CategorySketch, NumberSketch
from fullcycle.measure.tests import LEAST_EXPECTED, benjamini_hochberg, ks_distance

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Sketch = NumberSketch | CategorySketch


class Shift(Struct, frozen=True, kw_only=True):
    """How a column differs from its reference.

    Attributes
    ----------
    effect : Kolmogorov–Smirnov distance of numbers or total variation of categories, or the change of the share of
        missing values where that is larger; 0 to 1.
    p : of the test corrected for days; None with fewer than two days.
    design : how many times fewer independent rows the window holds than rows, as the test found it.
    """

    effect: float
    p: float | None
    design: float
    missing: float


def drift(
    rows: pl.DataFrame,
    days: Ints,
    profile: Mapping[str, Sketch],
    *,
    level: float,
    effect: float,
    rows_at_least: int,
) -> tuple[Finding, ...]:
    """A finding for each column of the reference: failed (``warn``) where it drifted.

    Parameters
    ----------
    rows : the window's requests, typed columns.
    days : (n,) local day of each.
    profile : sketch of each column in the training rows.
    level : false discovery rate over the columns.
    effect : the smallest distance that counts.
    rows_at_least : with fewer rows nothing is tested, and a note says so.

    Examples
    --------
    >>> reference = {"distance": NumberSketch.fit(np.arange(1000.0))}
    >>> days = np.tile(np.arange(5), 200)
    >>> rows = pl.DataFrame({"distance": np.arange(1000.0) * 2})
    >>> found, = drift(rows, days, reference, level=0.01, effect=0.1, rows_at_least=300)
    >>> found.passed, round(found.value, 2)
    (False, 0.45)
    """
    if rows.height < rows_at_least:
        return (_too_few("rows", rows.height, rows_at_least),)
    if len(np.unique(days)) < 2:
        return (_too_few("days", len(np.unique(days)), 2),)
    columns = [name for name in sorted(profile) if name in rows.columns]
    shifts = [shift(profile[name], rows[name], days) for name in columns]
    found = benjamini_hochberg([1.0 if one.p is None else one.p for one in shifts], level)
    return tuple(
        Finding(
            check="drift",
            subject=name,
            value=one.effect,
            limit=effect,
            rule="at_most",
            passed=not (real and one.effect >= effect),
            severity="warn",
            evidence={
                "p": one.p,
                "real": bool(real),
                "design_effect": one.design,
                "rows": rows.height,
                "missing": one.missing,
            },
        )
        for name, one, real in zip(columns, shifts, found, strict=True)
    )


def shift(reference: Sketch, values: pl.Series, days: Ints) -> Shift:
    """How *values*, a column with the day of each row, differ from the reference.

    >>> shift(NumberSketch.fit([1.0, 2.0]), pl.Series([1.0, 2.0, 1.0, 2.0]), np.array([0, 0, 1, 1])).effect
    0.0
    """
    cells = _daily(reference, values, days)
    then, now = reference.vector(), cells.sum(axis=0)
    p, design = clustered_two_sample(then, cells)
    missing = float(now[-1] / max(int(now.sum()), 1))
    change = abs(missing - float(then[-1] / max(int(then.sum()), 1)))
    # numbers: of the values that there are; with no value at all, only the missing ones have changed
    ordered = isinstance(reference, NumberSketch)
    distance = ks_distance(then[:-1], now[:-1]) if ordered else total_variation(then, now)
    return Shift(effect=max(distance, change), p=p, design=design, missing=missing)


def total_variation(reference: Ints, counts: Ints) -> float:
    """Half the sum of the differences between two distributions: the share that would have to move; 0 to 1.

    >>> total_variation(np.array([5, 5]), np.array([10, 0]))
    0.5
    """
    n, m = int(reference.sum()), int(counts.sum())
    if not n or not m:
        return 0.0
    return math.fsum(np.abs(reference / n - counts / m).tolist()) / 2


def clustered_two_sample(reference: Ints, daily: Ints) -> tuple[float | None, float]:
    """The p-value of the days being of the reference's distribution, and the mean design effect that it allowed for.

    The chi-square statistic of two samples, over the mean design effect of its cells (not below 1: days that agree by
    chance are no proof of more rows), held against F with Satterthwaite's degrees of freedom above and days − 1 below.
    What the days tell is taken to hold for the reference too, whose own days are no longer known.

    Parameters
    ----------
    reference : (cells,) counts.
    daily : (days, cells) counts of the window.

    Returns
    -------
    p (None with fewer than two days), design effect.

    Examples
    --------
    >>> same = np.tile([50, 50], (6, 1))
    >>> clustered_two_sample(np.array([500, 500]), same)
    (1.0, 1.0)
    """
    then, cells = _pooled(reference, daily)
    k, b = cells.shape
    n, m = int(then.sum()), int(cells.sum())
    if k < 2:
        return None, 1.0
    if b < 2 or not n or not m:
        return 1.0, 1.0
    now = cells.sum(axis=0)
    share = (then + now) / (n + m)
    gaps = (then / n - now / m) ** 2 / share
    statistic = math.fsum(gaps.tolist()) / (1 / n + 1 / m)
    # how the days scatter about their own mean, so that a shift of all of them is no scatter
    scatter = cells - np.outer(cells.sum(axis=1), now / m)
    spread = k / (k - 1) / m * np.einsum("di,dj->ij", scatter, scatter, optimize=False)
    trace = math.fsum((np.diag(spread) / share).tolist())
    design = max(trace / (b - 1), 1.0)
    squares = math.fsum((spread**2 / np.outer(share, share)).ravel().tolist())
    freedom = min(trace**2 / squares, b - 1.0) if squares else b - 1.0
    from scipy.special import fdtrc

    # Thomas and Rao have freedom * (k - 1) below; but freedom is itself read off the few days, and far out, where a
    # correction for many columns looks, that rejects two or three times too often (see the tests' simulations)
    return float(fdtrc(freedom, k - 1, statistic / design / (b - 1))), design


def _daily(reference: Sketch, values: pl.Series, days: Ints) -> Ints:
    """Counts by day in the reference's cells, (days, cells)."""
    _, codes = np.unique(days, return_inverse=True)
    cell, width = _cells(reference, values)
    k = int(codes.max()) + 1
    return np.bincount(codes * width + cell, minlength=k * width).reshape(k, width)


def _cells(reference: Sketch, values: pl.Series) -> tuple[Ints, int]:
    """The cell of each value, as `vector` orders them: the last holds the missing."""
    width = len(reference.vector())
    if isinstance(reference, CategorySketch):
        codes = {name: code for code, name in enumerate(reference.categories)}
        texts = values.cast(pl.String)
        found = texts.replace_strict(codes, default=len(codes), return_dtype=pl.Int64)
        return np.where(texts.is_null().to_numpy(), width - 1, found.fill_null(0).to_numpy()), width
    numbers = values.cast(pl.Float64).to_numpy()
    found_cells = np.searchsorted(np.array(reference.edges, dtype=np.float64), numbers, side="right")
    return np.where(np.isnan(numbers), width - 1, found_cells).astype(np.int64), width


def _pooled(reference: Ints, daily: Ints) -> tuple[Ints, Ints]:
    """Both with sparse cells made one: where the smaller sample expects too few rows, chi-square is a poor guide."""
    total = reference + daily.sum(axis=0)
    rows = int(total.sum())
    if not rows:
        return reference[:1], daily[:, :1]
    share = min(int(reference.sum()), int(daily.sum())) / rows
    order = np.argsort(total, kind="stable")
    sparse = int((total * share < LEAST_EXPECTED).sum())
    while 0 < sparse < len(order) and total[order[:sparse]].sum() * share < LEAST_EXPECTED:
        sparse += 1  # the pool itself is sparse: add the next
    if sparse < 2:
        return reference, daily
    pool, rest = order[:sparse], np.sort(order[sparse:])
    return (
        np.append(reference[rest], reference[pool].sum()),
        np.column_stack((daily[:, rest], daily[:, pool].sum(axis=1))),
    )


def _too_few(what: str, found: int, least: int) -> Finding:
    return Finding(
        check="drift",
        subject="window",
        value=float(found),
        limit=float(least),
        rule="at_least",
        severity="note",
        unit=what,
        evidence={"problem": f"too few {what}"},
    )
