"""Against the constant: whether what was chosen is better than the base rate or the mean, on rows that it had not seen."""

from __future__ import annotations

from collections.abc import Sequence

from fullcycle.development.losses import row_losses
from fullcycle.development.out_of_fold import OutOfFold
from fullcycle.development.records import Member, Trial
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import difference


def no_better_than_constant(
    members: Sequence[Member], trials: Sequence[Trial], rows: OutOfFold, *, task: str, confidence: float
) -> tuple[Finding, ...]:
    """A finding where the members' loss is not sure to be below that of the constant; none where it is.

    Where the constant itself is the best trial, it is the model, and the finding rejects it: a decision that is the same
    for every row needs no model. Where the difference may be chance, it warns; the charter's gates decide.
    """
    flat = next((it for it in trials if it.learner == "constant"), None)
    if flat is None:
        return ()
    ours = row_losses(task, rows.target, rows.blended(members))
    change = difference(ours, row_losses(task, rows.target, rows.scores[flat.id]), rows.blocks, confidence=confidence)
    itself = members[0].learner == "constant"
    if not itself and change.high is not None and change.high < 0:
        return ()
    return (
        Finding(
            check="no_better_than_constant",
            subject="out-of-fold rows",
            value=change.point,
            low=change.low,
            high=change.high,
            limit=0.0,
            rule="less_than",
            passed=False,
            severity="reject" if itself else "warn",
            unit="target²" if task == "regression" else "nats",
            evidence={"rows": change.n, "blocks": change.blocks, "the_constant_is_the_model": itself},
        ),
    )
