"""The learning curve: is more data worth it? The chosen members, fitted again on fewer of the most recent rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from fullcycle.development.holdout import Holdout, scores_after
from fullcycle.development.losses import row_losses
from fullcycle.development.records import Member
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, mean_interval

SHARES = (8, 4, 2)  # one eighth of the training rows, a quarter, a half; the holdout's own fit is the whole
MOST = 80_000  # rows of a fit that is made for the curve alone
LEAST = 100


class Point(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The loss on the validation rows after so many rows of training."""

    rows: int
    loss: Estimate


class LearningCurve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Loss by rows of training.

    Attributes
    ----------
    points : from few rows to all.
    slope : by how much the loss changes where rows double, from the last points; None with fewer than two.
    """

    points: tuple[Point, ...]
    slope: Estimate | None


def learning_curve(members: Sequence[Member], given: Given, held: Holdout) -> LearningCurve:
    """Fits on the most recent rows before the validation rows, so that only their number differs and not their age.

    The loss is log loss in nats, or squared error; all points are of the same validation rows, so the slope is paired. A
    share with one class only, or with too few or too many rows (:data:`MOST`), is left out.
    """
    charter = given.charter
    train = rows(given.dataset, charter.target, given.blobs, "train")
    validation = rows(given.dataset, charter.target, given.blobs, "validation")
    losses: list[tuple[int, Floats]] = []
    for share in SHARES:
        size = len(train.target) // share
        recent = Rows(train.frame.tail(size), train.target[len(train.target) - size :])
        if not LEAST <= size <= MOST or (charter.task != "regression" and (recent.target == recent.target[0]).all()):
            continue
        try:
            scores = scores_after(members, given, recent, validation, stopping=True)
        except InputError:  # so few rows cannot be learnt from: the curve begins later
            continue
        losses.append((size, row_losses(charter.task, validation.target, scores)))
    losses.append((len(train.target), row_losses(charter.task, held.target, held.scores)))
    unit = "target²" if charter.task == "regression" else "nats"
    points = tuple(
        Point(rows=size, loss=mean_interval(loss, held.blocks, confidence=charter.confidence, unit=unit))
        for size, loss in losses
    )
    slope = _slope(losses[-3:])
    if slope is None:
        return LearningCurve(points=points, slope=None)
    found = mean_interval(slope, held.blocks, confidence=charter.confidence, unit=f"{unit} per doubling")
    return LearningCurve(points=points, slope=found)


def more_data(curve: LearningCurve) -> tuple[Finding, ...]:
    """A note on whether more rows would help: they would where the loss is sure to fall as rows double.

    >>> slope = Estimate(point=-0.02, low=-0.03, high=-0.01, unit="nats per doubling", n=100, blocks=10)
    >>> more_data(LearningCurve(points=(), slope=slope))[0].evidence["worth_it"]
    True
    """
    slope = curve.slope
    if slope is None:
        return ()
    worth = None if slope.high is None or slope.low is None else slope.high < 0
    return (
        Finding(
            check="more_data",
            subject="training rows",
            value=slope.point,
            low=slope.low,
            high=slope.high,
            severity="note",
            unit=slope.unit,
            evidence={"worth_it": worth, "points": len(curve.points)},
        ),
    )


def _slope(losses: list[tuple[int, Floats]]) -> Floats | None:
    """Each row's slope of loss over doublings of rows, (n,): their mean is the slope of the curve, paired by row."""
    if len(losses) < 2:
        return None
    doublings = [math.log2(size) for size, _ in losses]
    middle = math.fsum(doublings) / len(doublings)
    spread = math.fsum((it - middle) ** 2 for it in doublings)
    slope = np.zeros(len(losses[0][1]))
    for doubling, (_, loss) in zip(doublings, losses, strict=True):
        slope += (doubling - middle) / spread * loss
    return slope
