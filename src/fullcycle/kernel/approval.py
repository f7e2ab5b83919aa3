"""Approvals: who signed which record, as a fold over entries."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fullcycle.kernel.journal import Entry
from fullcycle.kernel.scope import Actor


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to a record. A changed record has another id and so needs a new one.

    >>> Approval(record="ab", actor=Actor(kind="person", name="ops@example.com", known_by="token"), answer="approved").answer
    'approved'
    """

    record: str
    actor: Actor
    answer: str  # approved | refused
    reason: str = ""


def approvals(entries: Iterable[Entry], record: str, environment: str) -> dict[str, Approval]:
    """The last answer of each person to *record* in *environment*: a signature for one does not count in another."""
    answers: dict[str, Approval] = {}
    for entry in entries:
        if entry.verb == "approve" and record in entry.inputs and entry.scope.environment == environment:
            facts = entry.facts
            answers[entry.actor.name] = Approval(
                record=record, actor=entry.actor, answer=str(facts["answer"]), reason=str(facts.get("reason", ""))
            )
    return answers


def missing(
    entries: Iterable[Entry], record: str, wanted: dict[str, tuple[str, ...]], environment: str
) -> dict[str, tuple[str, ...]]:
    """The roles whose signature *record* still lacks, with their members. One member signs for a role; who refuses stops it."""
    answers = approvals(entries, record, environment)
    signed = {name for name, answer in answers.items() if answer.answer == "approved"}
    refused = {name for name, answer in answers.items() if answer.answer == "refused"}
    return {role: members for role, members in wanted.items() if not signed & set(members) or refused & set(members)}
