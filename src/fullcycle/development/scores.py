"""Scores of the test rows as they are kept."""

from __future__ import annotations

import io

import numpy as np

from fullcycle.development.table import Floats


def written(scores: Floats) -> bytes:
    """Scores in NumPy's format, which holds no objects.

    >>> written(np.zeros(2))[1:6]
    b'NUMPY'
    """
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(scores), allow_pickle=False)
    return out.getvalue()
