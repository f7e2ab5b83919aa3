"""Baselines: what a model must not lose to. They stand beside the trials, are evaluated like them, and never serve.

``constant`` is the base rate or the mean; ``lightgbm_defaults`` is LightGBM as it comes, a hundred trees; ``todays_rule``
and ``expert_rule`` are rules, whose answers stand for what came true of rows with the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from fullcycle.development.evaluate import Scored
from fullcycle.development.knowledge import constraints
from fullcycle.development.learners import LEARNERS, Training
from fullcycle.development.learners.boosting import own
from fullcycle.development.losses import mean_loss, row_losses
from fullcycle.development.planned import planned
from fullcycle.development.records import Trial
from fullcycle.development.rule_scores import expert, expert_scores, todays_scores
from fullcycle.development.search import Fold
from fullcycle.development.search.budget import Budget
from fullcycle.development.search.trial import taken
from fullcycle.development.table import Floats, Given, Rows, rows
from fullcycle.development.weights import columns_of
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
    loss : of rows that it was not fitted on, over the folds of the trials: log loss or RMSE; None where there was no search, or
        where its time was too short to try them.
    test : mean loss of a row on the test rows, fitted on all rows before them: log loss or squared error.
    difference : the model's loss less this one's, on the same test rows.
    """

    name: str
    loss: float | None
    test: Estimate
    difference: Estimate


def baselines(
    given: Given,
    policy: Policy,
    scored: Scored,
    trials: Sequence[Trial],
    folds: Sequence[Fold] = (),
    *,
    plain: bool = True,
) -> tuple[Baseline, ...]:
    """Every baseline of a model, each held against it on the test rows.

    Parameters
    ----------
    scored : the test rows with the model's scores.
    trials, folds : of the search; none where a model was fitted anew, whose losses are of other rows.
    plain : whether the model is as it was fitted, without a calibration.
    """
    charter, defaults = given.charter, LEARNERS["lightgbm"].default()
    known = rows(given.dataset, charter.target, given.blobs, "train", "validation")
    test = Rows(scored.frame, scored.target)
    told = {it.learner: it.loss for it in trials if it.learner == "constant" or own(it.parameters) == defaults}

    def boosted(known: Rows, asked: Rows) -> Floats | None:
        return _boosted(given, known, asked)

    found = [_held("constant", told.get("constant"), scored, scored.constant, charter)]
    after = scored.scores if plain and _is_default(trials, defaults) else boosted(known, test)
    if after is not None:
        asked = () if Budget.read(given.settings.search_budget).seconds is not None else folds
        loss = told["lightgbm"] if "lightgbm" in told else _over_folds(boosted, known, asked, charter.task)
        found.append(_held(BOOSTED, loss, scored, after, charter))
    for name in ("todays_rule", "expert_rule"):
        rule = partial(_ruled, name, given, policy)
        after = rule(known, test)
        if after is not None:
            found.append(_held(name, _over_folds(rule, known, folds, charter.task), scored, after, charter))
    return tuple(found)


def _over_folds(
    score: Callable[[Rows, Rows], Floats | None], known: Rows, folds: Sequence[Fold], task: str
) -> float | None:
    """The mean loss over folds, as trials have it; None without folds, or where nothing can be scored."""
    losses = []
    for fold in folds:
        train, test = (Rows(taken(known.frame, at), known.target[at]) for at in (fold.train, fold.test))
        scores = score(train, test)
        if scores is None:
            return None
        losses.append(mean_loss(task, test.target, scores))
    return math.fsum(losses) / len(losses) if losses else None


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
    learner = LEARNERS["lightgbm"]
    try:
        plan, matrix, _ = planned(learner.recipe, given, known)
    except InputError:  # the search has said so
        return None
    declared = constraints(settings.knowledge, plan, columns_of(given))
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
