"""Scoping: what decision, for whom, worth what, within which limits, signed by whom?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import Refused
from fullcycle.kernel.finding import failed, sentence
from fullcycle.kernel.verbs import Observation, step
from fullcycle.measure.value import ValueTable
from fullcycle.predictor.policy import Decider, Policy
from fullcycle.scoping.charter import check_limits, check_supported, gates, todays_rule, value_table, volume_per_day
from fullcycle.scoping.feasibility import Known, feasibility, findings
from fullcycle.scoping.records import Charter
from fullcycle.scoping.settings import Scoping


class Past(Protocol):
    """What scoping reads of the past."""

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of every column."""
        ...

    def known(self, as_of: datetime, *, before: datetime, columns: Collection[str]) -> Known:
        """Rows of before *before* whose outcome was known at *as_of*, with *columns* at least."""
        ...


@step("scoping.make", version=3, libraries=("numpy", "polars", "scipy"), project_code=True)
def make(
    *,
    source: Observation,
    settings: Scoping,
    project: str,
    timezone: str,
    columns: Mapping[str, object],
    derived: Mapping[str, str],
    split: object,
    as_of: datetime,
    history: Past,
    until: Callable[[], datetime],
    values: ValueTable | None = None,
) -> Charter:
    """The Charter: the question, its values and gates, and what is known of it before any model.

    Parameters
    ----------
    source : the observation from which *history* reads.
    columns, derived, split : what *history* and *until* depend on, for the key.
    as_of : the past is read as it was known then.
    until : where the test period begins; later rows are not looked at.
    values : what the project's own function with ``@value`` says; by default what the section says.

    Raises
    ------
    InputError
        The section contradicts itself or the columns; the target has one class.
    """
    check_supported(settings)
    policy = Policy(
        task=settings.task,
        actions=settings.actions,
        values=values or value_table(settings),
        todays_rule=todays_rule(settings),
        limits=settings.limits.actions_per_day,
        zone=timezone,
        kinds=history.kinds,
        confidence=settings.confidence,
    )
    past = history.known(as_of, before=until(), columns=Decider(policy).columns)
    found = feasibility(past, policy=policy)
    return Charter(
        as_of=as_of,
        project=project,
        timezone=timezone,
        question=settings.question,
        task=settings.task,
        target=settings.target,
        entity=settings.entity,
        time=settings.time,
        label_delay=duration(settings.label_delay) // timedelta(microseconds=1),
        actions=settings.actions,
        todays_rule=policy.todays_rule,
        action_changes_outcome=settings.action_changes_outcome,
        volume_per_day=volume_per_day(settings.volume),
        confidence=settings.confidence,
        values=policy.values,
        gates=gates(settings),
        limits=check_limits(settings.limits),
        stakeholders=settings.stakeholders,
        risk=settings.risk,
        resources=settings.resources,
        feasibility=found,
        findings=findings(found, policy.values),
    )


def require_feasible(charter: Charter) -> None:
    """Stop where the question cannot be answered or a perfect answer would be worth nothing.

    Raises
    ------
    Refused
        Names the findings that say so.
    """
    if stops := failed(charter.findings):
        raise Refused(
            "the question is not feasible", place=f"charter {charter.id[:12]}", found="; ".join(map(sentence, stops))
        )
