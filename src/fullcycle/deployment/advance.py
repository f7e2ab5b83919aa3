"""Whether a rollout goes on: a pure function of where it stands, what was seen, and the rules it began with.

Live traffic and replays are judged by it alike. All of what was seen since the rollout began is judged anew each time, so there
is no state but the journal and the traffic; the tests are sequentially valid, so looking often does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from fullcycle.kernel.finding import Finding
from fullcycle.measure.betting import e_value, log_wealth, log_wealth_of_events
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.randomised import effect_sequence
from fullcycle.measure.sample_ratio import log_evidence

Floats: TypeAlias = NDArray[np.float64]
Move: TypeAlias = Literal["hold", "advance", "promote", "roll back", "alarm"]
PROMOTE = 0.05  # the chance of ever promoting what is no better (or worse than the margin)
ROLL_BACK = 0.01  # the chance of ever rolling back what is no worse, by all four guardrails together
GUARDRAILS = 4
MISMATCH = 0.0005  # the chance of ever alarming about groups that were drawn as they should be
SLOW = 0.01  # a p99 says that a row in a hundred may be slower
TIGHTEST = 5000  # rows of the smaller group at which the interval of value is tightest
FEWEST = 100  # rows of each group below which an asymptotic interval is not read


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a rollout is judged; the journal keeps those that it began with. Times are µs.

    Attributes
    ----------
    steps : shares, increasing to 1; 0 is shadow.
    promote : ``better``: only a challenger that is worth more; ``no_worse``: one not worth less by more than ``value``.
    errors, rejected_rows : share of rows on which the challenger may fail, or refuse the row, where the champion answers.
    latency_p99 : seconds, ``None`` where nothing is asked: not more rows in a hundred than the champion's may be slower.
    value : the margin of ``no_worse``: money per 1000 decisions, or loss where there are no values.
    step_rows, step_time : what the challenger must have answered, and for how long, before a step ends.
    least_time : how long a rollout lasts at least; a week has every weekday.
    undecided : after how long people are told that it does not end.
    """

    steps: tuple[float, ...]
    promote: Literal["better", "no_worse"] = "better"
    errors: float = 0.001
    rejected_rows: float = 0.001
    latency_p99: float | None = None
    value: float = 0.0
    step_rows: int = 300
    step_time: int = 0
    least_time: int = 0
    undecided: int = 2**62


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rollout stands: the place of its step, when it began, and when the step did, in µs UTC."""

    champion: str
    challenger: str
    step: int
    begun: int
    stepped: int


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What the decisions whose outcome is known tell of the challenger's value, (n,) each, in the order of time.

    Attributes
    ----------
    told, weight : see `fullcycle.measure.randomised.residuals`; of a shadow paired differences and ones.
    entity, day : codes of what is not independent.
    rows : decisions of the smaller group.
    unit : of value.
    """

    told: Floats
    weight: Floats
    entity: NDArray[np.int64]
    day: NDArray[np.int64]
    rows: int
    unit: str


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen since a rollout began, in the order in which it was answered.

    Attributes
    ----------
    now : µs UTC.
    rows : rows that the challenger was asked in this step.
    errors, rejected : (n,) for each row that it was asked, 1 where it failed, or refused what the champion answered.
    seconds : (n, 2) of rows answered one after the other, those of challenger and champion.
    exposures : share of the challenger, and entities first met under it: the champion's and the challenger's.
    worth : ``None`` where decisions have no value that could be told.
    """

    now: int
    rows: int
    errors: Floats
    rejected: Floats
    seconds: Floats
    exposures: tuple[tuple[float, int, int], ...] = ()
    worth: Worth | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, the check that says so, and everything that was checked."""

    move: Move
    reason: str
    findings: tuple[Finding, ...]


def advance(state: Rollout, seen: Observations, rules: Rules) -> Judged:
    """Hold, advance, promote, roll back or alarm.

    A guardrail that is broken rolls back. Groups of a wrong size alarm and stop every advance. A step ends after its rows and its
    time; the last one before everything also waits for the value that ``promote`` asks for.

    Examples
    --------
    >>> rules = Rules(steps=(0.01, 1.0), step_rows=3)
    >>> state = Rollout(champion="a", challenger="b", step=0, begun=0, stepped=0)
    >>> none = np.zeros(3)
    >>> seen = Observations(now=1, rows=3, errors=none, rejected=none, seconds=np.empty((0, 2)))
    >>> advance(state, seen, rules).move
    'promote'
    >>> advance(state, msgspec.structs.replace(seen, errors=np.ones(6)), rules).reason
    'errors'
    """
    guards = tuple(_guardrails(seen, rules))
    value = () if seen.worth is None else tuple(_value(seen.worth, rules))
    ratio = sample_ratio(seen)
    findings = (*guards, *value, *ratio)
    for finding in (*guards, *value):
        if finding.severity == "reject" and finding.passed is False:
            return Judged(move="roll back", reason=finding.check, findings=findings)
    if any(finding.passed is False for finding in ratio):
        return Judged(move="alarm", reason="sample_ratio", findings=findings)
    if seen.rows < rules.step_rows or seen.now - state.stepped < rules.step_time:
        return _waiting(state, seen, rules, "step", findings)
    if state.step + 2 < len(rules.steps):
        return Judged(move="advance", reason=f"step {state.step + 2} of {len(rules.steps)}", findings=findings)
    if seen.now - state.begun < rules.least_time:
        return _waiting(state, seen, rules, "time", findings)
    if any(finding.check == "value" and finding.passed is not True for finding in value):
        return _waiting(state, seen, rules, "value", findings)
    return Judged(move="promote", reason=rules.promote if value else "guardrails", findings=findings)


