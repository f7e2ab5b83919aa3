"""``fullcycle show``."""

from __future__ import annotations

import json
from typing import Any

import click

from fullcycle.cli.clusters import cluster_lines, clusters_of
from fullcycle.cli.output import finding_lines
from fullcycle.cli.session import Session, declare


@declare("show")
@click.argument("record")
def command(session: Session, record: str) -> None:
    """Show a record in full. RECORD is a kind (charter, dataset, model, release, health, verdict) or the first digits of an id."""
    from fullcycle.kernel.record import kind_of
    from fullcycle.loop.gates import measured
    from fullcycle.project.selfcheck import erased_of

    found = session.record(record)
    noted = measured(session.state, found.id)
    erased = erased_of(session.project.blobs, found)
    fields: dict[str, Any] = json.loads(found.canonical)
    described = clusters_of(session, found)
    document = {"id": found.id, "kind": kind_of(found), "record": fields, "measured": noted, "erased": erased}
    if described:
        document["clusters"] = described
    said = {name: value for name, value in fields.items() if name not in ("kind", "version", "parents", "findings")}
    findings = (*getattr(found, "findings", ()), *noted)
    session.tell(
        document,
        f"{kind_of(found)} {found.id}",
        *(f"made from {parent}" for parent in found.parents),
        *(f"rows were erased from the {one} since" for one in erased),
        *json.dumps(said, indent=2, ensure_ascii=False).splitlines(),
        *cluster_lines(described),
        *(finding_lines(findings) if findings else ()),
    )
