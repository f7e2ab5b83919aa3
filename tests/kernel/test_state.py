"""State: a fold over the journal, the same for who follows from the start and who comes late."""

from __future__ import annotations

import pytest

from fullcycle.kernel.errors import Conflict
from fullcycle.kernel.journal import verify
from fullcycle.kernel.record import Record, kind
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.state import Head, Route, Share, State, head_topic, route_topic
from fullcycle.kernel.verbs import Run


@kind("state_thing")
class Thing(Record, frozen=True, kw_only=True):
    name: str


ONE, TWO = Thing(name="one"), Thing(name="two")


def test_nothing_is_current_at_first(run: Run) -> None:
    assert run.state.head(run.scope, "data") == Head()
    assert run.state.heads(run.scope) == {}
    assert run.state.route(run.scope) == (Route(), 0)
    assert run.state.routes(run.scope) == []
    assert Route().champion == ""


def test_a_head_is_the_last_that_was_set(run: Run) -> None:
    run.set_head("data", ONE)
    run.set_head("development", ONE)
    run.set_head("data", TWO)
    assert run.state.head(run.scope, "data") == Head(TWO.id, 3)
    assert run.state.heads(run.scope) == {"data": TWO.id, "development": ONE.id}


def test_setting_what_is_set_writes_nothing(run: Run) -> None:
    run.set_head("data", ONE)
    run.set_head("data", ONE)
    assert verify(run.journal.read()) == 1


def test_scopes_do_not_see_each_other(run: Run) -> None:
    run.set_head("data", ONE)
    for other in (
        Scope(project="p", timeline="replay"),
        Scope(project="p", environment="production"),
        Scope(project="q"),
    ):
        assert run.state.head(other, "data") == Head()
        assert run.state.route(other) == (Route(), 0)


def test_who_comes_second_with_a_head_is_told(run: Run) -> None:
    topic = head_topic(run.scope, "data")
    run.set_head("data", ONE)
    with pytest.raises(Conflict, match=topic):
        run.append(run.entry("head", topic=topic, step="data", outputs=(TWO.id,)), expect=(topic, 0))
    assert run.state.refresh().head(run.scope, "data").record == ONE.id


def test_routes_count_up(run: Run) -> None:
    first = run.set_route(Route(shares=(Share(release="a", share=1.0),), reason="first"))
    canary = Route(shares=(Share(release="a", share=0.9), Share(release="b", share=0.1)), control=0.02)
    second = run.set_route(canary, inputs=("verdict",))
    assert (first.generation, second.generation) == (1, 2)
    assert run.state.route(run.scope) == (second, 2)
    assert run.state.routes(run.scope) == [first, second]
    assert second.champion == "a"


def test_who_comes_second_with_a_route_is_told(run: Run) -> None:
    run.set_route(Route(reason="ours"))
    topic = route_topic(run.scope)
    with pytest.raises(Conflict):
        run.append(run.entry("route", topic=topic, facts={"route": {"generation": 1}}), expect=(topic, 0))
    assert run.state.refresh().route(run.scope)[0].reason == "ours"


def test_following_and_coming_late_see_the_same(run: Run) -> None:
    follower = State(run.journal)
    for record in (ONE, TWO, ONE):
        run.set_head("scoping", record)
        run.set_route(Route(reason=record.name))
        follower.refresh()
    late = State(run.journal).refresh()
    assert follower.entries == late.entries == list(run.journal.read())
    assert follower.heads(run.scope) == late.heads(run.scope) == {"scoping": ONE.id}
    assert follower.routes(run.scope) == late.routes(run.scope)
    assert follower.refresh().entries == late.entries, "refreshing again reads nothing twice"
