"""Assignment: shares, stickiness, independence of the key."""

from __future__ import annotations

import pytest

from fullcycle.deployment.rollout import assign, check_route, control_salt
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.state import Route

from .bundles import route

SALT = control_salt("late-flights")


def test_the_control_share_is_met() -> None:
    controls = [assign(f"N{number}", route("r1", control=0.1), SALT)[0] == "control" for number in range(20_000)]
    assert abs(sum(controls) / len(controls) - 0.1) < 0.01


def test_an_entity_stays_where_it_is_when_the_release_changes_or_the_share_grows() -> None:
    entities = [f"N{number}" for number in range(2000)]
    small = {one for one in entities if assign(one, route("r1", control=0.05), SALT)[0] == "control"}
    large = {one for one in entities if assign(one, route("r2", control=0.2, generation=7), SALT)[0] == "control"}
    assert small < large


def test_propensities_are_those_of_the_variants() -> None:
    found = {assign(f"N{number}", route("r1", control=0.25), SALT) for number in range(100)}
    assert found == {("control", "r1", 0.25), ("champion", "r1", 0.75)}


def test_where_todays_rule_serves_there_is_no_control_group() -> None:
    assert assign("N1", Route(control=0.5), SALT) == ("champion", "", 1.0)


def test_a_project_draws_its_own_group() -> None:
    both = [
        [assign(f"N{number}", route("r1", control=0.5), control_salt(name))[0] for number in range(200)]
        for name in ("late-flights", "churn")
    ]
    assert both[0] != both[1]


def test_a_control_share_outside_0_and_1_is_refused() -> None:
    with pytest.raises(InputError, match="not a control share"):
        check_route(Route(control=1.0))
