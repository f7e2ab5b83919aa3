"""From settings to the steps and rules of a rollout."""

from __future__ import annotations

import itertools
from datetime import timedelta

from fullcycle.deployment.advance import Rules
from fullcycle.deployment.settings import Deployment
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError
from fullcycle.scoping.records import Charter

STEPS = {"direct": (1.0,), "shadow": (0.0, 1.0), "canary": (0.01, 0.05, 0.25, 1.0), "ab": (0.5, 1.0)}
"""The shares by which a release of each strategy advances; 0 is shadow."""
_TICK = timedelta(microseconds=1)
_PLACE = "cycle.toml, [deployment]"


def steps_of(settings: Deployment) -> tuple[float, ...]:
    """The shares by which a release advances: those that were set, or those of its strategy.

    Raises
    ------
    InputError : they do not grow to 1, or are not steps of the strategy.

    Examples
    --------
    >>> steps_of(Deployment(strategy="canary"))
    (0.01, 0.05, 0.25, 1.0)
    >>> steps_of(Deployment(strategy="ab", steps=(0.3, 1.0)))
    (0.3, 1.0)
    """
    steps = settings.steps or STEPS[settings.strategy]
    grows = all(low < high for low, high in itertools.pairwise(steps))
    if not grows or steps[0] < 0 or steps[-1] != 1:
        raise _no_steps(steps, "shares that grow to 1, such as [0.01, 0.05, 0.25, 1.0]")
    if (settings.strategy == "direct") != (len(steps) == 1):
        raise _no_steps(steps, "[1.0] for strategy direct, and more than that for every other")
    if (settings.strategy == "shadow") != (steps[0] == 0):
        raise _no_steps(steps, "0 first for strategy shadow, and for no other")
    if settings.strategy == "ab" and len(steps) != 2:
        raise _no_steps(steps, "one share and 1 for strategy ab")
    return steps


def rules_of(settings: Deployment, charter: Charter, steps: tuple[float, ...]) -> Rules:
    """The rules of a rollout that begins now.

    A latency that is not set is that of the charter's limits.

    Raises
    ------
    InputError : a duration is none.
    """
    guards = settings.guardrails
    slowest = guards.latency_p99 or charter.limits.latency_p99
    return Rules(
        steps=steps,
        promote=settings.promote,
        errors=guards.errors,
        rejected_rows=guards.rejected_rows,
        latency_p99=None
        if slowest is None
        else duration(slowest, place=f"{_PLACE} guardrails.latency_p99").total_seconds(),
        value=guards.value,
        step_rows=settings.step_rows,
        step_time=_micros(settings.step_time, "step_time"),
        least_time=_micros(settings.least_time, "least_time"),
        undecided=_micros(settings.undecided, "undecided"),
    )


def _micros(text: str, name: str) -> int:
    return duration(text, place=f"{_PLACE} {name}") // _TICK


def _no_steps(steps: tuple[float, ...], expected: str) -> InputError:
    return InputError("not the steps of a rollout", place=f"{_PLACE} steps", found=list(steps), expected=expected)
