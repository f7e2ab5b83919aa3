"""Features as their principal components."""

from __future__ import annotations

import numpy as np

from fullcycle.development.features.draft import Draft, Floats
from fullcycle.development.features.imputation import finite
from fullcycle.development.features.scaling import moments
from fullcycle.predictor.plan import Clip, Impute, Projection, Standardise

EXACT = 500  # features up to which the decomposition is exact; beyond, by random projections with a fixed seed


def project(draft: Draft, most: int) -> None:
    """Replace the features by their *most* first principal components.

    Each is standardised first, its mean standing for what is missing. Source: Pearson 1901; beyond ``EXACT`` features
    Halko, Martinsson and Tropp 2011.
    """
    slots = [slot for name in draft.features if (slot := _standardised(draft, name)) is not None]
    draft.features = slots
    weights = components(draft.matrix(), most)
    draft.features = []
    for number, column in enumerate(weights.T, 1):
        draft.use(draft.add(Projection, f"component {number}", inputs=tuple(slots), weights=tuple(column.tolist())))


def _standardised(draft: Draft, name: str) -> str | None:
    seen = finite(draft.numbers(name))
    mean, scale = moments(seen) if len(seen) else (0.0, 0.0)
    draft.release()
    if not scale:
        return None
    filled = draft.add(Impute, f"{name} or mean", input=name, value=mean)
    low, high = float(seen.min()), float(seen.max())  # an endless number would be the only one in every component
    bounded = draft.add(Clip, f"{name} bounded", input=filled, low=low, high=high)
    return draft.add(Standardise, f"{name} standardised", input=bounded, mean=mean, scale=scale)


def components(matrix: Floats, most: int) -> Floats:
    """The directions in which rows (n, features) of mean zero differ most, of length one; (features, most).

    The largest weight of each is above zero, so that a direction is not its own mirror image from run to run.

    >>> components(np.array([[1.0, 1.0], [-1.0, -1.0], [0.1, -0.1]]), 1).round(2).tolist()
    [[0.71], [0.71]]
    """
    from threadpoolctl import threadpool_limits

    most = min(most, *matrix.shape)
    with threadpool_limits(limits=1):
        found = _exact(matrix, most) if matrix.shape[1] <= EXACT else _random(matrix, most)
    largest = np.argmax(np.abs(found), axis=0)
    signs = np.where(found[largest, np.arange(most)] < 0, -1.0, 1.0)
    return found * signs


def _exact(matrix: Floats, most: int) -> Floats:
    directions: Floats = np.linalg.eigh(matrix.T @ matrix)[1]
    return directions[:, ::-1][:, :most]


def _random(matrix: Floats, most: int) -> Floats:
    from sklearn.utils.extmath import randomized_svd

    found: Floats = randomized_svd(matrix, most, random_state=0)[2]
    return found.T
