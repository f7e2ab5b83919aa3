"""The worst slices: rows with one or two things in common on which the model does worse than elsewhere.

Every level of every column and every pair of levels is looked at, so p-values are adjusted for their number (Holm), and
each comes from days left out in turn, since the rows of a slice share their days too. Two questions are asked:

- Is the model *wrong about itself* there? Its loss beyond what its scores expect is held against the other rows'.
- Does it do *harm* there? Its loss is held against that of the constant on the same rows.

Chung et al. 2019, *Slice Finder*; Sagadeeva and Boehm 2021, *SliceLine*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.levels import Levels
from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, block_codes, student
from fullcycle.measure.tests import holm

LEAST = 200  # rows of a slice, and of what is left
BLOCKS = 10  # in which a slice must have rows
SHOWN = 10
NAMED = 3  # slices that get a finding of their own, at most
_NEAR = 0.95  # of the rows of a level: a pair that keeps more of it says nothing new
PAIRED = 12  # columns that pairs are made of, at most


class Slice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows with levels in common.

    Attributes
    ----------
    where : level by column.
    surprise : loss beyond what the scores expect, here less elsewhere (of a regression: squared error); above 0 is worse.
    p : that the model knows itself as well here as elsewhere, adjusted.
    harm : the model's loss less the constant's on the same rows; above 0 the constant does better.
    p_harm : that the model is no worse than the constant here, adjusted.
    """

    where: dict[str, str]
    surprise: Estimate
    p: float
    harm: Estimate
    p_harm: float


