"""Kernel models: a weighted sum of how near a row is to each of some landmarks, which are rows themselves.

Kept as a NumPy archive (.npz) without pickle. Distances and sums run in order, feature by feature and landmark by
landmark, so that one row and a million rows give the same bits.

Williams and Seeger (2001), Using the Nyström Method to Speed Up Kernel Machines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays
from fullcycle.predictor.formats.linear import Linear, Link
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]

_BLOCK = 1 << 21  # distances at once: 16 MiB
_LINKS: tuple[Link, ...] = ("identity", "sigmoid", "softmax")
_TYPES = {**dict.fromkeys(("landmarks", "width", "weights", "intercept"), "<f8"), "link": "|u1"}


class Kernel:
    """Radial basis functions exp(-width × squared distance) around landmarks, and a linear model of them.

    Parameters
    ----------
    landmarks : (landmarks, features) rows to be near to. Finite.
    width : how fast nearness falls with the squared distance; above 0.
    head : a linear model that has a feature for each landmark.

    Raises
    ------
    InputError : shapes do not fit each other, or a number is not finite.

    Notes
    -----
    A feature that is NaN makes the score NaN: the feature plan imputes.

    Examples
    --------
    >>> model = Kernel([[0.0], [2.0]], 1.0, Linear([1.0, -1.0], 0.0))
    >>> model.score([1.0]), model.scores(np.array([[1.0]])).tolist()
    (0.0, [0.0])
    """

    name = "kernel"

    def __init__(self, landmarks: ArrayLike, width: float, head: Linear) -> None:
        self.landmarks = np.array(landmarks, dtype=np.float64)
        self.width, self.head = float(width), head
        if self.landmarks.ndim != 2 or len(self.landmarks) != head.features or not self.landmarks.size:
            raise InputError(
                "landmarks of a kernel model do not fit its weights",
                found=self.landmarks.shape,
                expected=f"({head.features}, features)",
            )
        if not np.isfinite(self.landmarks).all() or not 0 < self.width < np.inf:
            raise InputError("a landmark or the width of a kernel is not finite", found=self.width)
        self.features, self.outputs = self.landmarks.shape[1], head.outputs
        self._columns = np.ascontiguousarray(self.landmarks.T)

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes) for softmax. Raises InputError for another width."""
        check_matrix(matrix, self.features)
        rows = max(_BLOCK // len(self.landmarks), 1)
        parts = [self._scores(matrix[start : start + rows]) for start in range(0, max(len(matrix), 1), rows)]
        return np.concatenate(parts)

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row. Raises InputError for another number of features."""
        check_row(features, self.features)
        row = np.array(features, dtype=np.float64)
        with np.errstate(all="ignore"):
            squares = (row[:, None] - self._columns) ** 2
            # accumulate adds in order, where a sum would not
            near = np.exp(np.add.accumulate(squares, axis=0)[-1] * -self.width)
        return self.head.score(near.tolist())

    def to_bytes(self) -> bytes:
        """A .npz archive with ``landmarks``, ``width``, ``weights``, ``intercept`` and ``link``."""
        return arrays.pack(
            {
                "landmarks": self.landmarks,
                "width": np.array(self.width),
                "weights": self.head.weights,
                "intercept": self.head.intercept,
                "link": arrays.text(self.head.link),
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> Kernel:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> Kernel.from_bytes(Kernel([[0.0]], 1.0, Linear([1.0], 0.5)).to_bytes()).score([0.0])
        1.5
        """
        found = arrays.unpack(body, _TYPES, place="kernel model")
        link = next((link for link in _LINKS if link.encode() == found["link"].tobytes()), None)
        if link is None or found["width"].ndim:
            raise Corrupt("a kernel model has no known link or width", expected=", ".join(_LINKS))
        try:
            return cls(found["landmarks"], float(found["width"]), Linear(found["weights"], found["intercept"], link))
        except InputError as error:
            raise Corrupt(error.problem, place="kernel model", found=error.found, expected=error.expected) from None

    def _scores(self, matrix: Floats) -> Floats:
        with np.errstate(all="ignore"):
            squares = np.zeros((len(matrix), len(self.landmarks)))
            for feature, column in enumerate(self._columns):
                squares += (matrix[:, feature, None] - column) ** 2
            return self.head.scores(np.exp(squares * -self.width))
