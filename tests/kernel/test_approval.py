"""Approvals: who signed which record, folded from a real journal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fullcycle.kernel.approval import approvals, missing
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run

WANTED = {"operations": ("ann", "bob"), "legal": ("cid",)}


@pytest.fixture
def sign(run: Run) -> Callable[..., None]:
    def write(name: str, record: str, answer: str = "approved", **facts: str) -> None:
        actor = Actor(kind="person", name=name, known_by="token")
        entry = Entry(
            scope=Scope(project="p"),
            actor=actor,
            verb="approve",
            at=run.clock.now(),
            inputs=(record,),
            facts={"answer": answer, **facts},
        )
        run.append(entry)

    return write


def test_the_last_answer_of_each_person_counts(run: Run, sign: Callable[..., None]) -> None:
    sign("ann", "r1", "refused", reason="too early")
    assert approvals(run.state.entries, "r1", run.scope.environment)["ann"].reason == "too early"
    sign("ann", "r1")
    sign("bob", "r1")
    answers = approvals(run.state.entries, "r1", run.scope.environment)
    assert {name: answer.answer for name, answer in answers.items()} == {"ann": "approved", "bob": "approved"}
    assert answers["ann"].actor.known_by == "token"
    assert answers["ann"].reason == ""


def test_a_changed_record_needs_a_new_signature(run: Run, sign: Callable[..., None]) -> None:
    sign("ann", "r1")
    sign("cid", "r1")
    assert missing(run.state.entries, "r1", WANTED, run.scope.environment) == {}
    assert missing(run.state.entries, "r2", WANTED, run.scope.environment) == WANTED


def test_one_member_suffices_and_a_refusal_undoes_it(run: Run, sign: Callable[..., None]) -> None:
    sign("bob", "r1")
    assert missing(run.state.entries, "r1", WANTED, run.scope.environment) == {"legal": ("cid",)}
    sign("ann", "r1", "refused")
    assert missing(run.state.entries, "r1", WANTED, run.scope.environment) == WANTED
    sign("ann", "r1")
    assert missing(run.state.entries, "r1", WANTED, run.scope.environment) == {"legal": ("cid",)}


def test_strangers_and_other_verbs_do_not_sign(run: Run, sign: Callable[..., None]) -> None:
    sign("eve", "r1")
    run.append(run.entry("note", inputs=("r1",), facts={"answer": "approved"}))
    assert missing(run.state.entries, "r1", WANTED, run.scope.environment) == WANTED
    assert missing(run.state.entries, "r1", {}, run.scope.environment) == {}


def test_a_signature_for_one_environment_does_not_count_in_another(run: Run, sign: Callable[..., None]) -> None:
    sign("ann", "r1")
    assert approvals(run.state.entries, "r1", run.scope.environment)
    assert not approvals(run.state.entries, "r1", "production")
