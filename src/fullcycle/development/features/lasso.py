"""Features that a linear model with an absolute penalty keeps."""

from __future__ import annotations

import numpy as np

from fullcycle.development.features.draft import Floats
from fullcycle.development.features.imputation import LARGEST

_ALPHAS = 40
_FOLDS = 5
_ITERATIONS = 2000


def lasso_weights(matrix: Floats, target: Floats) -> Floats:
    """The absolute weight of each feature (n, features) by the LASSO, 0 where it is not needed; (features,).

    The penalty is the one with the least squared error on contiguous blocks held out in turn (Tibshirani 1996). Features
    are standardised; a missing value is the mean.

    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> (lasso_weights(x, 2 * x[:, 1]) > 0).tolist()
    [False, True, False]
    """
    from threadpoolctl import threadpool_limits

    X, y = _standard(matrix), target - target.mean()
    with threadpool_limits(limits=1):
        alphas = _alphas(X, y)
        blocks = np.array_split(np.arange(len(y)), _FOLDS)
        losses = np.mean([_losses(X, y, block, alphas) for block in blocks], axis=0)
        return np.abs(_path(X, y, alphas[: int(np.argmin(losses)) + 1])[:, -1])


def _standard(matrix: Floats) -> Floats:
    known, matrix = np.isfinite(matrix), np.clip(matrix, -LARGEST, LARGEST)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, matrix, 0.0).sum(axis=0) / counts
    centred = np.where(known, matrix - means, 0.0)
    scales = np.sqrt((centred**2).mean(axis=0))
    return np.asfortranarray(centred / np.where(scales > 0, scales, 1.0))


def _alphas(X: Floats, y: Floats) -> Floats:
    largest = float(np.abs(X.T @ y).max()) / len(y)
    return np.geomspace(max(largest, 1e-12), max(largest, 1e-12) * 1e-3, _ALPHAS)


def _losses(X: Floats, y: Floats, block: np.ndarray[tuple[int], np.dtype[np.int64]], alphas: Floats) -> Floats:
    others = np.ones(len(y), np.bool_)
    others[block] = False
    middle = y[others].mean()
    weights = _path(np.asfortranarray(X[others]), y[others] - middle, alphas)
    found: Floats = ((X[block] @ weights + middle - y[block][:, None]) ** 2).mean(axis=0)
    return found


def _path(X: Floats, y: Floats, alphas: Floats) -> Floats:
    """Weights at each penalty, (features, penalties)."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lasso_path

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # which weights are zero is known long before the last digit
        weights: Floats = lasso_path(X, y, alphas=alphas, max_iter=_ITERATIONS, tol=1e-3)[1]
    return weights
