"""``fullcycle run``."""

from __future__ import annotations

import click

from fullcycle.cli.develop import tracking_lines, tracking_of
from fullcycle.cli.figures import figure
from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

STAGES = (
    "scoping",
    "data",
    "development",
    "deployment",
    "monitoring",
    "business",
)  # as project.stages has them, which loads more
_ALIKE = {
    "scope": "scoping",
    "develop": "development",
    "deploy": "deployment",
    "monitor": "monitoring",
    "review": "business",
}


@declare("run")
@click.option("--to", default="business", metavar="STAGE", help=f"The last stage to run: {', '.join(STAGES)}.")
def command(session: Session, to: str) -> None:
    """Run every stage whose inputs changed, in order; in production it stops before a new release while one serves."""
    to = _ALIKE.get(to, to)
    if to not in STAGES:
        from fullcycle.kernel.errors import UnknownKey

        raise UnknownKey(to, STAGES, place="--to", what="stage")
    if STAGES.index(to) >= STAGES.index("deployment"):
        session.allowed("deploy")
    before = session.state.entries[-1].position if session.state.entries else 0
    records = session.cycle.turn(to)
    fresh = {id for entry in session.project.journal.read(before) if entry.verb == "step" for id in entry.outputs}
    made = {kind: "made" if record.id in fresh else "reused" for kind, record in records.items()}
    zone = session.project.settings.project.timezone
    rows = [(kind, record.id[:12], made[kind], figure(record, zone)) for kind, record in records.items()]
    stopped = STAGES.index(to) >= STAGES.index("deployment") and "release" not in records
    logged = tracking_of(session, records["model"]) if "model" in records else None
    session.tell(
        {
            "records": {kind: record.id for kind, record in records.items()},
            "done": made,
            **({"mlflow": logged} if logged is not None else {}),
        },
        *aligned(rows),
        *tracking_lines(logged),
        *(["a release serves in production: 'fullcycle deploy' puts this model in its place"] if stopped else []),
    )
