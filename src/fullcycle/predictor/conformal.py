"""Split conformal prediction: how far off a score may be, from rows that the model was not fitted on.

What is promised depends on what is alike. Where rows come in blocks (days), a row of a *new block* is covered with the
declared confidence if blocks are exchangeable (Lee, Barber and Willett 2025, *Distribution-free inference with
hierarchical data*); with too few blocks for that, a new *row* is, if rows are exchangeable (Vovk, Gammerman and Shafer
2005; Lei et al. 2018). Neither holds once the world drifts: coverage of served rows has to be watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class Conformal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calibrated quantile.

    Attributes
    ----------
    quantile : of the nonconformity: the absolute error of a regression, one less the probability of what came true
        otherwise.
    confidence : the share of rows that is to be covered.
    exchangeable : of which the promise holds, ``blocks`` or ``rows``.
    n, blocks : on how many it was calibrated.

    Examples
    --------
    >>> Conformal(quantile=2.5, confidence=0.9, exchangeable="rows", n=100, blocks=5).interval(10.0)
    (7.5, 12.5)
    """

    quantile: float
    confidence: float
    exchangeable: Literal["blocks", "rows"]
    n: int
    blocks: int

    def interval(self, score: float) -> tuple[float, float]:
        """The prediction interval of a regression's score, in the target's unit."""
        return score - self.quantile, score + self.quantile

    def members(self, probabilities: list[float]) -> list[int]:
        """The codes of the classes that may come true; the likeliest one always is among them.

        >>> Conformal(quantile=0.7, confidence=0.9, exchangeable="rows", n=100, blocks=5).members([0.1, 0.3, 0.6])
        [1, 2]
        """
        likeliest = probabilities.index(max(probabilities))
        return [code for code, share in enumerate(probabilities) if code == likeliest or 1 - share <= self.quantile]

    def labels(self, score: float | list[float], classes: Sequence[str] = ("false", "true")) -> list[str]:
        """The outcomes that may come true, of the probability of true or of one per class; the likeliest always may.

        Parameters
        ----------
        classes : their names, in the order of a score; of a binary task *false* and *true*.

        Examples
        --------
        >>> found = Conformal(quantile=0.7, confidence=0.9, exchangeable="rows", n=100, blocks=5)
        >>> found.labels(0.6), found.labels(0.2), found.labels([0.1, 0.3, 0.6], ("a", "b", "c"))
        (['false', 'true'], ['false'], ['b', 'c'])
        """
        if isinstance(score, list):
            return [classes[code] for code in self.members(score)]
        inside = (score <= self.quantile or score <= 0.5, 1 - score <= self.quantile or score > 0.5)
        return [name for name, member in zip(classes, inside, strict=True) if member]
