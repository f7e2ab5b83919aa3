"""Sample ratio mismatch: are groups as large as they were drawn to be? If not, nothing that compares them is to be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fullcycle.kernel.errors import InputError

CONCENTRATION = 100.0  # rows that the prior is worth: deviations of some tenths of a share are found soonest


def log_evidence(counts: Sequence[int], shares: Sequence[float], *, concentration: float = CONCENTRATION) -> float:
    """Log Bayes factor of "other shares" to "these shares": an e-process, so it may be read after every row.

    Other shares are drawn from a Dirichlet distribution around *shares*. Periods with shares of their own add up.

    Parameters
    ----------
    counts : rows of each group so far.
    shares : of each group, as drawn; above 0, their sum is 1.

    Raises
    ------
    InputError : shares are none, or counts are not as many.

    Examples
    --------
    >>> log_evidence([500, 500], [0.5, 0.5]) < 0
    True
    >>> log_evidence([5600, 5000], [0.5, 0.5]) > math.log(2000)
    True

    Source: Lindon and Malek 2022, *Anytime-valid inference for multinomial count data*, equation 8.
    """
    if len(counts) != len(shares) or not all(share > 0 for share in shares) or not math.isclose(math.fsum(shares), 1.0):
        raise InputError("not the shares of these groups", found=tuple(shares), expected="as many, above 0, sum 1")
    n = sum(counts)
    gained = math.lgamma(concentration) - math.lgamma(concentration + n)
    for count, share in zip(counts, shares, strict=True):
        prior = concentration * share
        gained += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return gained
