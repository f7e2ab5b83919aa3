"""Calibrated models: another model's probabilities, mapped so that they mean what they say.

``temperature`` divides the logarithms of all probabilities by one number (Guo et al. 2017, *On calibration of modern
neural networks*). ``sigmoid`` puts a straight line through the log-odds of a binary score (Platt 1999). ``isotonic`` is
a rising line through knots (Zadrozny and Elkan 2002).

Kept as an archive of ``calibrated.json`` and the model in its own format. The map is one function of one score, so one
row and a million rows give the same bits.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import msgspec
import numpy as np
import rfc8785
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt, InputError, UnknownKey
from fullcycle.predictor import archive
from fullcycle.predictor.formats import FORMATS, ModelFormat, load
from fullcycle.predictor.formats.linear import sigmoid, softmax

Floats = NDArray[np.float64]
Method: TypeAlias = Literal["temperature", "sigmoid", "isotonic"]

LEAST = 1e-15  # probability that is told apart from 0
_FILES = {"calibrated.json": 1 << 26, "model": 1 << 30}


class Map(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How probabilities are mapped.

    Attributes
    ----------
    method : see the module.
    numbers : ``temperature``: (1,) above 0; ``sigmoid``: slope above 0, and intercept; ``isotonic``: k scores, rising,
        then the k probabilities that they get, never falling.

    Examples
    --------
    >>> Map(method="temperature", numbers=(2.0,)).one(0.8)
    0.6666666666666666
    >>> Map(method="isotonic", numbers=(0.0, 1.0, 0.25, 0.75)).one(0.5)
    0.5
    """

    method: Method
    numbers: tuple[float, ...]

    def check(self) -> None:
        """Raise InputError where the numbers are no map of this method."""
        numbers = self.numbers
        if self.method not in get_args(Method) or not all(map(math.isfinite, numbers)):
            raise InputError("unknown way to calibrate", found=self.method, expected=", ".join(get_args(Method)))
        if self.method == "isotonic":
            knots, levels = self._knots()
            good = len(knots) == len(levels) >= 1 and list(levels) == sorted(levels)
            good = good and list(knots) == sorted(set(knots)) and all(0 <= it <= 1 for it in levels)
        else:
            good = len(numbers) == (1 if self.method == "temperature" else 2) and numbers[0] > 0
        if not good:
            raise InputError(f"the numbers of {self.method} do not fit", found=len(numbers))

    def scores(self, scores: Floats) -> Floats:
        """Probabilities of n rows mapped, (n,) or (n, classes)."""
        if scores.ndim == 2:
            return np.array([self.many(row) for row in scores.tolist()]).reshape(scores.shape)
        return np.array([self.one(number) for number in scores.tolist()], dtype=np.float64)

    def one(self, score: float) -> float:
        """A probability of true, mapped; NaN stays NaN."""
        if math.isnan(score):
            return score
        if self.method == "isotonic":
            return _between(*self._knots(), score)
        bounded = min(max(score, LEAST), 1 - LEAST)
        odds = math.log(bounded / (1 - bounded))
        if self.method == "temperature":
            return sigmoid(odds / self.numbers[0])
        return sigmoid(self.numbers[0] * odds + self.numbers[1])

    def many(self, scores: Sequence[float]) -> list[float]:
        """Probabilities of classes, mapped by ``temperature``; NaN stays NaN."""
        if any(map(math.isnan, scores)):
            return list(scores)
        return softmax([math.log(max(score, LEAST)) / self.numbers[0] for score in scores])

    def _knots(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        middle = len(self.numbers) // 2
        return self.numbers[:middle], self.numbers[middle:]


class Calibrated:
    """A model of probabilities with a map behind it.

    Raises
    ------
    InputError : the map is none, or not for so many classes.

    Examples
    --------
    >>> from fullcycle.predictor.formats.linear import Linear
    >>> model = Calibrated(Linear([1.0], 0.0, "sigmoid"), Map(method="sigmoid", numbers=(1.0, 0.0)))
    >>> round(model.score([2.0]), 12) == round(Linear([1.0], 0.0, "sigmoid").score([2.0]), 12)
    True
    """

    name = "calibrated"

    def __init__(self, model: ModelFormat, map: Map) -> None:
        map.check()
        if model.outputs > 1 and map.method != "temperature":
            raise InputError("several classes are calibrated by temperature", found=map.method)
        self.model, self.map = model, map

    @property
    def features(self) -> int:
        """How many features a row has."""
        return self.model.features

    @property
    def outputs(self) -> int:
        """1, or the number of classes."""
        return self.model.outputs

    def scores(self, matrix: Floats) -> Floats:
        """Probabilities of (n, features) rows: (n,), or (n, classes). Raises InputError for another width."""
        return self.map.scores(self.model.scores(matrix))

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The probability of one row, or one per class. Raises InputError for another number of features."""
        found = self.model.score(features)
        return self.map.many(found) if isinstance(found, list) else self.map.one(found)

    def to_bytes(self) -> bytes:
        """An archive of ``calibrated.json`` and ``model``."""
        told = _Told(format=self.model.name, map=self.map)
        return archive.pack(
            {"calibrated.json": rfc8785.dumps(msgspec.to_builtins(told)), "model": self.model.to_bytes()}
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> Calibrated:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else.

        >>> from fullcycle.predictor.formats.linear import Linear
        >>> made = Calibrated(Linear([1.0], 0.0, "sigmoid"), Map(method="temperature", numbers=(2.0,)))
        >>> Calibrated.from_bytes(made.to_bytes()).map.numbers
        (2.0,)
        """
        files = archive.unpack(body, _FILES, place="calibrated model")
        if set(files) != set(_FILES):
            raise Corrupt("a calibrated model lacks a file", place="calibrated model", found=sorted(files))
        try:
            told = msgspec.json.decode(files["calibrated.json"], type=_Told)
            if told.format == cls.name:  # an archive within an archive within …
                raise InputError("a calibrated model holds another")
            if told.format not in FORMATS:
                raise UnknownKey(told.format, FORMATS, what="model format")
            model = cls(load(told.format, files["model"]), told.map)
        except msgspec.MsgspecError as error:
            raise Corrupt("a calibrated model does not say what it is", found=str(error)) from None
        except InputError as error:
            raise Corrupt(error.problem, place="calibrated model", found=error.found, expected=error.expected) from None
        if model.to_bytes() != body:
            raise Corrupt("a calibrated model is not in its canonical form")
        return model


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    map: Map


def _between(knots: Sequence[float], levels: Sequence[float], score: float) -> float:
    """The level of a score: that of the ends beyond them, a straight line between two knots."""
    place = bisect.bisect_right(knots, score)
    if place == 0:
        return levels[0]
    if place == len(knots):
        return levels[-1]
    low, high = knots[place - 1], knots[place]
    return levels[place - 1] + (levels[place] - levels[place - 1]) * ((score - low) / (high - low))
