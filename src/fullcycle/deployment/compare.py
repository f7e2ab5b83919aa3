"""Is a new release no worse than the one that serves? On the same test rows, row by row."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Dataset
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import difference, mean_interval
from fullcycle.measure.metrics import adjusted_rand, log_losses
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.days import local_days
from fullcycle.predictor.policy import nearest
from fullcycle.scoping.records import Charter

Floats: TypeAlias = NDArray[np.float64]
_DAY = 86_400_000_000  # µs


def non_inferior(
    challenger: Predictor, champion: Predictor, charter: Charter, dataset: Dataset, margin: float, blobs: Blobs
) -> Finding:
    """Whether the upper bound of what the challenger loses more is within the margin.

    The loss is the log loss of classes or the squared error of numbers. It is paired by row and its interval goes by blocks of days, since
    the rows of a day share their luck; an outcome that takes longer than a day makes longer blocks.

    Parameters
    ----------
    margin : share of the champion's loss by which the challenger may be worse.

    Returns
    -------
    The finding ``non_inferior``. It neither passes nor fails where the champion cannot score these rows. Of clusterings,
    which no outcome proves better or worse, the note ``agreement``.
    """
    frame = dataset.rows(blobs, "test")
    if charter.task == "clustering":
        return agreement(challenger, champion, frame)
    target = codes(frame[charter.target], charter.task, dataset.classes)
    blocks = local_days(frame[charter.time], charter.timezone) // max(1, -(-charter.label_delay // _DAY))
    try:
        old = losses(champion, frame, target)
    except InputError as error:
        evidence = {"champion": champion.facts.get("model", ""), "why": error.problem}
        return Finding(check="non_inferior", subject="test rows", severity="note", evidence=evidence)
    new = losses(challenger, frame, target)
    found = difference(new, old, blocks, confidence=charter.confidence)
    served = mean_interval(old, blocks, confidence=charter.confidence).point
    limit = margin * served
    return Finding(
        check="non_inferior",
        subject="test rows",
        value=found.point,
        low=found.low,
        high=found.high,
        limit=limit,
        rule="at_most",
        passed=found.high is not None and found.high <= limit,
        severity="reject",
        unit="squared error" if charter.task == "regression" else "nats",
        evidence={"champion_loss": served, "margin": margin, "rows": found.n, "blocks": found.blocks},
    )


def agreement(challenger: Predictor, champion: Predictor, frame: pl.DataFrame) -> Finding:
    """How far two clusterings agree about the rows of *frame*: the adjusted Rand index, 1 where they do.

    What people called cluster 2 may be another one now: with little agreement they have to look again.
    """
    evidence = {"champion": champion.facts.get("model", "")}
    note = Finding(
        check="agreement", subject="test rows", severity="note", unit="adjusted Rand index", evidence=evidence
    )
    try:
        old, new = (nearest(it.model.scores(it.plan.matrix(frame))) for it in (champion, challenger))
    except InputError as error:
        return msgspec.structs.replace(note, evidence={**evidence, "why": error.problem})
    clusters = {"clusters": challenger.model.outputs, "champion_clusters": champion.model.outputs}
    return msgspec.structs.replace(note, value=adjusted_rand(old, new), evidence={**evidence, **clusters})


def codes(target: pl.Series, task: str, classes: tuple[str, ...]) -> Floats:
    """A target as numbers, (n,): 0 or 1, codes of classes, or itself.

    >>> codes(pl.Series([True, False]), "binary", ("false", "true")).tolist()
    [1.0, 0.0]
    """
    if task == "multiclass":
        index = {name: float(code) for code, name in enumerate(classes)}
        target = target.cast(pl.String).replace_strict(index, return_dtype=pl.Float64)
    return target.cast(pl.Float64).to_numpy()


def losses(predictor: Predictor, frame: pl.DataFrame, target: Floats) -> Floats:
    """The loss of each row, (n,). Raises ColumnMissing for a column that the predictor needs and the table lacks."""
    scores = predictor.model.scores(predictor.plan.matrix(frame))
    if predictor.policy.task == "regression":
        squared: Floats = (scores - target) ** 2
        return squared
    return log_losses(target, scores)
