"""``fullcycle diff``."""

from __future__ import annotations

import click

from fullcycle.cli.session import Session, declare


@declare("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def command(session: Session, before: str, after: str) -> None:
    """Show what changed from record A to record B; of two datasets also in rows, schema, distribution and quality.

    A and B are kinds (charter, dataset, model, release, health, verdict) or the first digits of ids.
    """
    from fullcycle.kernel.record import kind_of
    from fullcycle.project.compare import compared

    first, second = session.record(before), session.record(after)
    session.progress("comparing", 0, 0)
    found = compared(first, second, session.project.blobs)
    kind, sentences = kind_of(second), found.sentences()
    session.tell(
        {"kind": kind, "before": first.id, "after": second.id, "difference": found, "sentences": sentences},
        f"{kind} {first.id[:12]} → {second.id[:12]}",
        *(f"  {sentence}" for sentence in sentences),
    )
