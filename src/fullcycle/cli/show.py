"""``fullcycle show``."""

from __future__ import annotations

import json
from typing import Any

import click

from fullcycle.cli.clusters import cluster_lines, clusters_of
from fullcycle.cli.session import Session, declare


@declare("show")
@click.argument("record")
def command(session: Session, record: str) -> None:
    """Show a record. RECORD is a kind (charter, dataset, model, release, health, verdict) or the first digits of an id."""
    from fullcycle.cli.shown import lines
    from fullcycle.kernel.record import kind_of
    from fullcycle.project.measured import measured
    from fullcycle.project.selfcheck import erased_of

    found = session.record(record)
    noted = measured(session.state.entries, found.id)
    erased = erased_of(session.project.blobs, found)
    fields: dict[str, Any] = json.loads(found.canonical)
    described = clusters_of(session, found)
    document = {"id": found.id, "kind": kind_of(found), "record": fields, "measured": noted, "erased": erased}
    if described:
        document["clusters"] = described
    session.tell(
        document,
        f"{kind_of(found)} {found.id}",
        *(f"made from {parent}" for parent in found.parents),
        *(f"rows were erased from the {one} since" for one in erased),
        *([] if session.json else lines(session, found, noted)),
        *cluster_lines(described),
    )
