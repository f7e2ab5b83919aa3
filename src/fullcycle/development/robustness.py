"""Robustness: what bad input does to the model, and whether it would tell. The worst is to be wrong and surer of it."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from fullcycle.development.corruption import corruptions
from fullcycle.development.losses import certainty, row_losses
from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, difference
from fullcycle.predictor.contract import Contract
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.plan import Plan

WORSE = 0.01  # of the loss on the same rows as they were: less is no matter
SURER = 0.005  # of probability
_ROW = "\0row"  # no column of a file is called so


class Degradation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one way of spoiling rows did.

    Attributes
    ----------
    corruption, level, column : see :class:`fullcycle.development.corruption.Corruption`.
    refused : share of the spoilt rows that the contract turns away: those do no harm.
    loss : loss of the others less that of the same rows as they were; None where none is left.
    certainty : probability of the likeliest class less that of the same rows as they were; None for a regression.
    silent : whether the model was worse and more certain at once, both beyond doubt and by enough to matter.
    """

    corruption: str
    level: float
    column: str
    refused: float
    loss: Estimate | None
    certainty: Estimate | None
    silent: bool


def robustness(
    plan: Plan,
    model: ModelFormat,
    contract: Contract,
    frame: pl.DataFrame,
    target: Floats,
    blocks: NDArray[np.int64],
    *,
    task: str,
    confidence: float,
) -> tuple[Degradation, ...]:
    """The grid of corruptions on n rows with their outcomes, each held against the same rows as they were."""
    brought = set(contract.kinds)
    kinds = {column.name: column.kind for column in plan.inputs if column.name in brought}
    good, _ = contract.filter(frame.with_row_index(_ROW))
    if not good.height or not kinds:
        return ()
    kept = good[_ROW].to_numpy()
    came, days = target[kept], blocks[kept]
    clean = model.scores(plan.matrix(good))
    found = []
    for it in corruptions(kinds):
        spoilt, _ = contract.filter(it.spoil(good.drop(_ROW)).with_row_index(_ROW))
        rows = spoilt[_ROW].to_numpy()
        refused = 1 - spoilt.height / good.height
        loss, surer, usual = None, None, 0.0
        if spoilt.height:
            scores = model.scores(plan.matrix(spoilt))
            fine = np.isfinite(scores.reshape(len(scores), -1)).all(axis=1)
            rows, scores = rows[fine], scores[fine]
            refused = 1 - len(rows) / good.height
        if spoilt.height and len(rows):
            before = clean[rows]
            worse = row_losses(task, came[rows], scores), row_losses(task, came[rows], before)
            usual = WORSE * math.fsum(worse[1].tolist()) / len(rows)
            loss = difference(
                *worse, days[rows], confidence=confidence, unit="target²" if task == "regression" else "nats"
            )
            if task != "regression":
                surer = difference(certainty(scores), certainty(before), days[rows], confidence=confidence)
        found.append(
            Degradation(
                corruption=it.name,
                level=it.level,
                column=it.column,
                refused=refused,
                loss=loss,
                certainty=surer,
                silent=_sure_above(loss, usual) and _sure_above(surer, SURER),
            )
        )
    return tuple(found)


def silently_confident(found: tuple[Degradation, ...]) -> tuple[Finding, ...]:
    """Whether any way of spoiling rows makes the model worse and surer at once: a warning that names the worst.

    >>> fine = Degradation(corruption="missing", level=0.5, column="", refused=0.0, loss=None, certainty=None, silent=False)
    >>> silently_confident((fine,))[0].passed
    True
    """
    if not found:
        return ()
    silent = [it for it in found if it.silent and it.loss is not None]
    evidence: dict[str, str | int | float | bool | None] = {"corruptions": len(found), "silent": len(silent)}
    worst = max(silent, key=lambda it: it.loss.point if it.loss else 0.0, default=None)
    if worst is not None and worst.loss is not None:
        evidence |= {"worst": f"{worst.corruption} {worst.level:g} {worst.column}".strip(), "loss": worst.loss.point}
    return (
        Finding(
            check="never_silently_confident",
            subject="spoilt test rows",
            value=float(len(silent)),
            limit=0.0,
            rule="at_most",
            passed=not silent,
            severity="warn",
            unit="corruptions",
            evidence=evidence,
        ),
    )


def _sure_above(found: Estimate | None, least: float) -> bool:
    return found is not None and found.low is not None and found.low > 0 and found.point >= least
