"""The profit curve: what decisions would be worth if only the most promising share of rows were acted on."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.table import Floats
from fullcycle.measure.intervals import Estimate, mean_interval
from fullcycle.predictor.policy import Decider

STEPS = 20


class Profit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of the curve: money per 1000 decisions if *share* of the rows are acted on."""

    share: float
    worth: Estimate


def profit_curve(
    decider: Decider, frame: pl.DataFrame, target: Floats, scores: Floats, blocks: NDArray[np.int64]
) -> tuple[Profit, ...]:
    """Money per 1000 decisions at 0, 5, … 100% of rows acted on, the most promising first; none for a regression.

    To act is to take whichever action but the last is expected to be worth most; all other rows keep the last action,
    which does nothing. Limits a day are left out of it: this is what they cost. Rows on which an amount is unknown
    are left out, and there is no curve where the value of decisions is unknown.
    """
    policy = decider.policy
    if policy.task == "regression" or not decider.values.known or len(policy.actions) < 2:
        return ()
    expected = decider.worth(scores, frame)
    told = ~np.isnan(expected).any(axis=1)
    if not told.any():
        return ()
    kept, came, expected = frame.filter(pl.Series(told)), target[told], expected[told]
    action = expected[:, :-1].argmax(axis=1)
    by_action = np.stack([decider.values.micros(name, came, kept) for name in policy.actions], axis=1)
    rows = np.arange(len(came))
    acting, idle = by_action[rows, action], by_action[:, -1]
    order = np.argsort(-(expected[rows, action] - expected[:, -1]), kind="stable")
    curve = []
    for step in range(STEPS + 1):
        worth = idle.copy()
        first = order[: len(order) * step // STEPS]
        worth[first] = acting[first]
        unit = f"{policy.values.currency}/1000"
        found = mean_interval(worth / 1e3, blocks[told], confidence=policy.confidence, unit=unit)
        curve.append(Profit(share=step / STEPS, worth=found))
    return tuple(curve)
