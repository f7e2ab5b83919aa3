"""Linear models: a weighted sum, and a link that turns it into a score.

Kept as a NumPy archive (.npz) that NumPy itself can open, without pickle. Sums run feature by feature in order, and the link is one
function of one row, so that one row and a million rows give the same bits, on any number of cores.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import Corrupt, InputError
from fullcycle.predictor import archive
from fullcycle.predictor.formats.width import check_matrix, check_row

Link = Literal["identity", "sigmoid", "softmax"]
Floats = NDArray[np.float64]

_LINKS: tuple[str, ...] = get_args(Link)
_LARGEST = 1 << 30  # bytes of one array: a hundred million weights are no linear model of a table
_SIZES = {"intercept.npy": _LARGEST, "link.npy": 4096, "weights.npy": _LARGEST}


class Linear:
    """A linear, logistic or softmax regression.

    Parameters
    ----------
    weights : (features,), or (classes, features) for softmax. Finite.
    intercept : one number, or (classes,) for softmax. Finite.
    link : ``identity`` for a number, ``sigmoid`` for the probability of true, ``softmax`` for one per class.

    Raises
    ------
    InputError : shapes do not fit each other, or a number is not finite.

    Notes
    -----
    A feature that is NaN makes the score NaN: the feature plan imputes. Hastie, Tibshirani and Friedman (2009), chapters 3 and 4.

    Examples
    --------
    >>> model = Linear([1.0, -2.0], 0.5, "sigmoid")
    >>> model.score([1.0, 0.75])
    0.5
    >>> model.scores(np.array([[1.0, 0.75], [100.0, 0.0]])).tolist()
    [0.5, 1.0]
    """

    name = "linear"

    def __init__(self, weights: ArrayLike, intercept: ArrayLike, link: Link = "identity") -> None:
        self.weights = np.array(weights, dtype=np.float64)
        self.intercept = np.array(intercept, dtype=np.float64)
        self.link = link
        if link not in _LINKS:
            raise InputError("unknown link", found=link, expected=", ".join(_LINKS))
        dimensions = 2 if link == "softmax" else 1
        if self.weights.ndim != dimensions or self.weights.shape[:-1] != self.intercept.shape:
            raise InputError(
                "weights and intercept of a linear model do not fit",
                found=(self.weights.shape, self.intercept.shape),
                expected="(classes, features) and (classes,)" if link == "softmax" else "(features,) and one number",
            )
        if not (np.isfinite(self.weights).all() and np.isfinite(self.intercept).all()):
            raise InputError("a weight is not finite", mend="scale the features or regularise more")
        if link == "softmax" and len(self.intercept) < 2:
            raise InputError("softmax needs two classes or more", found=len(self.intercept))
        rows: list[list[float]] = np.atleast_2d(self.weights).tolist()
        totals: list[float] = np.atleast_1d(self.intercept).tolist()
        self._rows = list(zip(rows, totals, strict=True))

    @property
    def features(self) -> int:
        """How many features a row has."""
        return int(self.weights.shape[-1])

    @property
    def outputs(self) -> int:
        """1, or the number of classes."""
        return len(self._rows)

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes) for softmax. Raises InputError for another width."""
        check_matrix(matrix, self.features)
        with np.errstate(all="ignore"):  # inf - inf is NaN on one row too, where Python does not warn
            sums = [_sums(matrix, weights, intercept) for weights, intercept in self._rows]
        if self.link == "identity":
            return sums[0]
        if self.link == "sigmoid":
            return np.array([sigmoid(number) for number in sums[0].tolist()], dtype=np.float64)
        rows = np.stack(sums, axis=1).tolist()
        return np.array([softmax(row) for row in rows], dtype=np.float64).reshape(len(rows), self.outputs)

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row. Raises InputError for another number of features."""
        check_row(features, self.features)
        sums = []
        for weights, total in self._rows:
            for number, weight in zip(features, weights, strict=True):
                total += number * weight
            sums.append(total)
        if self.link == "identity":
            return sums[0]
        return sigmoid(sums[0]) if self.link == "sigmoid" else softmax(sums)

    def to_bytes(self) -> bytes:
        """A .npz archive with ``weights``, ``intercept`` and ``link``."""
        arrays = {"weights": self.weights, "intercept": self.intercept, "link": np.array(self.link)}
        return archive.pack({f"{name}.npy": _written(array) for name, array in arrays.items()})

    @classmethod
    def from_bytes(cls, body: bytes) -> Linear:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> Linear.from_bytes(Linear([2.0], 1.0).to_bytes()).score([3.0])
        7.0
        """
        files = archive.unpack(body, _SIZES, place="linear model")
        if set(files) != set(_SIZES):
            raise Corrupt("a linear model lacks an array", found=sorted(files), expected=", ".join(_SIZES))
        weights, intercept = (_array(files, name, np.dtype("<f8")) for name in ("weights", "intercept"))
        link = next((link for link in _LINKS if _written(np.array(link)) == files["link.npy"]), None)
        if link is None:
            raise Corrupt("a linear model has no known link", expected=", ".join(_LINKS))
        try:
            model = cls(weights, intercept, link)  # type: ignore[arg-type]
        except InputError as error:
            raise Corrupt(error.problem, place="linear model", found=error.found, expected=error.expected) from None
        if model.to_bytes() != body:
            raise Corrupt("a linear model is not in its canonical form")
        return model


def sigmoid(number: float) -> float:
    """1 / (1 + exp(-number)), without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    if number >= 0:
        return 1.0 / (1.0 + math.exp(-number))
    grown = math.exp(number)
    return grown / (1.0 + grown)


def softmax(numbers: list[float]) -> list[float]:
    """exp(numbers) as shares of their sum, without overflow.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    most = max(numbers)
    grown = [math.exp(number - most) for number in numbers]
    total = 0.0
    for number in grown:
        total += number
    return [number / total for number in grown]


def _sums(matrix: Floats, weights: list[float], intercept: float) -> Floats:
    total = np.full(len(matrix), intercept)
    for position, weight in enumerate(weights):  # not a dot product: BLAS adds in another order for other shapes
        total += matrix[:, position] * weight
    return total


def _written(array: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    npy.write_array(out, np.ascontiguousarray(array).reshape(array.shape), version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _array(files: dict[str, bytes], name: str, dtype: np.dtype[np.float64]) -> Floats:
    """One array, its size checked before any memory is taken."""
    body = io.BytesIO(files[f"{name}.npy"])
    try:
        if npy.read_magic(body) != (1, 0):
            raise ValueError("another version of the .npy format")
        shape, fortran, found = npy.read_array_header_1_0(body)
    except ValueError as error:
        raise Corrupt(f"{name} is not a NumPy array", place="linear model", found=str(error)) from None
    rest = body.read()
    if found != dtype or fortran or math.prod(shape) * dtype.itemsize != len(rest):
        raise Corrupt(
            f"{name} is not an array of numbers", place="linear model", found=f"{found} {shape}", expected=str(dtype)
        )
    return np.frombuffer(rest, dtype).reshape(shape).astype(np.float64)
