"""Multilayer perceptrons: layers of weighted sums, each but the last cut off at 0.

Kept as a NumPy archive (.npz) without pickle. Sums run input by input in order, so that one row and a million rows give the
same bits, on any number of cores.

Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor.formats import arrays
from fullcycle.predictor.formats.linear import Linear, Link
from fullcycle.predictor.formats.width import check_matrix, check_row

Floats = NDArray[np.float64]

_BLOCK = 1 << 20  # numbers of a layer at once: 8 MiB
_LINKS: tuple[Link, ...] = ("identity", "sigmoid", "softmax")
_TYPES = {"widths": "<i4", **dict.fromkeys(("hidden", "weights", "intercept"), "<f8"), "link": "|u1"}


class Perceptron:
    """Hidden layers of rectified linear units, and a linear model of the last of them.

    Parameters
    ----------
    hidden : for each hidden layer its weights, (inputs, units), and biases, (units,). Finite.
    head : a linear model that has a feature for each unit of the last layer.

    Raises
    ------
    InputError : shapes do not fit each other, or a number is not finite.

    Notes
    -----
    A feature that is NaN makes the score NaN: the feature plan imputes.

    Examples
    --------
    >>> model = Perceptron([([[1.0, -1.0]], [0.0, 0.0])], Linear([1.0, 1.0], 0.0))
    >>> model.score([-3.0]), model.scores(np.array([[2.0]])).tolist()
    (3.0, [2.0])
    """

    name = "perceptron"

    def __init__(self, hidden: Sequence[tuple[ArrayLike, ArrayLike]], head: Linear) -> None:
        self.hidden = [(np.array(w, dtype=np.float64), np.array(b, dtype=np.float64)) for w, b in hidden]
        self.head = head
        widths = [*(len(weights) for weights, _ in self.hidden), head.features]
        shapes = [(weights.shape, biases.shape) for weights, biases in self.hidden]
        if not shapes or shapes != [((one, other), (other,)) for one, other in itertools.pairwise(widths)]:
            raise InputError("layers of a perceptron do not fit each other", found=shapes)
        if not all(np.isfinite(numbers).all() for layer in self.hidden for numbers in layer):
            raise InputError("a weight is not finite", mend="lower the learning rate")
        self.features, self.outputs, self._widest = widths[0], head.outputs, max(widths)

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes) for softmax. Raises InputError for another width."""
        check_matrix(matrix, self.features)
        rows = max(_BLOCK // self._widest, 1)
        parts = [self._scores(matrix[start : start + rows]) for start in range(0, max(len(matrix), 1), rows)]
        return np.concatenate(parts)

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row. Raises InputError for another number of features."""
        check_row(features, self.features)
        row = np.array(features, dtype=np.float64)
        with np.errstate(all="ignore"):
            for weights, biases in self.hidden:
                # accumulate adds in order, where a product of matrices would not
                sums = np.add.accumulate(np.vstack([biases, row[:, None] * weights]), axis=0)[-1]
                row = np.maximum(sums, 0.0)
        return self.head.score(row.tolist())

    def to_bytes(self) -> bytes:
        """A .npz archive with ``widths``, all ``hidden`` weights and biases, ``weights``, ``intercept`` and ``link``."""
        widths = [self.features, *(len(biases) for _, biases in self.hidden)]
        return arrays.pack(
            {
                "widths": np.array(widths, dtype=np.int32),
                "hidden": np.concatenate([numbers.ravel() for layer in self.hidden for numbers in layer]),
                "weights": self.head.weights,
                "intercept": self.head.intercept,
                "link": arrays.text(self.head.link),
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> Perceptron:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> model = Perceptron([([[1.0, -1.0]], [0.0, 0.0])], Linear([1.0, 1.0], 0.0))
        >>> Perceptron.from_bytes(model.to_bytes()).score([-3.0])
        3.0
        """
        found = arrays.unpack(body, _TYPES, place="perceptron")
        link = next((link for link in _LINKS if link.encode() == found["link"].tobytes()), None)
        if link is None or found["widths"].ndim != 1 or (found["widths"] < 0).any() or found["hidden"].ndim != 1:
            raise Corrupt("a perceptron has no known link or layers", expected=", ".join(_LINKS))
        try:
            hidden = _layers(found["widths"].tolist(), found["hidden"])
            return cls(hidden, Linear(found["weights"], found["intercept"], link))
        except InputError as error:
            raise Corrupt(error.problem, place="perceptron", found=error.found, expected=error.expected) from None

    def _scores(self, matrix: Floats) -> Floats:
        rows = matrix
        with np.errstate(all="ignore"):
            for weights, biases in self.hidden:
                sums = np.tile(biases, (len(rows), 1))
                for place, unit in enumerate(weights):
                    sums += rows[:, place, None] * unit
                rows = np.maximum(sums, 0.0)
        return self.head.scores(rows)


def _layers(widths: list[int], numbers: Floats) -> list[tuple[ArrayLike, ArrayLike]]:
    layers: list[tuple[ArrayLike, ArrayLike]] = []
    for inputs, units in itertools.pairwise(widths):
        size = inputs * units
        if len(numbers) < size + units:
            raise InputError("a perceptron lacks weights", found=len(numbers), expected=f"{size + units} or more")
        layers.append((numbers[:size].reshape(inputs, units), numbers[size : size + units]))
        numbers = numbers[size + units :]
    if len(numbers):
        raise InputError("a perceptron has more weights than layers", found=len(numbers))
    return layers