def sample_ratio(seen: Observations) -> tuple[Finding, ...]:
    """Whether the groups have the sizes they were drawn with, periods of each share together.

    >>> seen = Observations(now=0, rows=0, errors=np.empty(0), rejected=np.empty(0), seconds=np.empty((0, 2)),
    ...     exposures=((0.5, 900, 600),))
    >>> sample_ratio(seen)[0].passed
    False
    """
    periods = [(share, counts) for share, *counts in seen.exposures if 0 < share < 1]
    if not periods:
        return ()
    evidence = math.fsum(log_evidence(counts, (1 - share, share)) for share, counts in periods)
    drawn = sum(sum(counts) for _, counts in periods)
    met = sum(counts[1] for _, counts in periods)
    return (
        Finding(
            check="sample_ratio",
            subject="challenger",
            value=met / drawn if drawn else None,
            passed=evidence < math.log(1 / MISMATCH),
            severity="warn",
            evidence={
                "e_value": _shown(evidence),
                "most": 1 / MISMATCH,
                "entities": drawn,
                "expected": math.fsum(share * sum(counts) for share, counts in periods) / drawn if drawn else None,
            },
        ),
    )


def _guardrails(seen: Observations, rules: Rules) -> Iterator[Finding]:
    for check, events, limit in (
        ("errors", seen.errors, rules.errors),
        ("rejected_rows", seen.rejected, rules.rejected_rows),
    ):
        share = math.fsum(events.tolist()) / len(events) if len(events) else None
        yield _guardrail(check, share, limit, e_value(log_wealth_of_events(events, limit)), len(events))
    if rules.latency_p99 is not None and len(seen.seconds):
        slow = (seen.seconds > rules.latency_p99).astype(np.float64)
        more = slow[:, 0] - slow[:, 1]
        found = e_value(log_wealth((more + 1) / 2, (SLOW + 1) / 2))
        yield _guardrail("latency_p99", math.fsum(more.tolist()) / len(more), SLOW, found, len(more))


def _guardrail(check: str, value: float | None, limit: float, found: float, rows: int) -> Finding:
    """A share held against its limit: it fails where wealth has shown that it is above."""
    most = GUARDRAILS / ROLL_BACK
    return Finding(
        check=check,
        subject="challenger",
        value=value,
        limit=limit,
        rule="at_most",
        passed=found < most,
        severity="reject",
        evidence={"e_value": found, "most": most, "rows": rows},
    )


def _value(worth: Worth, rules: Rules) -> Iterator[Finding]:
    """Value may not be shown to be lower (``value_loss``), and must be shown to be as high as ``promote`` asks (``value``)."""
    margin = rules.value if rules.promote == "no_worse" else 0.0
    for check, alpha, severity in (("value_loss", 2 * ROLL_BACK / GUARDRAILS, "reject"), ("value", PROMOTE, "warn")):
        found = _effect(worth, rules, alpha)
        yield Finding(
            check=check,
            subject="challenger",
            value=found.point if found.n else None,
            low=found.low,
            high=found.high,
            limit=-margin,
            rule="at_least",
            passed=_told(check, found, margin),
            severity="reject" if severity == "reject" else "warn",
            unit=worth.unit,
            evidence={"rows": worth.rows},
        )


def _told(check: str, found: Estimate, margin: float) -> bool | None:
    if found.low is None or found.high is None:
        return None
    if check == "value_loss":
        return bool(found.high >= -margin)
    return bool(found.low > -margin)


def _effect(worth: Worth, rules: Rules, alpha: float) -> Estimate:
    if worth.rows < FEWEST:
        return Estimate(point=0.0, unit=worth.unit, n=0)
    share = rules.steps[-2]
    clusters = (worth.entity, worth.day)
    tightest = TIGHTEST / share if share else TIGHTEST
    return effect_sequence(worth.told, worth.weight, clusters, alpha=alpha, optimal_n=tightest, unit=worth.unit)


def _waiting(state: Rollout, seen: Observations, rules: Rules, reason: str, findings: tuple[Finding, ...]) -> Judged:
    late = seen.now - state.begun >= rules.undecided
    return Judged(move="alarm" if late else "hold", reason="undecided" if late else reason, findings=findings)


def _shown(log_evidence: float) -> float:
    return float(f"{math.exp(min(log_evidence, 700.0)):.6g}")
