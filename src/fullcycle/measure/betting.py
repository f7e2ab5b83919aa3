"""Testing by betting: wealth that may be looked at after every observation.

Who bets against a true hypothesis does not get rich: the chance that wealth *ever* reaches 1/α is at most α (Ville 1939).
So a guardrail may be read as often as one likes, and what it has refused stays refused.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fullcycle.kernel.errors import InputError

Floats: TypeAlias = NDArray[np.float64]
MOST = 0.75  # share of the wealth that is staked at most, so that one observation never ruins it


def log_wealth(x: ArrayLike, mean: float) -> Floats:
    """Log wealth after each observation of who bets that the mean of *x* is above *mean*, (n,).

    It is an e-process against "given what came before, x is *mean* at most on average", whatever else changes with
    time. The stake is aGRAPA's, from the mean and variance of what came before.

    Parameters
    ----------
    x : (n,) observations within 0 and 1, in the order in which they came.
    mean : between 0 and 1.

    Raises
    ------
    InputError : an observation or *mean* is outside.

    Examples
    --------
    >>> log_wealth([0.5] * 50, 0.5).max().item()
    0.0
    >>> bool(log_wealth([0.0, 1.0, 1.0] * 50, 0.5)[-1] > math.log(100))
    True

    Source: Waudby-Smith and Ramdas 2024, *Estimating means of bounded random variables by betting*, section B.3.
    """
    values = _within(x, mean)
    if not len(values):
        return np.empty(0)
    t = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (t + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (t + 1)
    before, spread = np.r_[0.5, means[:-1]], np.r_[0.25, variances[:-1]]
    stake = np.clip((before - mean) / (spread + (before - mean) ** 2), 0.0, MOST / mean)
    return np.asarray(np.cumsum(np.log1p(stake * (values - mean))))


def log_wealth_of_events(x: ArrayLike, rate: float) -> Floats:
    """The same where *x* is 0 or 1: the stake that grows fastest, as the rate of before says (Kelly 1956).

    aGRAPA stakes as if events were frequent; where they are rare, a few of them tell already. The rate is estimated by
    Krichevsky and Trofimov's rule, and wealth is the likelihood ratio of the estimate to *rate*.

    Examples
    --------
    >>> bool(log_wealth_of_events([0.0] * 60 + [1.0] * 3, 0.001)[-1] > math.log(100))
    True
    >>> float(log_wealth_of_events([0.0, 0.0], 0.5).max())
    0.0
    """
    events = _within(x, rate)
    if not np.isin(events, (0.0, 1.0)).all():
        raise InputError("events are not 0 or 1", expected="0 or 1")
    if not len(events):
        return np.empty(0)
    t = np.arange(len(events))
    guess = (0.5 + np.cumsum(events) - events) / (t + 1)  # before the observation
    guess = np.clip(guess, rate, 1 - (1 - MOST) * (1 - rate))
    gained = np.where(events == 1.0, np.log(guess / rate), np.log1p(-guess) - math.log1p(-rate))
    return np.asarray(np.cumsum(gained))


def e_value(log_path: Floats) -> float:
    """The most that the wealth of a path ever was, at least 1: above 1/α the hypothesis is refused at level α.

    >>> e_value(np.log([0.5, 8.0, 2.0]))
    8.0
    """
    most = float(log_path.max()) if len(log_path) else 0.0
    return float(f"{math.exp(min(max(most, 0.0), 700.0)):.12g}")


def _within(x: ArrayLike, mean: float) -> Floats:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise InputError("observations are not all within 0 and 1", expected="a list of numbers from 0 to 1")
    if not 0 < mean < 1:
        raise InputError("a mean to bet against is between 0 and 1", found=mean, expected="above 0 and below 1")
    return values
