"""``fullcycle stream``."""

from __future__ import annotations

import click

from fullcycle.cli.session import Session, declare


@declare("stream")
@click.option(
    "--from", "source", required=True, metavar="URL", help="kafka://HOST/TOPIC or nats://HOST/SUBJECT of the rows."
)
@click.option("--to", "target", required=True, metavar="URL", help="Where the answers go.")
@click.option("--dead", default="", metavar="URL", help="Where goes what cannot be answered; by default TO.dead.")
@click.option("--group", default="", metavar="NAME", help="Under which name the broker remembers how far was read.")
@click.option("--in-flight", default=500, show_default=True, type=click.IntRange(min=1), help="Messages at a time.")
def command(session: Session, source: str, target: str, dead: str, group: str, in_flight: int) -> None:
    """Answer the messages of a broker, as the service would, until SIGTERM. Each is answered at least once, to one decision."""
    from fullcycle.deployment.stream import stream

    def ready() -> None:
        session.progress(f"answering {source.rpartition('@')[2]}", 0, 0)

    found = stream(
        session.project.serving_path, source, target, dead=dead, group=group, in_flight=in_flight, ready=ready
    )
    session.tell(
        {"answered": found.answered, "again": found.again, "rejected": found.rejected},
        f"{found.answered} messages answered, {found.again} of them before; {found.rejected} went to the dead letters",
    )
