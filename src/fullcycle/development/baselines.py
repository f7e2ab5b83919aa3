"""Baselines: what a model must not lose to. They stand beside the trials, are evaluated like them, and never serve.

``constant`` is the base rate or the mean; ``lightgbm_defaults`` is LightGBM as it comes, a hundred trees; ``todays_rule``
and ``expert_rule`` are rules, whose answers stand for what came true of rows with the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from fullcycle.development.evaluate import Scored
from fullcycle.development.features import fit_plan, learnable
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.losses import row_losses
from fullcycle.development.records import Trial
from fullcycle.development.rule_scores import expert, expert_scores, todays_scores
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, at_confidence, difference, mean_interval
from fullcycle.measure.tests import alpha_of
from fullcycle.predictor.policy import Policy
from fullcycle.scoping.records import Charter

BOOSTED = "lightgbm_defaults"
KEPT = 0.5  # of what LightGBM's defaults gain over the constant, which a model may not fall short of


class Baseline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A baseline on the leaderboard and on the test rows.

    Attributes
    ----------
    loss : on the validation rows, fitted on the training rows, as trials have it: log loss or RMSE; None where that was
        not looked at.
    test : mean loss of a row on the test rows, fitted on all rows before them: log loss or squared error.
    difference : the model's loss less this one's, on the same test rows.
    """

    name: str
    loss: float | None
    test: Estimate
    difference: Estimate


def baselines(
    given: Given, policy: Policy, scored: Scored, trials: Sequence[Trial], *, plain: bool = True
) -> tuple[Baseline, ...]:
    """Every baseline of a model, each held against it on the test rows.

    Parameters
    ----------
    scored : the test rows with the model's scores.
    trials : LightGBM at its defaults among them tells its loss on the validation rows.
    plain : whether the model is as it was fitted, without a calibration.
    """
    charter, dataset, blobs = given.charter, given.dataset, given.blobs
    train, validation = (rows(dataset, charter.target, blobs, part) for part in ("train", "validation"))
    known = rows(dataset, charter.target, blobs, "train", "validation")
    test = Rows(scored.frame, scored.target)
    defaults = LEARNERS["lightgbm"].default()
    told = {it.learner: it.loss for it in trials if it.learner == "constant" or it.parameters == defaults}
    found = [_held("constant", told.get("constant"), scored, scored.constant, charter)]
    boosted = scored.scores if plain and _is_default(trials, defaults) else _boosted(given, known, test)
    if boosted is not None:
        if "lightgbm" not in told and len(trials) > 1:  # a search that left it out; without one there is no leaderboard
            before = _boosted(given, train, validation)
            if before is not None:
                told["lightgbm"] = _mean_loss(charter.task, validation.target, before)
        found.append(_held(BOOSTED, told.get("lightgbm"), scored, boosted, charter))
    for name in ("todays_rule", "expert_rule"):
        before = _ruled(name, given, policy, train, validation)
        after = _ruled(name, given, policy, known, test)
        if before is not None and after is not None:
            loss = _mean_loss(charter.task, validation.target, before)
            found.append(_held(name, loss, scored, after, charter))
    return tuple(found)


def baseline_gates(found: Sequence[Baseline], charter: Charter, *, reading: int = 1) -> tuple[Finding, ...]:
    """Whether the model loses to the constant or to LightGBM's defaults on the test rows, paired row by row.

    It loses, and is rejected, where the whole interval of the difference lies above nought and its upper end above the
    limit. Where only the upper end is above the limit, nobody can tell yet: a warning. The limit is nought against the
    constant; against LightGBM's defaults it is half of what these gain over the constant, the share of a standard
    treatment's effect that a new one may give up at most where it has other merits (FDA 2016, *Non-inferiority clinical
    trials*).

    Parameters
    ----------
    reading : as for :func:`fullcycle.development.gates.gates`.

    Examples
    --------
    >>> baseline_gates((), None)
    ()
    """
    by_name = {it.name: it for it in found}
    constant_, boosted = by_name.get("constant"), by_name.get(BOOSTED)
    if constant_ is None:
        return ()
    limits = {"constant": 0.0}
    if boosted is not None:
        limits[BOOSTED] = (1 - KEPT) * max(constant_.test.point - boosted.test.point, 0.0)
    return tuple(_gate(by_name[name], limit, charter, reading) for name, limit in limits.items())


def _gate(baseline: Baseline, limit: float, charter: Charter, reading: int) -> Finding:
    level = 1 - alpha_of(reading, 1 - charter.confidence)
    held = at_confidence(baseline.difference, charter.confidence, level)
    passed = held.point <= limit if held.high is None else held.high <= limit
    loses = held.low is not None and held.low > 0
    return Finding(
        check=f"no_worse_than_{baseline.name}",
        subject="test rows",
        value=held.point,
        low=held.low,
        high=held.high,
        limit=limit,
        rule="at_most",
        passed=passed,
        severity="reject" if loses or passed else "warn",
        unit=held.unit,
        evidence={"rows": held.n, "blocks": held.blocks, "reading": reading, "confidence": level},
    )


def _held(name: str, loss: float | None, scored: Scored, scores: Floats, charter: Charter) -> Baseline:
    task, confidence = charter.task, charter.confidence
    unit = "target²" if task == "regression" else "nats"
    theirs = row_losses(task, scored.target, scores)
    ours = row_losses(task, scored.target, scored.scores)
    return Baseline(
        name=name,
        loss=loss,
        test=mean_interval(theirs, scored.blocks, confidence=confidence, unit=unit),
        difference=difference(ours, theirs, scored.blocks, confidence=confidence, unit=unit),
    )


def _is_default(trials: Sequence[Trial], defaults: object) -> bool:
    """Whether nothing but LightGBM at its defaults was tried: the model is the baseline itself, early stopping aside."""
    return {it.learner for it in trials if it.learner != "constant"} == {"lightgbm"} and all(
        it.parameters == defaults for it in trials if it.learner == "lightgbm"
    )


def _boosted(given: Given, known: Rows, test: Rows) -> Floats | None:
    """Scores of the test rows by LightGBM as it comes, fitted on all rows before them; None with no column to learn from."""
    charter, dataset, settings = given.charter, given.dataset, given.settings
    learner, columns = LEARNERS["lightgbm"], learnable(dataset.columns, charter)
    try:
        plan, matrix = fit_plan(
            *known,
            recipe=learner.recipe,
            columns=columns,
            settings=settings.features,
            zone=charter.timezone,
            task=charter.task,
            expressions=given.expressions,
        )
    except InputError:  # the search has said so
        return None
    declared = constraints(settings.knowledge, plan, columns)
    size = len(dataset.classes)
    training = Training(
        *(matrix, known.target, charter.task, size, learner.default(), settings.seed), constraints=declared
    )
    return learner.fit(training).model.scores(plan.matrix(test.frame))


def _ruled(name: str, given: Given, policy: Policy, known: Rows, asked: Rows) -> Floats | None:
    classes, task = len(given.dataset.classes), given.charter.task
    if name == "todays_rule":
        return todays_scores(policy, known, asked.frame, classes=classes)
    rule = expert(given.settings.knowledge.expert_rule, policy.kinds, task, policy.zone)
    return None if rule is None else expert_scores(rule, known, asked.frame, task=task, classes=classes)


def _mean_loss(task: str, target: Floats, scores: Floats) -> float:
    """As trials have it: log loss, or the root of the mean squared error."""
    mean = mean_interval(row_losses(task, target, scores), np.zeros(len(target), np.int64)).point
    return float(np.sqrt(mean)) if task == "regression" else mean
