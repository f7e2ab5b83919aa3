"""The evaluation: all that is seen of a fitted model beside the figures that gates name, kept as one blob.

By default everything is looked at, on samples where it costs many predictions; ``[development.evaluation]`` leaves parts
out. What follows from it is in the model's findings: a slice on which the model does harm rejects it, one on which it is
wrong about itself and confidence in spoilt rows warn, the rest are notes.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct

from fullcycle.development.baselines import Baseline
from fullcycle.development.clusters.profiles import Profile
from fullcycle.development.contributions import Effect, effects
from fullcycle.development.evaluate import Scored, decide, design_effects, said
from fullcycle.development.fit import Final
from fullcycle.development.holdout import Holdout
from fullcycle.development.importance import Importance, importance
from fullcycle.development.label_errors import LabelErrors, label_errors, label_finding
from fullcycle.development.learning_curve import LearningCurve, learning_curve, more_data
from fullcycle.development.levels import levels
from fullcycle.development.losses import row_losses, sample, surprise
from fullcycle.development.partial_dependence import Dependence, partial_dependence
from fullcycle.development.profit import Profit, profit_curve
from fullcycle.development.records import Member, Model
from fullcycle.development.robustness import Degradation, robustness, silently_confident
from fullcycle.development.slices import LEAST, Slices, slice_findings, worst_slices
from fullcycle.development.table import Given
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import canonical
from fullcycle.measure.metrics import Calibration, calibration, confusion
from fullcycle.predictor.policy import Decider, Policy

DEPENDENCES = 6  # columns whose partial dependence is drawn, the most important first
SHAP_ROWS = 500


class Evaluation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was seen of a model. What is not of its task, or was not asked for, is None or empty.

    Attributes
    ----------
    design_effects : by metric, how many times larger its variance is by days than by rows that stand alone.
    reliability : the calibration curve of the test rows, by tenths of their number.
    confusion : test rows by what came true (down) and what was decided (across).
    profit : money by share of rows acted on.
    learning : loss by rows of training.
    slices : the worst slices of the test rows.
    degradations : what spoilt rows do.
    importances, dependences, shap : what columns do for the scores.
    label_errors : suspects among the validation rows.
    baselines : what the model is held against; never served.
    clusters : what is in all rows that the model was fitted on, then in each of its clusters.
    """

    design_effects: dict[str, float] = {}
    reliability: Calibration | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    profit: tuple[Profit, ...] = ()
    learning: LearningCurve | None = None
    slices: Slices | None = None
    degradations: tuple[Degradation, ...] = ()
    importances: tuple[Importance, ...] = ()
    dependences: tuple[Dependence, ...] = ()
    shap: tuple[Effect, ...] = ()
    label_errors: LabelErrors | None = None
    baselines: tuple[Baseline, ...] = ()
    clusters: tuple[Profile, ...] = ()

    def to_bytes(self) -> bytes:
        """The evaluation as it is kept, canonical JSON.

        >>> read_evaluation(Evaluation(confusion=((1, 2), (3, 4))).to_bytes()).confusion
        ((1, 2), (3, 4))
        """
        return canonical(self)


class Seen(NamedTuple):
    """What an evaluation is made from: the members, the fitted model, scored test rows and validation rows held out."""

    members: tuple[Member, ...]
    given: Given
    final: Final
    rows: Scored
    held: Holdout
    policy: Policy