class Slices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The worst slices by either question, of how many were tested."""

    tested: int
    worst: tuple[Slice, ...]


class _Cell(NamedTuple):
    where: dict[str, str]
    rows: NDArray[np.int64]


class _Tested(NamedTuple):
    point: Floats
    error: Floats
    p: Floats
    degrees: NDArray[np.int64]


def worst_slices(
    columns: list[Levels], surprise: Floats, harm: Floats, blocks: NDArray[np.int64], *, confidence: float
) -> Slices:
    """The worst of all slices of one or two columns with :data:`LEAST` rows in :data:`BLOCKS` blocks.

    Parameters
    ----------
    surprise, harm : (n,) loss beyond the expected, and loss less the constant's.
    blocks : (n,) the block of each row.
    """
    labels, k = block_codes(blocks)
    cells = list(_cells(columns, labels, k))
    if not cells or k < 2:
        return Slices(tested=0, worst=())
    counts = np.stack([np.bincount(labels[cell.rows], minlength=k) for cell in cells])
    strange = _tested(cells, counts, surprise, labels, k, beside_others=True)
    harmful = _tested(cells, counts, harm, labels, k, beside_others=False)
    adjusted, adjusted_harm = holm(strange.p), holm(harmful.p)
    smallest = np.minimum(adjusted, adjusted_harm)
    # of those beyond doubt the one that is worst for sure: the purest slice, and not the one that holds most rows of it
    surest = np.where(adjusted < 1 - confidence, strange.point - 2 * strange.error, -np.inf)
    order = np.lexsort((np.minimum(strange.p, harmful.p), smallest, -surest))
    worst = [
        Slice(
            where=cells[place].where,
            surprise=_estimate(strange, place, counts, confidence, blocks=k),
            p=float(adjusted[place]),
            harm=_estimate(harmful, place, counts, confidence, blocks=k),
            p_harm=float(adjusted_harm[place]),
        )
        for place in order.tolist()
        if strange.point[place] > 0 or harmful.point[place] > 0
    ]
    return Slices(tested=len(cells), worst=tuple(worst[:SHOWN]))


def slice_findings(found: Slices, *, confidence: float, unit: str) -> tuple[Finding, ...]:
    """Whether the model does harm on some slice, which rejects it, and whether it is wrong about itself, which warns.

    >>> [it.passed for it in slice_findings(Slices(tested=40, worst=()), confidence=0.95, unit="nats")]
    [True, True]
    """
    if not found.tested:
        return ()
    level = 1 - confidence
    harmful = [it for it in found.worst if it.p_harm < level and it.harm.point > 0]
    strange = [it for it in found.worst if it.p < level and it.surprise.point > 0]
    findings = [_bad("slice_worse_than_constant", it, it.harm, it.p_harm, found, unit) for it in harmful[:NAMED]]
    findings += [_bad("slice_surprises", it, it.surprise, it.p, found, unit) for it in strange[:NAMED]]
    if not harmful:
        findings.append(_good("slice_worse_than_constant", found))
    if not strange:
        findings.append(_good("slice_surprises", found))
    return tuple(findings)


def _bad(check: str, it: Slice, value: Estimate, p: float, found: Slices, unit: str) -> Finding:
    return Finding(
        check=check,
        subject=" and ".join(f"{column} {level!r}" for column, level in it.where.items()),
        value=value.point,
        low=value.low,
        high=value.high,
        limit=0.0,
        rule="at_most",
        passed=False,
        severity="reject" if check == "slice_worse_than_constant" else "warn",
        unit=unit,
        evidence={"rows": value.n, "p_adjusted": p, "slices_tested": found.tested},
    )


def _good(check: str, found: Slices) -> Finding:
    severity = "reject" if check == "slice_worse_than_constant" else "warn"
    evidence: dict[str, str | int | float | bool | None] = {"slices_tested": found.tested}
    return Finding(check=check, subject="test rows", passed=True, severity=severity, evidence=evidence)  # type: ignore[arg-type]


def _cells(columns: list[Levels], labels: NDArray[np.int64], k: int) -> Iterator[_Cell]:
    """Every slice that is large enough, in an order of its own."""
    n = len(labels)
    sizes: list[NDArray[np.int64]] = []
    for column in columns:
        sizes.append(np.bincount(column.codes[column.codes >= 0], minlength=len(column.names)))
        for rows, (code,) in _groups((column,)):
            if _fits(rows, labels, k, n):
                yield _Cell({column.name: column.names[code]}, rows)
    for place, first in enumerate(columns[:PAIRED]):
        for other, second in enumerate(columns[place + 1 : PAIRED], place + 1):
            for rows, (one, two) in _groups((first, second)):
                parent = min(sizes[place][one], sizes[other][two])
                if len(rows) <= _NEAR * parent and _fits(rows, labels, k, n):
                    yield _Cell({first.name: first.names[one], second.name: second.names[two]}, rows)


def _groups(columns: tuple[Levels, ...]) -> Iterator[tuple[NDArray[np.int64], tuple[int, ...]]]:
    """The rows of each combination of levels, ascending."""
    code = np.zeros(len(columns[0].codes), np.int64)
    known = np.ones(len(code), np.bool_)
    for column in columns:
        code = code * len(column.names) + column.codes
        known &= column.codes >= 0
    rows = np.flatnonzero(known)
    order = rows[np.argsort(code[rows], kind="stable")]
    for group in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        if len(group) >= LEAST:
            yield group, tuple(int(column.codes[group[0]]) for column in columns)


def _fits(rows: NDArray[np.int64], labels: NDArray[np.int64], k: int, n: int) -> bool:
    blocks = np.bincount(labels[rows], minlength=k) > 0
    return len(rows) >= LEAST and n - len(rows) >= LEAST and int(blocks.sum()) >= BLOCKS


def _tested(
    cells: list[_Cell],
    counts: NDArray[np.int64],
    values: Floats,
    labels: NDArray[np.int64],
    k: int,
    *,
    beside_others: bool,
) -> _Tested:
    """The mean of each slice, less that of all other rows if wanted, with its one-sided p by delete-one-block jackknife."""
    from scipy.special import stdtr

    sums = np.stack([np.bincount(labels[cell.rows], weights=values[cell.rows], minlength=k) for cell in cells])
    total, rows = np.bincount(labels, weights=values, minlength=k), np.bincount(labels, minlength=k)
    inside, size = sums.sum(axis=1), counts.sum(axis=1)
    with np.errstate(all="ignore"):
        point = inside / size
        left = (inside[:, None] - sums) / (size[:, None] - counts)
        if beside_others:
            point = point - (total.sum() - inside) / (rows.sum() - size)
            others = (total.sum() - total)[None, :] - (inside[:, None] - sums)
            left = left - others / ((rows.sum() - rows)[None, :] - (size[:, None] - counts))
    spread = ((left - left.mean(axis=1)[:, None]) ** 2).sum(axis=1) * (k - 1) / k
    error = np.sqrt(np.where(np.isfinite(spread), spread, 0.0))
    degrees = (counts > 0).sum(axis=1) - 1  # days without a row of the slice tell nothing of it
    ratio = np.divide(point, error, out=np.zeros(len(point)), where=error > 0)
    p = np.where(error > 0, stdtr(degrees, -ratio), 1.0)
    return _Tested(point, error, p, degrees)


def _estimate(found: _Tested, place: int, counts: NDArray[np.int64], confidence: float, *, blocks: int) -> Estimate:
    half = student(confidence, int(found.degrees[place])) * float(found.error[place])
    point = float(found.point[place])
    return Estimate(point=point, low=point - half, high=point + half, n=int(counts[place].sum()), blocks=blocks)
