"""``fullcycle trace``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.project.lineage import Made
    from fullcycle.traffic.read import Traced


@declare("trace")
@click.argument("id")
def command(session: Session, id: str) -> None:
    """Show where a record or a prediction came from, back to the question. ID is that of a record, a kind, or a prediction."""
    from fullcycle.kernel.errors import RecordUnknown

    try:
        start, answer = session.record(id).id, None
    except RecordUnknown:
        answer = _answer(session, id)
        start = answer.decision.release
    made = _lineage(session, start)
    session.tell(
        {"prediction": answer, "lineage": made}, *(_answer_lines(answer) if answer else ()), *_lineage_lines(made)
    )


def _answer(session: Session, id: str) -> Traced:
    from fullcycle.traffic.read import Traffic

    return Traffic(session.project.traffic_root, session.project.scope).decision(id)


def _lineage(session: Session, id: str) -> list[Made]:
    from fullcycle.project.lineage import lineage

    return lineage(session.project.blobs, session.state.entries, id) if id else []


def _answer_lines(answer: Traced) -> list[str]:
    from fullcycle.traffic.schema import moment

    decision = answer.decision
    score = "none" if decision.score is None else f"{decision.score:.4g}"
    lines = [
        f"prediction {decision.id}",
        f"  decided {decision.action} at {moment(decision.at):%Y-%m-%d %H:%M:%S} UTC, score {score}",
        f"  {decision.variant} with probability {decision.propensity:g}",
        f"  row {decision.row}",
        f"  outcome {answer.status}" + ("" if answer.counts else ", and a later answer counts instead"),
    ]
    for one in answer.outcomes:
        lines.append(
            f"  {one.status} at {moment(one.received):%Y-%m-%d %H:%M} UTC {one.reason or one.row or one.actual}"
        )
    return lines


def _lineage_lines(made: list[Made]) -> list[str]:
    return (
        aligned(
            [
                (
                    "  " * one.depth + one.kind,
                    one.id[:12],
                    one.step,
                    f"{one.at:%Y-%m-%d %H:%M}" if one.at else "",
                    "" if one.seconds is None else f"{one.seconds:.2f} s",
                    one.by,
                    "reads " + ", ".join(seen[:12] for seen in one.observed) if one.observed else "",
                )
                for one in made
            ]
        )
        if made
        else []
    )
