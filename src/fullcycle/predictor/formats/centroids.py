"""Centroids: clusters by their middles; a row belongs to the one that is nearest.

Kept as a NumPy archive (.npz) without pickle. Squares are added feature by feature in order, so that one row and a
million rows give the same bits.

Lloyd (1982), Least Squares Quantization in PCM.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]


class Centroids:
    """The Euclidean distance of a row to the middle of each cluster.

    Parameters
    ----------
    centroids : (clusters, features), one or more. Finite.

    Raises
    ------
    InputError : there is none, or a number is not finite.

    Notes
    -----
    A feature that is NaN makes every distance NaN: the feature plan imputes.

    Examples
    --------
    >>> model = Centroids([[0.0, 0.0], [3.0, 4.0]])
    >>> model.score([0.0, 0.0]), model.scores(np.array([[3.0, 3.0]])).tolist()
    ([0.0, 5.0], [[4.242640687119285, 1.0]])
    """

    name = "centroids"

    def __init__(self, centroids: ArrayLike) -> None:
        self.centroids = np.array(centroids, dtype=np.float64)
        if self.centroids.ndim != 2 or not len(self.centroids) or not np.isfinite(self.centroids).all():
            raise InputError(
                "centroids are no table of finite numbers", found=self.centroids.shape, expected="(clusters, features)"
            )
        self.outputs, self.features = self.centroids.shape
        self._rows: list[list[float]] = self.centroids.tolist()

    def scores(self, matrix: Floats) -> Floats:
        """The distances of (n, features) rows, (n, clusters). Raises InputError for another width."""
        check_matrix(matrix, self.features)
        found = np.empty((len(matrix), self.outputs))
        with np.errstate(all="ignore"):
            for cluster, centroid in enumerate(self._rows):
                squares = np.zeros(len(matrix))
                for feature, middle in enumerate(centroid):
                    away = matrix[:, feature] - middle
                    squares += away * away
                found[:, cluster] = np.sqrt(squares)
        return found

    def score(self, features: Sequence[float]) -> list[float]:
        """The distances of one row, one per cluster. Raises InputError for another number of features."""
        check_row(features, self.features)
        found = []
        for centroid in self._rows:
            squares = 0.0
            for number, middle in zip(features, centroid, strict=True):
                away = number - middle
                squares += away * away
            found.append(math.sqrt(squares))
        return found

    def to_bytes(self) -> bytes:
        """A .npz archive with ``centroids``."""
        return arrays.pack({"centroids": self.centroids})

    @classmethod
    def from_bytes(cls, body: bytes) -> Centroids:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> Centroids.from_bytes(Centroids([[1.0]]).to_bytes()).score([3.0])
        [2.0]
        """
        found = arrays.unpack(body, {"centroids": "<f8"}, place="centroids")
        try:
            return cls(found["centroids"])
        except InputError as error:
            raise Corrupt(error.problem, place="centroids", found=error.found, expected=error.expected) from None
