"""The loss of each row by which models are held against each other, and what a model itself expects of it."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.measure.intervals import block_codes, means_without
from fullcycle.measure.metrics import expected_log_losses, log_loss, log_losses, rmse, squared_errors


def row_losses(task: str, target: Floats, scores: Floats) -> Floats:
    """Log loss in nats, or the squared error of a regression; (n,).

    >>> row_losses("regression", np.array([1.0]), np.array([3.0])).tolist()
    [4.0]
    """
    return squared_errors(target, scores) if task == "regression" else log_losses(target, scores)


def mean_loss(task: str, target: Floats, scores: Floats) -> float:
    """Log loss in nats, or the RMSE of a regression.

    >>> mean_loss("regression", np.array([1.0, 1.0]), np.array([3.0, 3.0]))
    2.0
    """
    return rmse(target, scores) if task == "regression" else log_loss(target, scores)


def standard_error(task: str, losses: Floats, blocks: NDArray[np.int64]) -> float | None:
    """The standard error of the loss whose rows these are, by a jackknife over blocks; None with fewer than two.

    *losses* are (n,) as :func:`row_losses` gives them. Of a regression it is that of the root of their mean, by the
    delta method.

    >>> standard_error("binary", np.array([0.25, 0.75]), np.array([0, 1]))
    0.25
    """
    labels, k = block_codes(blocks)
    left = means_without(losses, labels, k)
    if not len(left):
        return None
    middle = math.fsum(left.tolist()) / k
    error = math.sqrt((k - 1) / k * math.fsum(((left - middle) ** 2).tolist()))
    if task != "regression":
        return error
    mean = math.fsum(losses.tolist()) / len(losses)
    return error / (2 * math.sqrt(mean)) if mean else 0.0


def surprise(task: str, target: Floats, scores: Floats) -> Floats:
    """The loss beyond what the scores themselves expect, (n,): of mean 0 wherever they mean what they say.

    So hard rows count as bad only where the model did not know that they are hard. A regression's scores expect nothing:
    its surprise is its loss.

    >>> surprise("binary", np.array([1.0, 0.0]), np.array([0.5, 0.9])).round(3).tolist()
    [0.0, 1.978]
    """
    losses = row_losses(task, target, scores)
    return losses if task == "regression" else losses - expected_log_losses(scores)


def certainty(scores: Floats) -> Floats:
    """The probability of the likeliest class, (n,).

    >>> certainty(np.array([0.2, 0.6])).tolist()
    [0.8, 0.6]
    """
    sure: Floats = scores.max(axis=1) if scores.ndim == 2 else np.maximum(scores, 1 - scores)
    return sure


def sample(n: int, most: int) -> pl.Series:
    """Positions of at most *most* of n rows, evenly spaced over them and always the same.

    >>> sample(10, 4).to_list()
    [0, 2, 5, 7]
    """
    if n <= most:
        return pl.Series(np.arange(n))
    return pl.Series(np.arange(most) * n // most)
