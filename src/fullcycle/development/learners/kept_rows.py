"""Whether a fitted estimator holds rows that it was fitted on: nearest neighbours, support vectors, Gaussian processes do."""

from __future__ import annotations

from typing import Any

import numpy as np

_ROWS = ("_fit_X", "_raw_X", "X_fit_", "X_train_", "X_", "support_vectors_")
"""Under which names scikit-learn's estimators hold rows."""
_DEEPEST = 8  # estimators within estimators


def kept_rows(estimator: Any, *, depth: int = 0) -> str:
    """The first part of the estimator, or of one within it, that holds training rows; empty where none does.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklearn.pipeline import make_pipeline
    >>> rows = np.arange(8.0).reshape(8, 1)
    >>> kept_rows(make_pipeline(KNeighborsRegressor()).fit(rows, rows[:, 0])), kept_rows(Ridge().fit(rows, rows[:, 0]))
    ('KNeighborsRegressor._fit_X', '')
    """
    if depth > _DEEPEST or not hasattr(estimator, "__dict__"):
        return ""
    held = vars(estimator)
    for name in _ROWS:
        if held.get(name) is not None:
            return f"{type(estimator).__name__}.{name}"
    if "component_indices_" in held:  # Nyström's landmarks
        return f"{type(estimator).__name__}.components_"
    for value in held.values():
        for inner in _within(value):
            if found := kept_rows(inner, depth=depth + 1):
                return found
    return ""


def _within(value: Any) -> list[Any]:
    """The estimators that an attribute holds."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist() if value.dtype == object else []
    if isinstance(value, tuple | list):
        return [inner for one in value for inner in _within(one)]
    return [value] if hasattr(value, "get_params") or hasattr(value, "predict_proba") else []
