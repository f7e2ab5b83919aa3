"""Model formats: fitted models as plain data, loaded without running anybody's code.

A format turns a matrix of features into scores. Its bytes are canonical (the same model is the same bytes) and are no pickle. Third
parties add theirs with ``FORMATS.register("name")`` on a function from bytes to model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.registry import Registry

Floats = NDArray[np.float64]


@runtime_checkable
class ModelFormat(Protocol):
    """A fitted model that answers.

    Attributes
    ----------
    name : the format, as registered.
    features : how many features a row has.
    outputs : 1 for a probability of true or a number, otherwise the number of classes, or of clusters.
    """

    @property
    def name(self) -> str: ...
    @property
    def features(self) -> int: ...
    @property
    def outputs(self) -> int: ...

    def scores(self, matrix: Floats) -> Floats:
        """Scores of (n, features) rows: (n,) probabilities of true or numbers, (n, classes) probabilities, or
        (n, clusters) distances, of which the least is of the row's own cluster."""
        ...

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row, equal to the bit to :meth:`scores` on it."""
        ...

    def to_bytes(self) -> bytes:
        """The model as it is kept: the same model is the same bytes."""
        ...


Loader = Callable[[bytes], ModelFormat]
FORMATS: Registry[Loader] = Registry("model format")


_OURS = {
    "linear": "Linear",
    "lightgbm": "LightGBM",
    "trees": "Trees",
    "kernel": "Kernel",
    "onnx": "Onnx",
    "perceptron": "Perceptron",
    "centroids": "Centroids",
    "mixture": "Mixture",
    "blend": "Blend",
    "calibrated": "Calibrated",
}
"""Our own formats: the module of this folder, and the class in it, which is imported when a model of it is loaded."""


def _load(name: str, body: bytes) -> ModelFormat:
    found: ModelFormat = getattr(import_module(f"{__name__}.{name}"), _OURS[name]).from_bytes(body)
    return found


for _name in _OURS:
    FORMATS.add(_name, partial(_load, _name))


def load(name: str, body: bytes) -> ModelFormat:
    """The model kept as *body* in the format *name*.

    Raises UnknownKey for a format that nobody registered, Corrupt for bytes that are no such model.

    >>> from fullcycle.predictor.formats.linear import Linear
    >>> load("linear", Linear([1.0], 0.5).to_bytes()).score([2.0])
    2.5
    """
    return FORMATS[name](body)
