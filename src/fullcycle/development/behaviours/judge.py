"""What behavioural tests find of a fitted model: the share of rows that behave, with examples of those that do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fullcycle.development.behaviours.checks import Check, Prepared
from fullcycle.development.table import Floats
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.contract import Contract
from fullcycle.predictor.formats import ModelFormat
from fullcycle.predictor.parity import parsed_frame
from fullcycle.predictor.plan import Plan
from fullcycle.predictor.policy import Decider, Policy

EXAMPLES = 3  # of rows that fail, in a finding
_ROUNDING = 1e-9  # by which a score may move where it must not
_KINDS = ("minimum_functionality", "invariance", "direction")
Names = NDArray[np.str_]


def judge(
    prepared: Sequence[Prepared], plan: Plan, model: ModelFormat, *, contract: Contract, policy: Policy
) -> tuple[Finding, ...]:
    """A finding for each kind of check of each test, in their order.

    A test none of whose rows could be changed as it wants fails: it shows nothing.
    """
    decider = Decider(policy)
    found: list[Finding] = []
    for it in prepared:
        scored = _Scored(it.checks, plan, model, contract, decider)
        kinds = [kind for kind in _KINDS if any(check.kind == kind for check in it.checks)]
        found += [_finding(it, kind, scored) for kind in kinds]
        if not it.checks:
            found.append(_nothing(it))
    return tuple(found)


class _Scored:
    """The checks of a test with their rows' scores and decisions; the rows before, where there are any, likewise."""

    def __init__(
        self, checks: Sequence[Check], plan: Plan, model: ModelFormat, contract: Contract, decider: Decider
    ) -> None:
        rows = [check.row for check in checks] + [check.before or check.row for check in checks]
        self.classes = decider.policy.values.classes if decider.policy.task == "multiclass" else ()
        if not rows:
            return
        frame = parsed_frame(rows, contract)
        scores = model.scores(plan.matrix(frame))
        self.after, self.before = scores[: len(checks)], scores[len(checks) :]
        wanted = any(check.decision is not None for check in checks)
        self.decisions = decider.decide(self.after, frame.head(len(checks))).tolist() if wanted else []

    def failure(self, check: Check, place: int, prepared: Prepared) -> str:
        """How a row fails its check; empty where it passes."""
        test = prepared.behaviour.test
        columns = [self.classes.index(test.of)] if test.of else slice(None)
        after, before = (np.atleast_1d(it[place])[columns] for it in (self.after, self.before))
        if not (np.isfinite(after).all() and np.isfinite(before).all()):
            return f"{check.place}: no score"
        if check.before is None:
            return self._alone(check, place, after)
        moved = after - before
        match check.expect:
            case "same":
                fine = bool((np.abs(moved) <= test.by + _ROUNDING).all())
                expected = f"the same within {test.by:g}" if test.by else "the same"
            case "up":
                fine, expected = bool(moved[0] >= test.by), f"up by {test.by:g} or more" if test.by else "not down"
            case _:
                fine, expected = bool(-moved[0] >= test.by), f"down by {test.by:g} or more" if test.by else "not up"
        return "" if fine else f"{check.place}: score {_shown(before)} becomes {_shown(after)}, expected {expected}"

    def _alone(self, check: Check, place: int, score: Floats) -> str:
        if check.decision is not None and self.decisions[place] != check.decision:
            return f"{check.place}: decision {self.decisions[place]}, expected {check.decision}"
        if check.at_least is not None and score[0] < check.at_least:
            return f"{check.place}: score {_shown(score)}, expected at least {check.at_least:g}"
        if check.at_most is not None and score[0] > check.at_most:
            return f"{check.place}: score {_shown(score)}, expected at most {check.at_most:g}"
        return ""


def _finding(prepared: Prepared, kind: str, scored: _Scored) -> Finding:
    test = prepared.behaviour.test
    told = [scored.failure(check, place, prepared) for place, check in enumerate(prepared.checks) if check.kind == kind]
    failures = [text for text in told if text]
    evidence: dict[str, str | int | float | bool | None] = {"rows": len(told), "failed": len(failures)}
    if prepared.skipped:
        evidence["skipped"] = prepared.skipped
    evidence |= {f"failure_{number}": text for number, text in enumerate(failures[:EXAMPLES], 1)}
    share = (len(told) - len(failures)) / len(told)
    return Finding(
        check=kind,
        subject=prepared.behaviour.name,
        value=share,
        limit=test.pass_rate,
        rule="at_least",
        passed=share >= test.pass_rate,
        severity=test.severity,
        unit="of rows",
        evidence=evidence,
    )


def _nothing(prepared: Prepared) -> Finding:
    test = prepared.behaviour.test
    kind = "invariance" if test.expect == "same" else "direction"
    evidence: dict[str, str | int | float | bool | None] = {
        "rows": 0,
        "skipped": prepared.skipped,
        "reason": "no row could be changed as the test wants",
    }
    name = prepared.behaviour.name
    return Finding(check=kind, subject=name, passed=False, severity=test.severity, evidence=evidence)


def _shown(score: Floats) -> str:
    return ", ".join(f"{number:.4g}" for number in score.tolist())
