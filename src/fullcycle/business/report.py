"""Report: what verdicts come to in money."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fullcycle.business.records import Verdict
from fullcycle.measure.intervals import Estimate


def gain(verdict: Verdict) -> Estimate | None:
    """The gain of a period in money, with its interval; None where values or outcomes are unknown."""
    if verdict.gain is None or verdict.account is None:
        return None
    return _scaled(verdict.gain, verdict.known / 1000, verdict.account.currency)


def total(verdicts: Sequence[Verdict]) -> Estimate | None:
    """The gain of several periods together.

    Periods share no day, so their errors add as independent ones do: the half-widths in quadrature.
    """
    gains = [found for verdict in verdicts if (found := gain(verdict)) is not None]
    if not gains:
        return None
    point = math.fsum(found.point for found in gains)
    halves = [(found.high - found.low) / 2 for found in gains if found.low is not None and found.high is not None]
    if len(halves) < len(gains):
        return Estimate(point=point, unit=gains[0].unit)
    half = math.sqrt(math.fsum(width * width for width in halves))
    n, blocks = sum(found.n for found in gains), sum(found.blocks for found in gains)
    return Estimate(point=point, low=point - half, high=point + half, unit=gains[0].unit, n=n, blocks=blocks)


def _scaled(estimate: Estimate, by: float, unit: str) -> Estimate:
    low = None if estimate.low is None else estimate.low * by
    high = None if estimate.high is None else estimate.high * by
    return Estimate(point=estimate.point * by, low=low, high=high, unit=unit, n=estimate.n, blocks=estimate.blocks)
