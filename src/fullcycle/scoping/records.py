"""What scoping hands on: the Charter."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from fullcycle.kernel.finding import Finding
from fullcycle.kernel.record import Record, kind
from fullcycle.measure.intervals import Estimate
from fullcycle.measure.value import ValueTable
from fullcycle.scoping.settings import Limits, Resources, Risk, Stakeholder


class Gate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release gate: the bound of a figure's interval against a limit.

    Attributes
    ----------
    figure : a metric's name, or ``gain_per_1000``.
    rule : ``at_least``, ``at_most`` or ``better_than_constant``.
    """

    figure: str
    rule: str
    limit: float | None = None


class Feasibility(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known before any model, from rows before the test period.

    Attributes
    ----------
    rows, void : rows whose outcome is known; rows whose outcome never came. For clustering: all rows, and none.
    base : base rate of a binary target, mean of a regression target; None for clustering.
    shares : share of each class.
    worth : money per 1000 decisions of today's rule, each constant action and perfect foresight.
    break_even : the probability from which the first action pays (binary, two actions, plain amounts).
    """

    rows: int
    void: int
    base: Estimate | None = None
    shares: dict[str, float] = {}
    worth: dict[str, Estimate] = {}
    break_even: float | None = None


@kind("charter")
class Charter(Record, frozen=True, kw_only=True):
    """What decision, for whom, worth what, within which limits, signed by whom.

    Attributes
    ----------
    as_of : the past was read as it was known then.
    target : empty for clustering.
    label_delay : microseconds until an outcome is known.
    volume_per_day : expected decisions a day.
    """

    as_of: datetime
    project: str
    timezone: str
    question: str
    task: str
    target: str
    entity: str
    time: str
    label_delay: int
    actions: tuple[str, ...]
    todays_rule: dict[str, str | float]
    action_changes_outcome: bool
    volume_per_day: float | None
    confidence: float
    values: ValueTable
    gates: tuple[Gate, ...]
    limits: Limits
    stakeholders: tuple[Stakeholder, ...]
    risk: Risk
    resources: Resources
    feasibility: Feasibility
    findings: tuple[Finding, ...] = ()
