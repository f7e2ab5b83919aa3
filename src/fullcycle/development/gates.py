"""Release gates: the bound of a figure's interval against the charter's limit, never the figure itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from fullcycle.development.evaluate import GAIN, minus_constant
from fullcycle.development.fairness import figure as fairness_figure
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.finding import Finding
from fullcycle.measure.intervals import Estimate, at_confidence
from fullcycle.measure.metrics import METRICS
from fullcycle.measure.metrics.clusters import BETTER
from fullcycle.measure.tests import alpha_of
from fullcycle.scoping.records import Charter, Gate

SUBJECT = "test rows"


def gates(
    charter: Charter,
    figures: dict[str, Estimate],
    *,
    reading: int = 1,
    effects: Mapping[str, float] | None = None,
) -> tuple[Finding, ...]:
    """A finding for each release gate and each fairness limit of the charter.

    A gate passes where the whole interval does: its lower end for ``at_least``, its upper end for ``at_most``; for
    ``better_than_constant`` the interval of the paired difference must lie beyond nought. One that cannot be judged
    does not pass.

    Parameters
    ----------
    figures : on the test rows, with intervals at the charter's confidence.
    reading : which look at these test rows it is, 1 for the first. Whoever looks often enough passes by luck, so the
        k-th look is tested at α / (k (k + 1)), see :func:`fullcycle.measure.tests.alpha_of`: its intervals are wider.
    effects : design effect by figure, told beside the number of rows.

    Raises
    ------
    UnknownKey
        There is no figure of that name.
    InputError
        The figure is not for this task.
    """
    level = 1 - alpha_of(reading, 1 - charter.confidence)
    told = {name: at_confidence(it, charter.confidence, level) for name, it in figures.items()}
    found = [_gate(gate, charter, told) for gate in charter.gates]
    why = "fewer than two groups have rows enough"
    for limit in charter.limits.fairness:
        name = fairness_figure(limit.measure, limit.attribute)
        found.append(_judged(name, told, limit.at_most, "at_most", why=why))
    return tuple(_told(it, reading, level, effects or {}) for it in found)


def measured_gates(charter: Charter, seconds: float) -> tuple[Finding, ...]:
    """The limit of training time against the seconds it took on this machine: measured, so no record holds it.

    Raises InputError for a limit that is no duration.
    """
    if charter.limits.training is None:
        return ()
    limit = duration(charter.limits.training, place="cycle.toml, [scoping.limits] training") / timedelta(seconds=1)
    passed = seconds <= limit
    return (
        Finding(check="training", subject="model", value=seconds, limit=limit, rule="at_most", passed=passed, unit="s"),
    )


def _gate(gate: Gate, charter: Charter, figures: dict[str, Estimate]) -> Finding:
    _check_known(gate, charter, figures)
    if gate.rule == "better_than_constant" and gate.figure != GAIN:
        higher = (METRICS[gate.figure].better if gate.figure in METRICS else BETTER[gate.figure]) == "higher"
        return _judged(minus_constant(gate.figure), figures, 0.0, "more_than" if higher else "less_than")
    rule, limit = ("more_than", 0.0) if gate.rule == "better_than_constant" else (gate.rule, gate.limit)
    if limit is None:
        raise InputError(f"the gate on {gate.figure} has no limit", place=f"charter {charter.id[:12]}")
    return _judged(gate.figure, figures, limit, rule)


def _told(finding: Finding, reading: int, level: float, effects: Mapping[str, float]) -> Finding:
    """The finding with what its interval rests on."""
    if finding.value is None:
        return finding
    facts = {**finding.evidence, "reading": reading, "confidence": level}
    effect = effects.get(finding.check.removesuffix("_minus_constant"))
    if effect is not None:
        facts["design_effect"] = effect
    return msgspec.structs.replace(finding, evidence=facts)


def _check_known(gate: Gate, charter: Charter, figures: dict[str, Estimate]) -> None:
    place = "cycle.toml, [scoping.success]"
    if gate.rule not in ("at_least", "at_most", "better_than_constant"):
        raise UnknownKey(gate.rule, ("at_least", "at_most", "better_than_constant"), place=place, what="rule")
    if gate.figure in METRICS:
        if charter.task not in (tasks := METRICS[gate.figure].tasks):
            found, expected = charter.task, " or ".join(tasks)
            raise InputError(f"{gate.figure} is not for this task", place=place, found=found, expected=expected)
        if METRICS[gate.figure].better == "near" and gate.rule == "better_than_constant":
            raise InputError(f"{gate.figure} has no constant to beat", place=place, mend="use at_least or at_most")
    elif gate.figure in BETTER:
        if charter.task != "clustering":
            raise InputError(
                f"{gate.figure} is not for this task", place=place, found=charter.task, expected="clustering"
            )
        if gate.rule == "better_than_constant" and gate.figure != "silhouette":
            raise InputError(f"{gate.figure} has no constant to beat", place=place, mend="use at_least or at_most")
    elif gate.figure != GAIN:
        if gate.figure not in figures:
            raise UnknownKey(gate.figure, {*figures, *METRICS, GAIN}, place=place, what="figure")
        if gate.rule == "better_than_constant":
            raise InputError(f"{gate.figure} has no constant to beat", place=place, mend="use at_least or at_most")


def _judged(
    figure: str, figures: dict[str, Estimate], limit: float, rule: str, *, why: str = "undefined on these rows"
) -> Finding:
    found = figures.get(figure)
    if found is None:
        reason = "the value of decisions is unknown" if figure == GAIN else why
        return Finding(check=figure, subject=SUBJECT, limit=limit, rule=rule, passed=False, evidence={"reason": reason})
    evidence: dict[str, str | int | float | bool | None] = {"rows": found.n, "blocks": found.blocks}
    if found.low is None or found.high is None:
        evidence["reason"] = "no interval: too few blocks"
    return Finding(
        check=figure,
        subject=SUBJECT,
        value=found.point,
        low=found.low,
        high=found.high,
        limit=limit,
        rule=rule,
        passed=_holds(found, limit, rule),
        unit=found.unit,
        evidence=evidence,
    )


def _holds(found: Estimate, limit: float, rule: str) -> bool:
    if found.low is None or found.high is None:
        return False
    match rule:
        case "at_least":
            return found.low >= limit
        case "more_than":
            return found.low > limit
        case "at_most":
            return found.high <= limit
    return found.high < limit
