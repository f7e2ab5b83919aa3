"""LightGBM models: gradient-boosted trees, from LightGBM's own text.

Ke et al. (2017), LightGBM: A Highly Efficient Gradient Boosting Decision Tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import Corrupt
from fullcycle.predictor.formats.lightgbm_booster import Booster
from fullcycle.predictor.formats.lightgbm_text import canonical, canonical_text, check

__all__ = ["LightGBM", "canonical_text"]

Floats = NDArray[np.float64]


class LightGBM:
    """A LightGBM model that predicts. It may be shared by threads, which then answer one row after the other.

    Parameters
    ----------
    text : a model text as :func:`canonical_text` makes it.

    Raises
    ------
    Corrupt : the text is not a canonical model text.
    OutsideError : LightGBM is not installed.

    Examples
    --------
    >>> import lightgbm
    >>> rows, target = np.arange(80.0).reshape(40, 2), np.arange(40) >= 20
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(rows, target), 5)
    >>> model = LightGBM(canonical_text(booster))
    >>> bool(model.score([78.0, 79.0]) == model.scores(rows)[-1] == booster.predict(rows)[-1])
    True
    """

    name = "lightgbm"

    def __init__(self, text: str) -> None:
        shape = check(text)
        if canonical(text) != text:
            raise Corrupt("a LightGBM text is not in its canonical form", mend="make it with canonical_text")
        self.text, self.objective = text, shape.objective
        self.features, self.outputs = shape.features, shape.outputs
        self._booster = Booster(text, shape.features, shape.outputs)

    def scores(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """Scores of (n, features) rows: (n,), or (n, classes). NaN is a missing value.

        *threads* changes the time it takes and nothing else. Raises InputError for another width or after :meth:`close`.
        """
        scores = self._booster.scores(matrix, threads=threads)
        return scores if self.outputs > 1 else scores[:, 0]

    def score(self, features: Sequence[float]) -> float | list[float]:
        """The score of one row: a number, or one per class. Raises InputError for another width or after :meth:`close`."""
        found = self._booster.score(features)
        return found[0] if self.outputs == 1 else found

    def contributions(self, matrix: Floats) -> Floats:
        """SHAP values of (n, features) rows before the objective's link, (n, outputs, features + 1), the expected value last.

        Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees. Raises InputError
        for another width or after :meth:`close`.
        """
        return self._booster.contributions(matrix)

    def to_bytes(self) -> bytes:
        """The canonical text."""
        return self.text.encode("ascii")

    @classmethod
    def from_bytes(cls, body: bytes) -> LightGBM:
        """The model that :meth:`to_bytes` wrote. Raises Corrupt for anything else."""
        try:
            return cls(body.decode("ascii"))
        except UnicodeDecodeError:
            raise Corrupt("not a LightGBM model text", expected="ASCII") from None

    def close(self) -> None:
        """Give the library's memory back; done by itself when the model is no longer used."""
        self._booster.close()
