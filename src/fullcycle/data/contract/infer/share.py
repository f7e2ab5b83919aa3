"""How large a share of missing values may become."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SURE = 1e-6  # chance that the true share is larger than the bound of Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404)


def missing_at_most(missing: Sequence[int], rows: Sequence[int]) -> float:
    """The largest share of missing values that is no news, rounded up to two digits.

    The upper bound of the share by Clopper and Pearson, five standard errors of a fresh table of the size seen above it, and no
    less than twice the worst of the blocks.

    Parameters
    ----------
    missing, rows : missing values and rows of consecutive blocks of time.

    >>> missing_at_most([0, 0], [5000, 5000])
    0.0033
    >>> missing_at_most([100, 300], [5000, 5000])
    0.12
    """
    from scipy.special import betaincinv

    lost, n = sum(missing), sum(rows)
    if not n or lost == n:
        return 1.0
    upper = float(betaincinv(lost + 1, n - lost, 1 - _SURE))
    worst = max(part / whole for part, whole in zip(missing, rows, strict=True) if whole)
    share = max(upper + 5 * math.sqrt(upper * (1 - upper) / n), 2 * worst)
    digit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return min(1.0, float(f"{math.ceil(share / digit) * digit:.6g}"))
