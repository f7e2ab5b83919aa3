"""The datasheet's content: questions and answers, each taken from a record or said to be missing.

The sections are those of Gebru et al. 2021, *Datasheets for Datasets*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fullcycle.data.records import Column, Dataset
from fullcycle.data.split.division import PARTS
from fullcycle.document import NOT_STATED, Answer, Grid, Known, Section, declared, findings_grid, span
from fullcycle.kernel.clock import instant
from fullcycle.kernel.finding import Finding
from fullcycle.scoping.records import Charter

BIAS = ("representation", "label_rate", "label_mean", "missing_by_group", "proxy", "proxy_feature")
PRIVACY = ("personal_data", "free_text", "k_anonymity", "l_diversity", "retention", "lawful_basis")


def sections(dataset: Dataset, charter: Charter, *, retention: str | None = None) -> tuple[Section, ...]:
    """All that the records say, in the order of a datasheet.

    Parameters
    ----------
    charter : of which the dataset was made: the question, the target, who is involved.
    retention : how long rows are kept, as declared.
    """
    return (
        Section("Motivation", tuple(_motivation(dataset, charter))),
        Section("Composition", tuple(_composition(dataset, charter))),
        Section("Collection", tuple(_collection(dataset))),
        Section("Preprocessing and cleaning", tuple(_cleaning(dataset))),
        Section("Uses", tuple(_uses(dataset, charter))),
        Section("Privacy", tuple(_privacy(dataset))),
        Section("Bias", (_found("Are groups of people treated alike?", dataset.findings, BIAS),)),
        Section("Distribution", tuple(_distribution(dataset, retention))),
        Section("Maintenance", tuple(_maintenance(dataset, charter))),
        Section("Findings", (_rest(dataset),)),
    )


def _motivation(dataset: Dataset, charter: Charter) -> Iterable[Answer]:
    yield declared("For what purpose was the dataset made?", charter.question)
    yield declared("For what purpose was its source collected?", _stated(dataset, "purpose"))
    actions = ", ".join(charter.actions)
    yield declared("What is decided with it?", actions)
    yield declared("Who owns the data?", _stated(dataset, "owner"))


def _composition(dataset: Dataset, charter: Charter) -> Iterable[Answer]:
    rows = sum(segment.rows for segment in dataset.table)
    span = f", from {dataset.table[0].period} to {dataset.table[-1].period}" if dataset.table else ""
    text = f"{rows:,} rows, each about one value of {charter.entity} at one value of {charter.time}{span}."
    yield Answer("What does a row stand for, and how many are there?", text, "measured")
    named = ((name, dataset.parts[name]) for name in PARTS if name in dataset.parts)
    parts = tuple((name, f"{part.rows:,}", _day(part.start), _day(part.end)) for name, part in named)
    yield Answer(
        "How are rows divided?", f"By {dataset.division.by}.", "measured", Grid(("part", "rows", "from", "to"), parts)
    )
    heads = ("column", "type", "unit", "known", "feature", "personal data", "missing")
    grid = Grid(heads, tuple(_column(dataset, column) for column in dataset.columns))
    yield Answer("What does a row consist of?", f"{len(dataset.columns)} columns.", "measured", grid)
    classes = f", which is one of {', '.join(dataset.classes)}" if dataset.classes else ""
    yield Answer("Is there a target?", f"{charter.target}{classes}." if charter.target else "No.", "declared")
    if dataset.derived:
        grid = Grid(("column", "expression"), tuple(dataset.derived.items()))
        yield Answer("Which columns are computed?", f"Columns: {len(dataset.derived)}.", "declared", grid)
    left = ", ".join(dataset.left_out) or "nothing"
    yield Answer("What was left out?", f"Of the sources' columns: {left}.", "measured")


def _collection(dataset: Dataset) -> Iterable[Answer]:
    heads = ("source", "location", "owner", "licence", "purpose", "lawful basis", "how collected")
    rows = tuple(
        tuple(
            text or NOT_STATED
            for text in (one.name, one.location, one.owner, one.licence, one.purpose, one.basis, one.collected)
        )
        for one in dataset.sources
    )
    known: Known = "missing" if any(NOT_STATED in row for row in rows) else "declared"
    yield Answer(
        "Where do the rows come from, and who answers for them?", f"Sources: {len(rows)}.", known, Grid(heads, rows)
    )
    text = f"Nothing that happened, or could be known, after {instant(dataset.as_of)}."
    yield Answer("Over what time were they collected?", text, "measured")


def _cleaning(dataset: Dataset) -> Iterable[Answer]:
    steps = tuple((one.step, one.column, f"{one.rows:,}", f"{one.cells:,}") for one in dataset.cleaning)
    grid = Grid(("step", "column", "rows", "cells"), steps) if steps else None
    text = f"Steps that touched something: {len(steps)}." if steps else "No step touched anything."
    yield Answer("What was cleaned?", text, "measured", grid)
    reasons = tuple((reason, f"{rows:,}") for reason, rows in dataset.turned_away.items())
    away = sum(dataset.turned_away.values())
    text = f"{away:,} rows stand in quarantine, as they came." if away else "No row was turned away."
    yield Answer("What was turned away?", text, "measured", Grid(("reason", "rows"), reasons) if reasons else None)


def _uses(dataset: Dataset, charter: Charter) -> Iterable[Answer]:
    of = f" of {charter.target}" if charter.target else ""
    yield Answer("What is it made for?", f"A {charter.task} model{of}.", "declared")
    later = [column.name for column in dataset.columns if column.known != "before"]
    text = (
        f"Not known when the prediction is made, so never a feature: {', '.join(later)}."
        if later
        else "Every column is known beforehand."
    )
    yield Answer("What must a user know?", text, "declared")
    gap = timedelta(microseconds=dataset.embargo)
    yield Answer("What separates the parts?", f"An embargo of {span(gap)}." if gap else "No embargo.", "measured")
    yield declared("What could go wrong for people?", charter.risk.reasons)
    yield declared("Where can a person affected turn?", charter.risk.appeal)


def _privacy(dataset: Dataset) -> Iterable[Answer]:
    rows = tuple((one.name, one.personal, one.because) for one in dataset.columns if one.personal not in ("", "no"))
    text = (
        f"Columns in the table that were decided to be personal: {len(rows)}."
        if rows
        else "No column in the table was decided to be personal."
    )
    yield Answer(
        "What was decided about personal data?",
        text,
        "declared",
        Grid(("column", "decision", "because"), rows) if rows else None,
    )
    yield _found("What was found?", dataset.findings, PRIVACY)


def _distribution(dataset: Dataset, retention: str | None) -> Iterable[Answer]:
    yield declared("Under which licence?", _stated(dataset, "licence"))
    yield declared("On which lawful basis is it processed?", _stated(dataset, "basis"))
    yield declared("How long are rows kept?", retention or "")


def _maintenance(dataset: Dataset, charter: Charter) -> Iterable[Answer]:
    yield Answer(
        "Which version is this?", f"Dataset {dataset.id}, as of {instant(dataset.as_of)}. It never changes.", "measured"
    )
    people = "; ".join(f"{one.role}: {', '.join(one.members)}" for one in charter.stakeholders if one.members)
    yield declared("Who is involved?", people)
    text = "'fullcycle erase ENTITY' takes a person's rows out of it, and names the models that learned from them."
    yield Answer("How is a person's data erased?", text, "declared")


def _rest(dataset: Dataset) -> Answer:
    others = {finding.check for finding in dataset.findings} - {*BIAS, *PRIVACY}
    return _found("What else was checked?", dataset.findings, sorted(others))


def _found(question: str, findings: Sequence[Finding], checks: Sequence[str]) -> Answer:
    told = [finding for finding in findings if finding.check in checks]
    if not told:
        return Answer(question, "No check of this kind found anything to tell.", "missing")
    failed = sum(finding.passed is False for finding in told)
    return Answer(question, f"Findings: {len(told)}; fell short: {failed}.", "measured", findings_grid(told))


def _column(dataset: Dataset, column: Column) -> tuple[str, ...]:
    known = (
        column.known
        if column.known in ("before", "after")
        else f"after {span(timedelta(microseconds=int(column.known)))}"
    )
    seen = dataset.profile.get(column.name)
    missing = f"{seen.missing:.2%}" if seen is not None else ""
    marks = [
        column.personal or ("undecided" if _suspected(dataset, column.name) else "none found"),
        *(["protected"] if column.protected else []),
        *(["quasi"] if column.quasi else []),
    ]
    return column.name, column.kind, column.unit, known, "yes" if column.feature else "no", ", ".join(marks), missing


def _suspected(dataset: Dataset, column: str) -> bool:
    """Whether a column seems to be personal, and nobody has decided yet."""
    return any(
        finding.check in ("personal_data", "free_text") and finding.subject == column and finding.passed is False
        for finding in dataset.findings
    )


def _stated(dataset: Dataset, fact: str) -> str:
    """What the sources say of a fact; with their names where they differ."""
    texts = {source.name: str(getattr(source, fact)) for source in dataset.sources if getattr(source, fact)}
    if len(set(texts.values())) == 1 and len(texts) == len(dataset.sources):
        return next(iter(texts.values()))
    return "; ".join(f"{name}: {text}" for name, text in texts.items())


def _day(at: object) -> str:
    return str(at)[:10]
