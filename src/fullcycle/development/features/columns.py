"""Which columns may become features, and what of those is left out."""

from __future__ import annotations

from collections.abc import Sequence

from fullcycle.data.records import Column
from fullcycle.development.features.draft import Dropped
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Charter

SHOWN = 20  # features that a note names, at most


def learnable(columns: tuple[Column, ...], charter: Charter) -> tuple[Column, ...]:
    """The columns known before the prediction, and which of them are features: never the target or the entity.

    The time of the prediction is one: not as it is, for it only grows, but its calendar is (see ``features.calendar``).
    """
    feature = {column.name: column.feature for column in columns}
    feature |= {charter.target: False, charter.entity: False, charter.time: True}
    return tuple(
        Column(name=it.name, kind=it.kind, known=it.known, feature=feature[it.name], unit=it.unit)
        for it in columns
        if it.known == "before"
    )


def left_out(columns: tuple[Column, ...], plan: Plan) -> tuple[Finding, ...]:
    """A note for each column of text of which the plan makes nothing: the settings say so, or no term is frequent enough.

    >>> note = Column(name="note", kind="text", known="before", feature=True)
    >>> [it.subject for it in left_out((note,), Plan(inputs=(), operations=(), features=()))]
    ['note']
    """
    read = {column.name for column in plan.inputs}
    return tuple(
        Finding(check="left_out", subject=column.name, severity="note", evidence={"kind": "text"})
        for column in columns
        if column.feature and column.kind == "text" and column.name not in read
    )


def without(dropped: Sequence[Dropped]) -> tuple[Finding, ...]:
    """A note for each reason for which the plan does without features, with their number and the first of them.

    >>> [(note.subject, note.value, dict(note.evidence)) for note in without([Dropped("b", "duplicate", "a")])]
    [('duplicate', 1.0, {'b': 'a'})]
    """
    reasons: dict[str, list[Dropped]] = {}
    for one in dropped:
        reasons.setdefault(one.reason, []).append(one)
    return tuple(
        Finding(
            check="features_dropped",
            subject=reason,
            value=float(len(found)),
            severity="note",
            evidence={one.feature: one.detail for one in found[:SHOWN]},
        )
        for reason, found in reasons.items()
    )
