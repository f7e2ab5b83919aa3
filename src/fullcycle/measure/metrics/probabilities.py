"""How far probabilities are from what came true."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fullcycle.measure.metrics.arguments import Floats, mean, multiclass, probability

# probabilities are kept this far from 0 and 1, so that one sure mistake costs 34.5 nats and not infinity
EPSILON = 1e-15


def log_loss(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean negative log-likelihood, in nats; probabilities are clipped to [1e-15, 1 − 1e-15].

    >>> round(log_loss([1, 0], [0.8, 0.4]), 6)
    0.366985
    """
    return mean(log_losses(target, score), weight)


def log_losses(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's negative log-likelihood, (n,).

    >>> log_losses([1, 0], [0.5, 0.5]).round(4)
    array([0.6931, 0.6931])
    """
    if np.ndim(score) == 2:
        codes, probabilities = multiclass(target, score)
        chosen = probabilities[np.arange(len(codes)), codes]
    else:
        positive, chance = probability(target, score)
        # 1 - p before the clip: clipping first would lose what p near 1 says about class 0
        chosen = np.where(positive, chance, 1 - chance)
    losses: Floats = -np.log(np.clip(chosen, EPSILON, 1 - EPSILON))
    return losses


def expected_log_losses(score: ArrayLike) -> Floats:
    """The log loss that each row would have on average if its probabilities were true: their entropy, (n,), in nats.

    >>> expected_log_losses([0.5, 1.0]).round(4)
    array([0.6931, 0.    ])
    """
    found = np.asarray(score, dtype=np.float64)
    shares = found if found.ndim == 2 else np.column_stack((found, 1 - found))
    entropy = np.zeros(len(shares))
    for code in range(shares.shape[1]):
        entropy -= shares[:, code] * np.log(np.clip(shares[:, code], EPSILON, 1 - EPSILON))
    return np.abs(entropy)


def brier(target: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The mean squared distance of probabilities from what came true; over all classes for multiclass (Brier 1950).

    >>> brier([1, 0], [0.5, 0.0])
    0.125
    """
    return mean(brier_losses(target, score), weight)


def brier_losses(target: ArrayLike, score: ArrayLike) -> Floats:
    """Each row's squared distance, (n,).

    >>> brier_losses([1, 0], [0.5, 0.0])
    array([0.25, 0.  ])
    """
    if np.ndim(score) == 2:
        codes, probabilities = multiclass(target, score)
        losses = np.zeros(len(codes))
        for code in range(probabilities.shape[1]):
            losses += (probabilities[:, code] - (codes == code)) ** 2
        return losses
    positive, chance = probability(target, score)
    squares: Floats = (chance - positive) ** 2
    return squares