def look(seen: Seen) -> Evaluation:
    """Everything that ``[development.evaluation]`` asks for."""
    charter, asked = seen.given.charter, seen.given.settings.evaluation
    rows, task = seen.rows, charter.task
    explained = _explained(seen) if asked.explanations else ((), (), ())
    return Evaluation(
        design_effects=design_effects(rows, charter=charter, policy=seen.policy),
        reliability=calibration(rows.target, rows.scores, strategy="quantile") if task == "binary" else None,
        confusion=_confusion(rows, seen.policy),
        profit=profit_curve(Decider(seen.policy), rows.frame, rows.target, rows.scores, rows.blocks),
        learning=learning_curve(seen.members, seen.given, seen.held) if asked.learning_curve else None,
        slices=_slices(seen) if asked.slices else None,
        degradations=_robustness(seen) if asked.robustness else (),
        importances=explained[0],
        dependences=explained[1],
        shap=explained[2],
        label_errors=label_errors(seen.held.target, seen.held.scores)
        if asked.label_errors and task != "regression"
        else None,
    )


def findings(found: Evaluation, *, task: str, confidence: float) -> tuple[Finding, ...]:
    """What an evaluation says for or against a model.

    >>> findings(Evaluation(), task="binary", confidence=0.95)
    ()
    """
    unit = "target²" if task == "regression" else "nats"
    return (
        *(slice_findings(found.slices, confidence=confidence, unit=unit) if found.slices else ()),
        *silently_confident(found.degradations),
        *(more_data(found.learning) if found.learning else ()),
        *((label_finding(found.label_errors),) if found.label_errors else ()),
    )


def read_evaluation(body: bytes) -> Evaluation:
    """The evaluation that :meth:`Evaluation.to_bytes` wrote."""
    return msgspec.json.decode(body, type=Evaluation)


def evaluation_of(model: Model, blobs: Blobs) -> Evaluation:
    """What was seen of a model; nothing for one of before there was an evaluation."""
    return read_evaluation(blobs.get(model.evaluation)) if model.evaluation else Evaluation()


def _confusion(rows: Scored, policy: Policy) -> tuple[tuple[int, ...], ...]:
    if policy.task == "regression":
        return ()
    counts = confusion(rows.target, said(policy, decide(policy, rows), rows.scores))
    return tuple(tuple(row) for row in counts.tolist())


def _slices(seen: Seen) -> Slices:
    rows, charter = seen.rows, seen.given.charter
    kinds = {column.name: column.kind for column in seen.given.dataset.columns if column.protected}
    kinds |= {column.name: column.kind for column in seen.final.plan.inputs}
    columns = levels(rows.frame, kinds, zone=charter.timezone, least=LEAST)
    losses = row_losses(charter.task, rows.target, rows.scores)
    harm = losses - row_losses(charter.task, rows.target, rows.constant)
    odd = surprise(charter.task, rows.target, rows.scores)
    return worst_slices(columns, odd, harm, rows.blocks, confidence=charter.confidence)


def _robustness(seen: Seen) -> tuple[Degradation, ...]:
    rows, final, given = _sampled(seen.rows, seen.given.settings.evaluation.sample), seen.final, seen.given
    return robustness(
        *(final.plan, final.model, given.dataset.contract, rows.frame, rows.target, rows.blocks),
        task=given.charter.task,
        confidence=given.charter.confidence,
    )


def _explained(seen: Seen) -> tuple[tuple[Importance, ...], tuple[Dependence, ...], tuple[Effect, ...]]:
    rows, final = _sampled(seen.rows, seen.given.settings.evaluation.sample), seen.final
    task, confidence = seen.given.charter.task, seen.given.charter.confidence
    ranked = importance(final.plan, final.model, rows.frame, rows.target, rows.blocks, task=task, confidence=confidence)
    drawn = [partial_dependence(final.plan, final.model, rows.frame, it.column) for it in ranked[:DEPENDENCES]]
    few = _sampled(rows, SHAP_ROWS)
    shap = effects(final.plan, final.model, few.frame, few.blocks, confidence=confidence)
    return ranked, tuple(it for it in drawn if it is not None), shap


def _sampled(rows: Scored, most: int) -> Scored:
    at = sample(len(rows.target), most)
    places = at.to_numpy()
    frame: pl.DataFrame = rows.frame[at]
    arrays = (np.asarray(it)[places] for it in rows[1:])
    return Scored(frame, *arrays)
