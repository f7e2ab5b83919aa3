"""What the test rows say of a model: its figures, what else was seen of it, and what follows."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from fullcycle.development.baselines import baseline_gates, baselines
from fullcycle.development.chosen import Chosen, conformal_of
from fullcycle.development.clusters.differences import differences
from fullcycle.development.clusters.figures import assigned, cluster_figures, passed_by, structure
from fullcycle.development.clusters.profiles import profiles, telling
from fullcycle.development.evaluate import figures, score_rows
from fullcycle.development.evaluation import Evaluation, Seen, look
from fullcycle.development.evaluation import findings as evaluation_findings
from fullcycle.development.features import learnable
from fullcycle.development.fit import Final
from fullcycle.development.gates import gates
from fullcycle.development.table import Floats, Given, rows
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate
from fullcycle.predictor.policy import Policy


class Read(NamedTuple):
    """The test rows, read once.

    Attributes
    ----------
    figures : by name, with intervals.
    scores : of the test rows, (n,) or (n, outputs).
    policy : with the intervals or sets that held-out rows taught.
    findings : the gates, and what else was seen.
    """

    figures: dict[str, Estimate]
    scores: Floats
    policy: Policy
    evaluation: Evaluation
    findings: tuple[Finding, ...]


def read_test_rows(chosen: Chosen, given: Given, final: Final, policy: Policy, *, reading: int) -> Read:
    """What the test rows say of a model; *reading* tells how often they were read."""
    found = _clustered(chosen, given, final, policy) if chosen.held is None else _scored(chosen, given, final, policy)
    gated = gates(given.charter, found.figures, reading=reading, effects=found.evaluation.design_effects)
    beside = baseline_gates(found.evaluation.baselines, given.charter, reading=reading)
    return found._replace(findings=(*gated, *beside, *found.findings))


def _scored(chosen: Chosen, given: Given, final: Final, policy: Policy) -> Read:
    """A model that says something of an outcome, held against the outcomes."""
    charter, dataset, held = given.charter, given.dataset, chosen.held
    if held is None:
        raise ValueError("without an outcome nothing is scored")
    policy = msgspec.structs.replace(policy, conformal=conformal_of(chosen, charter.task, charter.confidence))
    frame, target = rows(dataset, charter.target, given.blobs, "test")
    scores = final.model.scores(final.plan.matrix(frame))
    scored = score_rows(frame, target, scores, known=final.known, charter=charter, classes=len(dataset.classes))
    seen = look(Seen(chosen.members, given, final, scored, held, policy))
    trials = chosen.trials if chosen.folds else ()  # losses of trials of another dataset say nothing here
    beside = baselines(given, policy, scored, trials, chosen.folds, plain=chosen.calibration.map is None)
    seen = msgspec.structs.replace(seen, baselines=beside)
    notes = evaluation_findings(seen, task=charter.task, confidence=charter.confidence)
    return Read(figures(scored, charter=charter, policy=policy), scores, policy, seen, notes)


def _clustered(chosen: Chosen, given: Given, final: Final, policy: Policy) -> Read:
    """A clustering, which no outcome can prove wrong: whether its clusters hold together, and what is in them."""
    known, test = assigned(final, given, "train", "validation"), assigned(final, given, "test")
    found = cluster_figures(chosen.members[0], final, given, known, test)
    columns = learnable(given.dataset.columns, given.charter)
    told = telling(given.dataset.columns, given.charter.entity)
    described = profiles(*(known.rows.frame, known.codes, told, final.model.outputs), rare=given.settings.features.rare)
    described = tuple(
        msgspec.structs.replace(
            it,
            differences=differences(
                *(test.rows.frame, test.codes == it.cluster, test.blocks, told, it),
                confidence=given.charter.confidence,
            ),
        )
        for it in described
    )
    unread = passed_by(columns, final.plan.inputs)
    return Read(found, test.scores, policy, Evaluation(clusters=described), (*structure(found), *unread))
