"""Is a new release no worse than the one that serves, or even better? On the same test rows, row by row."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from fullcycle.data.records import Dataset
from fullcycle.deployment.records import Release
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, at_confidence, difference, mean_interval
from fullcycle.measure.metrics import adjusted_rand, log_losses
from fullcycle.measure.tests import alpha_of
from fullcycle.predictor.bundle import Predictor
from fullcycle.predictor.days import local_days
from fullcycle.predictor.policy import nearest
from fullcycle.scoping.records import Charter

Floats: TypeAlias = NDArray[np.float64]
_DAY = 86_400_000_000  # µs


def compared(
    challenger: Predictor,
    champion: Predictor,
    charter: Charter,
    dataset: Dataset,
    margin: float,
    blobs: Blobs,
    *,
    better: bool = False,
    reading: int = 1,
) -> tuple[Finding, ...]:
    """What the test rows say of a challenger and the champion, paired row by row.

    The loss is the log loss of classes or the squared error of numbers. Intervals go by blocks of days, since the rows of
    a day share their luck; an outcome that takes longer than a day makes longer blocks.

    Parameters
    ----------
    margin : share of the champion's loss by which the challenger may be worse.
    better : whether it has to be better too, see :func:`has_to_be_better`.
    reading : which look at these test rows the challenger is, 1 for the first.

    Returns
    -------
    The findings of :func:`verdicts`; a note where the champion cannot score these rows. Of clusterings, which no outcome
    proves better or worse, the note ``agreement``.
    """
    frame = dataset.rows(blobs, "test")
    if charter.task == "clustering":
        return (agreement(challenger, champion, frame),)
    target = codes(frame[charter.target], charter.task, dataset.classes)
    blocks = local_days(frame[charter.time], charter.timezone) // max(1, -(-charter.label_delay // _DAY))
    try:
        old = losses(champion, frame, target)
    except InputError as error:
        evidence = {"champion": champion.facts.get("model", ""), "why": error.problem}
        return (Finding(check="non_inferior", subject="test rows", severity="note", evidence=evidence),)
    new = losses(challenger, frame, target)
    unit = "squared error" if charter.task == "regression" else "nats"
    found = verdicts(new, old, blocks, margin, confidence=charter.confidence, better=better, reading=reading)
    return tuple(msgspec.structs.replace(it, unit=unit) for it in found)


def verdicts(
    new: Floats,
    old: Floats,
    blocks: NDArray[np.int64],
    margin: float,
    *,
    confidence: float,
    better: bool = False,
    reading: int = 1,
) -> tuple[Finding, ...]:
    """Whether a challenger is ``non_inferior``, and whether it is ``better``, by the losses of the same rows, (n,) each.

    It is no worse where the upper bound of what it loses more is within the margin. It is better where that bound lies
    below nought; the k-th look at the same rows is tested at α / (k (k + 1)), for whoever trains the same model often
    enough finds one that luck favours. Both: Piaggio et al. 2012, *Reporting of noninferiority and equivalence randomized
    trials*.

    >>> losses = np.array([0.5, 0.4, 0.6, 0.7])
    >>> [(it.check, it.passed) for it in verdicts(losses, losses, np.arange(4), 0.01, confidence=0.95, better=True)]
    [('non_inferior', True), ('better', False)]
    """
    change = difference(new, old, blocks, confidence=confidence)
    served = mean_interval(old, blocks, confidence=confidence).point
    limit = margin * served
    shared = {"champion_loss": served, "rows": change.n, "blocks": change.blocks}
    no_worse = _finding("non_inferior", change, limit, "at_most", {**shared, "margin": margin})
    if not better:
        return (no_worse,)
    level = 1 - alpha_of(reading, 1 - confidence)
    surer = at_confidence(change, confidence, level)
    return no_worse, _finding("better", surer, 0.0, "less_than", {**shared, "reading": reading, "confidence": level})


def has_to_be_better(
    superiority: Literal["same_rows", "always", "never"], champion: Release, dataset: Dataset, charter: Charter
) -> bool:
    """Whether a challenger of these rows and this question is only promoted if it is better than the champion.

    By default it is where the champion has learnt from the same rows for the same question: whoever is no worse then is
    only another draw. A model of newer rows is promoted if it is no worse, since it is younger.
    """
    if superiority == "same_rows":
        return champion.parents[1:3] == (dataset.id, charter.id)
    return superiority == "always"


def _finding(
    check: str, change: Estimate, limit: float, rule: str, evidence: dict[str, str | int | float | bool | None]
) -> Finding:
    high = change.high
    passed = high is not None and (high <= limit if rule == "at_most" else high < limit)
    return Finding(
        check=check,
        subject="test rows",
        value=change.point,
        low=change.low,
        high=high,
        limit=limit,
        rule=rule,
        passed=passed,
        severity="reject",
        evidence=evidence,
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
