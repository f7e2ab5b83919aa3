"""Numbers as features: as they are for trees, on one scale for models that add them up."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from fullcycle.development.features.draft import Draft, Floats
from fullcycle.development.features.imputation import finite, imputed
from fullcycle.predictor.plan import Clip, Interpolate, Log1p, Standardise

KNOTS = 100  # of a quantile scale, at most
SKEWED = 1.0  # skewness beyond which a logarithm is tried; that of an exponential distribution is 2

Scale: TypeAlias = Callable[[Draft, str, str], str | None]  # (draft, name, bounded slot) -> scaled slot


def scaled(draft: Draft, name: str, *, flag: bool = True) -> None:
    """A number for a linear model: something where it is missing, within what was seen, on a common scale.

    *flag*: whether a feature may say where it was missing.
    """
    seen = finite(draft.numbers(name))
    if not len(seen):
        draft.drop(name, "empty")
        return
    filled = imputed(draft, name, default="median", flag=flag)
    # outside of what was seen a straight line knows nothing, and an endless number would drown every other feature
    low, high = float(seen.min()), float(seen.max())
    bounded = draft.add(Clip, f"{name} clipped", input=filled, low=low, high=high)
    slot = _SCALES[_scaling(draft, name)](draft, name, bounded) if low < high else None
    if slot is None:
        draft.drop(name, "constant")
    else:
        draft.use(slot)


def as_it_is(draft: Draft, name: str) -> None:
    """A number for trees, which split on missing too; an endless one is the most that was seen."""
    slot = imputed(draft, name, default="none") if len(finite(draft.numbers(name))) else name
    values = draft.numbers(slot)
    if np.isinf(values).any():
        seen = finite(values)
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0)
        slot = draft.add(Clip, f"{name} clipped", input=slot, low=low, high=high)
    draft.use(slot)


def _scaling(draft: Draft, name: str) -> str:
    own = draft.of(name).scale
    return draft.settings.scale if own == "auto" else own


def _none(draft: Draft, name: str, bounded: str) -> str:
    return bounded


def _standard(draft: Draft, name: str, bounded: str) -> str | None:
    mean, scale = moments(draft.numbers(bounded))
    return draft.add(Standardise, f"{name} scaled", input=bounded, mean=mean, scale=scale) if scale else None


def _robust(draft: Draft, name: str, bounded: str) -> str | None:
    """Median and interquartile range, which a tenth of wild values does not move; the usual ones where that is zero."""
    lower, median, upper = (float(it) for it in _order_statistics(draft.numbers(bounded), (0.25, 0.5, 0.75)))
    if upper == lower:
        return _standard(draft, name, bounded)
    return draft.add(Standardise, f"{name} scaled", input=bounded, mean=median, scale=upper - lower)


def _log(draft: Draft, name: str, bounded: str) -> str | None:
    """The logarithm of one more, standardised; as it stands where a value is -1 or below."""
    if not (draft.numbers(bounded) > -1).all():
        return _standard(draft, name, bounded)
    return _standard(draft, name, draft.add(Log1p, f"{name} logarithm", input=bounded))


def _quantile(draft: Draft, name: str, bounded: str) -> str | None:
    """The normal score of the number's rank among the training rows, by straight lines from knot to knot.

    Source: the rank-based inverse normal transformation, Blom 1958, with offset 1/2.
    """
    values = draft.numbers(bounded)
    knots, scores = normal_scores(values)
    mean, scale = moments(np.interp(values, knots, scores))
    if not scale:
        return None
    table = tuple(((scores - mean) / scale).tolist())
    return draft.add(Interpolate, f"{name} scaled", input=bounded, knots=tuple(knots.tolist()), values=table)


def _auto(draft: Draft, name: str, bounded: str) -> str | None:
    """Standardised; the logarithm of it where that takes most of a long upper tail away."""
    values = draft.numbers(bounded)
    skewed = skewness(values) if (values >= 0).all() else 0.0
    if skewed > SKEWED and abs(skewness(np.log1p(values))) < skewed / 2:
        return _log(draft, name, bounded)
    return _standard(draft, name, bounded)


_SCALES: dict[str, Scale] = {
    "auto": _auto,
    "none": _none,
    "standard": _standard,
    "robust": _robust,
    "log": _log,
    "quantile": _quantile,
}


def moments(values: Floats) -> tuple[float, float]:
    """Mean and standard deviation, in an order-fixed sum.

    >>> moments(np.array([1.0, 3.0]))
    (2.0, 1.0)
    """
    mean = math.fsum(values.tolist()) / len(values)
    return mean, math.sqrt(math.fsum(((values - mean) ** 2).tolist()) / len(values))


def skewness(values: Floats) -> float:
    """The third standardised moment, 0 for values that never vary.

    >>> skewness(np.array([0.0, 0.0, 3.0])) > 0, skewness(np.array([1.0, 1.0]))
    (True, 0.0)
    """
    mean, scale = moments(values)
    return math.fsum((((values - mean) / scale) ** 3).tolist()) / len(values) if scale else 0.0


def normal_scores(values: Floats) -> tuple[Floats, Floats]:
    """Knots among finite *values* (n,), rising, and the normal score of each one's middle rank; (k,) each.

    >>> knots, scores = normal_scores(np.array([1.0, 2.0, 2.0, 9.0]))
    >>> knots.tolist(), scores.round(2).tolist()
    ([1.0, 2.0, 9.0], [-1.15, 0.0, 1.15])
    """
    ordered = np.sort(values)
    knots = np.unique(_order_statistics(ordered, np.linspace(0, 1, KNOTS)))
    ranks = np.searchsorted(ordered, knots, "left") + np.searchsorted(ordered, knots, "right")
    score = NormalDist().inv_cdf
    return knots, np.array([score(rank / 2 / len(ordered)) for rank in ranks.tolist()])


def _order_statistics(values: Floats, levels: tuple[float, ...] | Floats) -> Floats:
    """The values at these shares of the sorted rows; observed ones, never between two."""
    ordered = np.sort(values)
    found: Floats = ordered[np.floor(np.asarray(levels) * (len(ordered) - 1)).astype(np.int64)]
    return found
