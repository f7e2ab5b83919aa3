"""Gaussian mixtures: clusters that have a shape and a share of the rows of their own.

Kept as a NumPy archive (.npz) without pickle. Sums run in order, feature by feature, so that one row and a million rows
give the same bits.

McLachlan and Peel (2000), Finite Mixture Models; Hastie, Tibshirani and Friedman (2009), section 4.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays
from fullcycle.predictor.formats.linear import softmax
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]

_TYPES = dict.fromkeys(("shares", "means", "whitening"), "<f8")


class Mixture:
    """How far a row is from each component: the root of its squared Mahalanobis distance plus the component's handicap.

    The handicap is what a rare or wide component has to make up for: log |Σ| − 2 log share, less the least of any. So the
    nearest component is the one of highest posterior probability, and exp(−distance² / 2) is in proportion to it.

    Parameters
    ----------
    shares : (components,) of the rows, above 0, together 1.
    means : (components, features).
    whitening : (components, features, features), lower triangular: what turns deviations from the mean into independent
        ones of variance 1, the transposed Cholesky factor of the precision.

    Raises
    ------
    InputError : shapes do not fit each other, or a number is none that it can be.

    Notes
    -----
    A feature that is NaN makes every distance NaN: the feature plan imputes.

    Examples
    --------
    >>> model = Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> model.score([1.0]), model.scores(np.array([[4.0]])).tolist()
    ([1.0, 3.0], [[4.0, 0.0]])
    >>> memberships(model.score([2.0]))
    [0.5, 0.5]
    """

    name = "mixture"

    def __init__(self, shares: ArrayLike, means: ArrayLike, whitening: ArrayLike) -> None:
        self.shares: Floats = np.array(shares, dtype=np.float64)
        self.means: Floats = np.array(means, dtype=np.float64)
        self.whitening: Floats = np.array(whitening, dtype=np.float64)
        if self.means.ndim != 2 or not self.means.size:
            raise InputError(
                "means of a mixture are no table", found=self.means.shape, expected="(components, features)"
            )
        self.outputs, self.features = int(self.means.shape[0]), int(self.means.shape[1])
        self._check()
        diagonals = self.whitening.diagonal(axis1=1, axis2=2).tolist()
        widths = [-2 * math.fsum(map(math.log, diagonal)) for diagonal in diagonals]
        raw = [width - 2 * math.log(share) for width, share in zip(widths, self.shares.tolist(), strict=True)]
        self.least = min(raw)
        rows = self.whitening.tolist()
        self._parts = [
            (mean, [row[: place + 1] for place, row in enumerate(lower)], handicap - self.least)
            for mean, lower, handicap in zip(self.means.tolist(), rows, raw, strict=True)
        ]

    def scores(self, matrix: Floats) -> Floats:
        """The distances of (n, features) rows, (n, components). Raises InputError for another width."""
        check_matrix(matrix, self.features)
        found = np.empty((len(matrix), self.outputs))
        with np.errstate(all="ignore"):
            for component, (mean, lower, handicap) in enumerate(self._parts):
                squares = np.full(len(matrix), handicap)
                away = [matrix[:, feature] - middle for feature, middle in enumerate(mean)]
                for row in lower:
                    total = np.zeros(len(matrix))
                    for feature, weight in enumerate(row):
                        total += away[feature] * weight
                    squares += total * total
                found[:, component] = np.sqrt(squares)
        return found

    def score(self, features: Sequence[float]) -> list[float]:
        """The distances of one row, one per component. Raises InputError for another number of features."""
        check_row(features, self.features)
        found = []
        for mean, lower, handicap in self._parts:
            squares = handicap
            away = [number - middle for number, middle in zip(features, mean, strict=True)]
            for row in lower:
                total = 0.0
                for feature, weight in enumerate(row):
                    total += away[feature] * weight
                squares += total * total
            found.append(math.sqrt(squares))
        return found

    def log_densities(self, matrix: Floats) -> Floats:
        """The log density of each of (n, features) rows under the mixture as a whole, (n,), in nats.

        >>> model = Mixture([1.0], [[0.0]], [[[1.0]]])
        >>> model.log_densities(np.array([[0.0]])).round(6).tolist()
        [-0.918939]
        """
        halves = -(self.scores(matrix) ** 2) / 2
        most = halves.max(axis=1)
        sums = np.zeros(len(matrix))
        for column in halves.T:
            sums += np.exp(column - most)
        found: Floats = most + np.log(sums) - (self.least + self.features * math.log(2 * math.pi)) / 2
        return found

    def to_bytes(self) -> bytes:
        """A .npz archive with ``shares``, ``means`` and ``whitening``."""
        return arrays.pack({"shares": self.shares, "means": self.means, "whitening": self.whitening})

    @classmethod
    def from_bytes(cls, body: bytes) -> Mixture:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> Mixture.from_bytes(Mixture([1.0], [[1.0]], [[[2.0]]]).to_bytes()).score([3.0])
        [4.0]
        """
        found = arrays.unpack(body, _TYPES, place="mixture")
        try:
            return cls(found["shares"], found["means"], found["whitening"])
        except InputError as error:
            raise Corrupt(error.problem, place="mixture", found=error.found, expected=error.expected) from None

    def _check(self) -> None:
        k, d = self.means.shape
        if self.shares.shape != (k,) or self.whitening.shape != (k, d, d):
            raise InputError(
                "shares, means and whitening of a mixture do not fit",
                found=(self.shares.shape, self.means.shape, self.whitening.shape),
                expected=f"({k},), ({k}, {d}) and ({k}, {d}, {d})",
            )
        if not all(np.isfinite(it).all() for it in (self.shares, self.means, self.whitening)):
            raise InputError("a number of a mixture is not finite", mend="scale the features, or take fewer components")
        if not ((self.shares > 0) & (self.shares <= 1)).all() or np.triu(self.whitening, 1).any():
            raise InputError("shares of a mixture lie outside 0 to 1, or its whitening is not lower triangular")
        if not (self.whitening.diagonal(axis1=1, axis2=2) > 0).all():
            raise InputError("a component of a mixture is flat", mend="take fewer components")


def memberships(distances: Sequence[float]) -> list[float]:
    """The probability that a row comes from each component, by its distances; together 1.

    >>> [round(it, 3) for it in memberships([0.0, 2.0])]
    [0.881, 0.119]
    """
    return softmax([-distance * distance / 2 for distance in distances])
