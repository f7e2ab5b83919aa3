"""Steps and rules as they are set, and those that cannot be followed."""

from __future__ import annotations

import msgspec
import pytest

from fullcycle.deployment.rules import rules_of, steps_of
from fullcycle.deployment.settings import Deployment, Guardrails
from fullcycle.kernel.errors import InputError
from fullcycle.scoping.settings import Limits
from served import charter


def test_steps_are_those_of_the_strategy_unless_they_are_set() -> None:
    found = {name: steps_of(Deployment(strategy=name)) for name in ("direct", "shadow", "canary", "ab")}
    assert found == {"direct": (1.0,), "shadow": (0.0, 1.0), "canary": (0.01, 0.05, 0.25, 1.0), "ab": (0.5, 1.0)}
    assert steps_of(Deployment(strategy="shadow", steps=(0.0, 0.1, 1.0))) == (0.0, 0.1, 1.0)


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        ("canary", (0.5, 0.1, 1.0)),
        ("canary", (0.1, 0.5)),
        ("canary", (1.0,)),
        ("canary", (0.0, 0.5, 1.0)),
        ("canary", (-0.1, 1.0)),
        ("direct", (0.5, 1.0)),
        ("shadow", (0.1, 1.0)),
        ("ab", (0.1, 0.5, 1.0)),
    ],
)
def test_steps_that_cannot_be_followed_are_refused(strategy: str, steps: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="not the steps of a rollout"):
        steps_of(msgspec.convert({"strategy": strategy, "steps": steps}, Deployment))


def test_a_latency_that_is_not_set_is_that_of_the_charter() -> None:
    limited = charter(limits=Limits(latency_p99="20ms"))
    steps = (0.5, 1.0)
    assert rules_of(Deployment(), limited, steps).latency_p99 == 0.02
    assert rules_of(Deployment(), charter(), steps).latency_p99 is None
    own = Deployment(guardrails=Guardrails(latency_p99="5ms", value=12.0), step_time="2h")
    found = rules_of(own, limited, steps)
    assert (found.latency_p99, found.value, found.step_time) == (0.005, 12.0, 7_200_000_000)
    with pytest.raises(InputError, match="not a duration"):
        rules_of(Deployment(least_time="soon"), charter(), steps)
