"""How well clusters hold together and apart, by distance alone; and how far two clusterings of the same rows agree."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError
from fullcycle.measure.intervals import block_codes
from fullcycle.measure.metrics.arguments import Floats

_CHUNK = 1 << 22  # distances that are held at once


BETTER = {"silhouette": "higher", "davies_bouldin": "lower", "stability": "higher"}
"""The figures of a clustering that gates may name, and which way is better."""


def silhouette(points: ArrayLike, cluster: ArrayLike) -> float:
    """The mean silhouette, -1 to 1: how much nearer rows are to their own cluster than to the next.

    Raises InputError with fewer than two clusters, or as many as rows. Source: Rousseeuw 1987, *Silhouettes*.

    >>> round(silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]), 3)
    0.9
    """
    return math.fsum(silhouettes(points, cluster).tolist()) / len(np.asarray(cluster))


def silhouettes(points: ArrayLike, cluster: ArrayLike) -> Floats:
    """Each row's silhouette, (n,); 0 for a row alone in its cluster. Its cost grows with the square of the rows.

    >>> silhouettes([[0.0], [1.0], [10.0]], [0, 0, 1]).round(3).tolist()
    [0.9, 0.889, 0.0]
    """
    rows, codes, k = _checked(points, cluster)
    sizes = np.bincount(codes, minlength=k)
    found = np.zeros(len(rows))
    step = max(1, _CHUNK // len(rows))
    for start in range(0, len(rows), step):
        here = slice(start, start + step)
        distances = _distances(rows[here], rows)
        sums = np.stack([np.bincount(codes, weights=line, minlength=k) for line in distances])
        own = codes[here]
        at = np.arange(len(own))
        alone = sizes[own] == 1
        inside = sums[at, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[at, own] = np.inf
        nearest = means.min(axis=1)
        most = np.maximum(inside, nearest)
        found[here] = np.where(alone | (most == 0), 0.0, (nearest - inside) / np.where(most == 0, 1, most))
    return found


def davies_bouldin(points: ArrayLike, cluster: ArrayLike) -> float:
    """The mean over clusters of how like its most like neighbour each is; 0 is best.

    Raises InputError as :func:`silhouette` does. Source: Davies and Bouldin 1979, *A cluster separation measure*.

    >>> davies_bouldin([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1])
    0.1
    """
    rows, codes, k = _checked(points, cluster)
    centres = np.array([[math.fsum(column.tolist()) for column in rows[codes == code].T] for code in range(k)])
    centres /= np.bincount(codes, minlength=k)[:, None]
    spread = np.empty(k)
    for code in range(k):
        away = _distances(rows[codes == code], centres[code : code + 1])[:, 0]
        spread[code] = math.fsum(away.tolist()) / len(away)
    apart = _distances(centres, centres)
    if np.allclose(spread, 0) or np.allclose(apart, 0):
        return 0.0
    np.fill_diagonal(apart, np.inf)
    apart[apart == 0] = np.inf
    return math.fsum(((spread[:, None] + spread[None, :]) / apart).max(axis=1).tolist()) / k


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    """The adjusted Rand index of two clusterings of the same rows: 1 where they agree, about 0 by chance.

    Raises InputError where they are of different numbers of rows. Source: Hubert and Arabie 1985, *Comparing partitions*.

    >>> adjusted_rand([0, 0, 1, 1], [5, 5, 3, 3]), adjusted_rand([0, 0, 1, 1], [0, 1, 0, 1])
    (1.0, -0.5)
    """
    one, k = block_codes(first)
    other, m = block_codes(second, len(one))
    both = np.bincount(one * m + other, minlength=k * m).reshape(k, m)
    pairs, rows, columns = (int((it * (it - 1) // 2).sum()) for it in (both, both.sum(axis=1), both.sum(axis=0)))
    every = len(one) * (len(one) - 1) // 2
    if rows in (0, every) and columns == rows:  # one cluster, or each row its own, on both sides
        return 1.0
    return 2 * (pairs * every - rows * columns) / ((rows + columns) * every - 2 * rows * columns)


def _checked(points: ArrayLike, cluster: ArrayLike) -> tuple[Floats, NDArray[np.int64], int]:
    rows = np.asarray(points, dtype=np.float64)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise InputError("points are no table of finite numbers", found=f"shape {rows.shape}", expected="(n, d)")
    codes, k = block_codes(cluster, len(rows))
    if not 2 <= k < len(rows):
        raise InputError(
            "clusters cannot be compared", found=f"{k} clusters of {len(rows)} rows", expected="2 to n − 1"
        )
    return rows, codes, k


def _distances(first: Floats, second: Floats) -> Floats:
    """Euclidean, (n, m), feature by feature: no product whose order depends on the machine."""
    squares = np.zeros((len(first), len(second)))
    for place in range(first.shape[1]):
        squares += (first[:, place, None] - second[None, :, place]) ** 2
    return np.sqrt(squares)
