"""Rules across columns that every row of a sample keeps, and that rows put together at random do not.

What is found is a proposal: an order or a sum that always held may still be chance or today's habit.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

SUPPORT = 1000
"""Rows in which both sides are known, below which nothing is said."""

_SAMPLE, _COLUMNS = 20_000, 30
_BY_CHANCE = 0.05  # share of mixed-up rows that must break a relation for it to say anything


class Relation(NamedTuple):
    """A rule that held throughout.

    Attributes
    ----------
    name : what it may be called in ``[data.rules] check``.
    holds : the expression.
    rows : how many rows bore it out.
    """

    name: str
    holds: str
    rows: int


def relations(rows: pl.DataFrame, kinds: Mapping[str, str]) -> tuple[Relation, ...]:
    """Equalities, constant factors, sums of two columns, and orders between numbers or between times.

    Examples
    --------
    >>> rows = pl.DataFrame({"net": range(2000), "tax": [n * 7 % 100 for n in range(2000)]})
    >>> rows = rows.with_columns(gross=pl.col("net") + pl.col("tax"))
    >>> [relation.holds for relation in relations(rows, dict.fromkeys(rows.columns, "integer"))]
    ['gross == net + tax']
    """
    step = max(1, -(-rows.height // _SAMPLE))
    sample = rows.gather_every(step)
    numbers = _columns(sample, [name for name, kind in kinds.items() if kind in ("float", "integer")])
    times = _columns(sample, [name for name, kind in kinds.items() if kind == "time"])
    same, factors = _factors(numbers)
    left = {name: values for name, values in numbers.items() if name not in same}
    sums = _sums(left)
    summed = {frozenset((a, b)) for a, b, c in (parts for parts, _ in sums) for a, b in ((a, b), (a, c))}
    orders = [*_orders(left, summed), *_orders(times, set())]
    return (*factors, *(relation for _, relation in sums), *orders)


def _columns(sample: pl.DataFrame, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Columns that vary and are known often enough, as floats with NaN where missing."""
    found = {}
    for name in names:
        series = sample[name]
        values = (series.dt.epoch("us") if series.dtype.is_temporal() else series).cast(pl.Float64).to_numpy()
        known = values[np.isfinite(values)]
        if len(known) >= SUPPORT and known.min() < known.max():
            found[name] = np.where(np.isfinite(values), values, np.nan)
    return dict(itertools.islice(found.items(), _COLUMNS))


def _factors(columns: Mapping[str, NDArray[np.float64]]) -> tuple[set[str], list[Relation]]:
    """Columns that are another one times a constant, and the relations that say so."""
    same, found = set(), []
    for a, b in itertools.combinations(columns, 2):
        if a in same or b in same:
            continue
        left, right = columns[a], columns[b]
        known = np.isfinite(left) & np.isfinite(right)
        nought = known & (left == 0)
        ratio = right[known & ~nought] / left[known & ~nought]
        if len(ratio) < SUPPORT or not np.all(right[nought] == 0) or not np.ptp(ratio) <= 1e-9 * abs(ratio[0]):
            continue
        factor = float(f"{np.median(ratio):.12g}")
        same.add(b)
        holds = (
            f"{_word(b)} == {_word(a)}" if factor == 1 else _near(f"{_word(b)} - {factor!r} * {_word(a)}", right[known])
        )
        found.append(Relation(f"{_slug(b)}_follows_{_slug(a)}", holds, int(known.sum())))
    return same, found


def _sums(columns: Mapping[str, NDArray[np.float64]]) -> list[tuple[tuple[str, str, str], Relation]]:
    """Columns that are the sum of two others."""
    found: list[tuple[tuple[str, str, str], Relation]] = []
    taken: set[frozenset[str]] = set()
    for a, b in itertools.combinations(columns, 2):
        total = columns[a] + columns[b]
        for c, values in columns.items():
            if c in (a, b) or frozenset((a, b, c)) in taken or not _equal(values[:500], total[:500], few=True):
                continue
            if _equal(values, total):
                known = np.isfinite(values) & np.isfinite(total)
                exact = np.all(np.mod(total[known], 1) == 0)
                words = f"{_word(a)} + {_word(b)}"
                holds = f"{_word(c)} == {words}" if exact else _near(f"{_word(c)} - ({words})", total[known])
                found.append(((c, a, b), Relation(f"{_slug(c)}_is_{_slug(a)}_and_{_slug(b)}", holds, int(known.sum()))))
                taken.add(frozenset((a, b, c)))
    return found


def _equal(left: NDArray[np.float64], right: NDArray[np.float64], *, few: bool = False) -> bool:
    known = np.isfinite(left) & np.isfinite(right)
    if known.sum() < (1 if few else SUPPORT):
        return few
    size = np.maximum(np.abs(left[known]), np.abs(right[known]))
    return bool(np.all(np.abs(left[known] - right[known]) <= 1e-9 * size))


def _orders(columns: Mapping[str, NDArray[np.float64]], known_sums: set[frozenset[str]]) -> list[Relation]:
    """Pairs of which one never exceeds the other, without those that follow from two others."""
    pairs: dict[tuple[str, str], int] = {}
    for a, b in itertools.permutations(columns, 2):
        left, right = columns[a], columns[b]
        known = np.isfinite(left) & np.isfinite(right)
        if known.sum() < SUPPORT or frozenset((a, b)) in known_sums or (left > right).any():
            continue
        mixed = np.roll(right[known], int(known.sum()) // 2)
        if (left[known] > mixed).sum() >= _BY_CHANCE * known.sum():
            pairs[a, b] = int(known.sum())
    direct = [(a, b) for a, b in pairs if not any((a, c) in pairs and (c, b) in pairs for c in columns)]
    return [Relation(f"{_slug(a)}_up_to_{_slug(b)}", f"{_word(a)} <= {_word(b)}", pairs[a, b]) for a, b in direct]


def _near(difference: str, values: NDArray[np.float64]) -> str:
    """Equality up to what floats lose."""
    return f"abs({difference}) <= {float(f'{1e-6 * max(1.0, float(np.abs(values).max())):.1g}')!r}"


def _word(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else f"column({name!r})"


def _slug(name: str) -> str:
    return "".join(one if one.isalnum() and one.isascii() else "_" for one in name).strip("_") or "column"
