"""Target derived: the outcome follows exactly from features, by a table or by a formula.

A real outcome has noise. Where equal features never go with different outcomes, although by chance they would have
many times, the outcome was computed from them (or they from it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.leakage.cells import codes, is_number
from fullcycle.data.leakage.formula import formula
from fullcycle.data.records import Column
from fullcycle.kernel.finding import Finding, Severity

_ROWS = 10_000
_MOST_COLUMNS = 40
_CLASHES = 20.0
"""Clashes that chance would make, below which their absence says nothing (at 20 it is 1 in e²⁰)."""
_MOST_PAIRS = 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def target_derived(train: pl.DataFrame, outcome: Floats, columns: Sequence[Column], task: str) -> Iterator[Finding]:
    """Features, pairs, weighted sums, products and sums past a threshold that give the outcome exactly.

    Parameters
    ----------
    outcome : (n,) 0 or 1, class codes, or numbers.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> frame = pl.DataFrame({name: chance.integers(0, 5, 900) for name in ("dice", "coin", "moon")})
    >>> win = ((frame["dice"] + frame["coin"]) % 2).cast(pl.Float64).to_numpy()
    >>> columns = [Column(name=name, kind="integer", known="before", feature=True) for name in frame.columns]
    >>> [found.subject for found in target_derived(frame, win, columns, "binary")]
    ['dice, coin']
    """
    found = formula(train, outcome, [column.name for column in columns if is_number(column)], task)
    if found is None:
        yield from _tables(train[:_ROWS], outcome[:_ROWS], columns)
    else:  # a formula says more than its table
        form, names = found
        severity: Severity = "warn" if form == "threshold" else "reject"  # easy questions have a clean cut too
        yield _exact(", ".join(names), len(names), len(train), severity, form=form)


def _tables(train: pl.DataFrame, outcome: Floats, columns: Sequence[Column]) -> Iterator[Finding]:
    result = np.unique(outcome, return_inverse=True)[1].astype(np.int64)
    shares = np.bincount(result) / max(1, len(result))
    cells = {column.name: codes(train[column.name]) for column in columns}
    # columns with a value a row have no equal rows to compare
    coarse = [name for name, code in cells.items() if 1 < len(np.unique(code)) <= len(code) / 2]
    alone = [name for name in coarse if _decides(cells[name], result, shares)]
    for name in alone:
        yield _exact(name, 1, len(train), "reject")
    left = [name for name in coarse if name not in alone][:_MOST_COLUMNS]
    pairs = (
        pair for pair in combinations(left, 2) if _decides(_together(*(cells[name] for name in pair)), result, shares)
    )
    for pair in islice(pairs, _MOST_PAIRS):
        yield _exact(", ".join(pair), 2, len(train), "warn")  # a table of facts may be just that


def _together(first: Ints, second: Ints) -> Ints:
    """A code for each pair of codes."""
    return first * (int(second.max()) + 1) + second


def _decides(code: Ints, result: Ints, shares: Floats) -> bool:
    """Whether equal codes always have equal results, and chance would have parted many."""
    if _clashes(code[:1000], result[:1000]) or _clashes(code, result):
        return False
    sizes, times = np.unique(np.unique(code, return_counts=True)[1], return_counts=True)
    parted = sum(int(many) * (1 - float((shares ** int(size)).sum())) for size, many in zip(sizes, times, strict=True))
    return parted >= _CLASHES


def _clashes(code: Ints, result: Ints) -> bool:
    order = np.argsort(code, kind="stable")
    code, result = code[order], result[order]
    return bool(((code[1:] == code[:-1]) & (result[1:] != result[:-1])).any())


def _exact(subject: str, features: int, rows: int, severity: Severity, *, form: str = "table") -> Finding:
    return Finding(
        check="target_derived",
        subject=subject,
        value=1.0,
        passed=False,
        severity=severity,
        unit="of the rows",
        evidence={"features": features, "rows": rows, "form": form},
    )
