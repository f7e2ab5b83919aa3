"""What a model is for, and what it is not for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fullcycle.development.card.facts import Facts
from fullcycle.document import Answer, Grid, declared, figure, span


def intended(facts: Facts) -> Iterator[Answer]:
    """The question, the decision, and who has a say; roles, since people are told nowhere."""
    charter = facts.charter
    yield declared("Which question does it answer?", charter.question)
    about = f"{charter.target} of one {charter.entity} at its {charter.time}, a {charter.task} task"
    classes = facts.dataset.classes
    yield declared("What does it predict?", about + (f": one of {', '.join(classes)}." if classes else "."))
    rule = ", ".join(f"{kind} {what}" for kind, what in charter.todays_rule.items())
    decided = f"One of {', '.join(charter.actions)}" if charter.actions else "The number itself"
    yield declared("What is decided by it?", f"{decided}. Today's rule: {rule or 'none'}.")
    changes = "The action changes the outcome." if charter.action_changes_outcome else "The action does not change it."
    known = f"The outcome is known after {span(timedelta(microseconds=charter.label_delay))}. {changes}"
    yield declared("When does the truth come?", known)
    if charter.volume_per_day is not None:
        yield declared("How often?", f"About {figure(charter.volume_per_day)} decisions a day.")
    roles = tuple((it.role, str(len(it.members)), ", ".join(it.approves)) for it in charter.stakeholders)
    if roles:
        yield Answer("Who has a say?", f"Roles: {len(roles)}.", "declared", Grid(("role", "people", "signs"), roles))
    else:
        yield declared("Who has a say?", "")


def limits(facts: Facts) -> Iterator[Answer]:
    """What it must not be used for, and what can go wrong."""
    charter, dataset = facts.charter, facts.dataset
    part = dataset.parts.get("test")
    until = f", and was tested on rows until {str(part.end)[:10]}" if part is not None else ""
    outside = (
        f"For rows like those of its data: it learned from what was known until {str(dataset.as_of)[:10]}{until}. "
        f"For other targets than {charter.target}, other entities than {charter.entity} and other times of prediction "
        "nothing is known of it."
    )
    yield Answer("For what is it not meant?", outside, "measured")
    yield declared("How much harm can a wrong decision do?", f"Risk class {charter.risk.level}. {charter.risk.reasons}")
    yield declared("Who watches over it, and can stop it?", charter.risk.oversight)
    yield declared("Where can a person affected turn?", charter.risk.appeal)
    capped = ", ".join(f"{action} at most {n:,} times" for action, n in charter.limits.actions_per_day.items())
    if capped:
        yield declared("What limits its decisions?", f"Each day: {capped}; the best rows first.")
    places = ", ".join(charter.limits.runs_on)
    if places:
        yield declared("Where may it run?", places)
    short = [finding for finding in facts.findings if finding.passed is False]
    text = "; ".join(f"{it.check.replace('_', ' ')} of {it.subject}" for it in short)
    yield Answer("Where does it fall short?", f"{text or 'Nothing that was checked fell short'}.", "measured")
