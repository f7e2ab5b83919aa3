"""Limits per day over a batch that comes in parts: which rows keep an action that can be taken so many times a day only."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

_BEST = pl.Schema({"action": pl.String, "day": pl.Int64, "gain": pl.Float64, "row": pl.Int64})


class DailyLimits:
    """The best rows of each day, as far as they were seen; never more of them than the limits let through.

    All parts are seen first, then asked: the answer is that of :func:`fullcycle.predictor.capacity.fill` on the whole.

    Parameters
    ----------
    limits : the most rows a day, by action.

    Examples
    --------
    >>> part = pl.DataFrame({"place": [0, 1], "action": "call", "day": [0, 0], "gain": [1.0, 3.0], "fallback": "wait"})
    >>> limits = DailyLimits({"call": 2})
    >>> limits.see(part)
    >>> limits.see(part, start=10)
    >>> limits.over(part)["place"].to_list(), limits.over(part, start=10)["place"].to_list()
    ([0], [0])
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._best = pl.DataFrame(schema=_BEST)

    def see(self, held: pl.DataFrame, start: int = 0) -> None:
        """Take up a part whose first row is the batch's row *start*; columns as ``Answered.held`` has them."""
        new = held.select("action", pl.col("day").cast(pl.Int64), pl.col("gain") + 0.0, row=pl.col("place") + start)
        # -0.0 is 0.0 now, so that ties go by order of rows
        ranked = pl.concat([self._best, new.cast(_BEST)]).sort(
            ["action", "day", "gain", "row"], descending=[False, False, True, False]
        )
        most = pl.col("action").replace_strict(self._limits, return_dtype=pl.Int64)
        self._best = ranked.filter(pl.int_range(pl.len()).over("action", "day") < most)

    def over(self, held: pl.DataFrame, start: int = 0) -> pl.DataFrame:
        """Rows of a part that must do without: ``place`` and the action they fall back to."""
        rows = held.select("place", "fallback", row=(pl.col("place") + start).cast(pl.Int64))
        return rows.join(self._best.select("row"), on="row", how="anti", maintain_order="left").drop("row")
