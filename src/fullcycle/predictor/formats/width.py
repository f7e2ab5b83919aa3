"""The width of what a model is asked about: one check for every format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.errors import InputError


def check_matrix(matrix: NDArray[np.float64], features: int) -> None:
    """Raise InputError unless *matrix* is (n, features).

    >>> check_matrix(np.zeros((2, 3)), 3)
    """
    if matrix.ndim != 2 or matrix.shape[1] != features:
        raise InputError("a matrix has another width than the model", found=matrix.shape, expected=f"(n, {features})")


def check_row(row: Sequence[float], features: int) -> None:
    """Raise InputError unless *row* has so many features.

    >>> check_row([1.0, 2.0], 2)
    """
    if len(row) != features:
        raise InputError("a row has another width than the model", found=len(row), expected=str(features))
