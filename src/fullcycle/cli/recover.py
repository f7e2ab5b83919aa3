"""``fullcycle recover``."""

from __future__ import annotations

from pathlib import Path

import click

from fullcycle.cli.session import Session, declare


@declare("recover")
@click.argument("folder", type=click.Path(path_type=Path))
def command(session: Session, folder: Path) -> None:
    """Take over what a lost replica logged; FOLDER is its traffic folder. Again, it changes nothing."""
    from fullcycle.traffic.recover import recover
    from fullcycle.traffic.schema import scope_folder

    project = session.project
    found = recover(scope_folder(folder, project.scope), scope_folder(project.traffic_root, project.scope))
    session.tell(
        {"segments": found.segments, "decisions": found.decisions, "outcomes": found.outcomes},
        f"{found.segments} segments of the log, {found.decisions} decisions and {found.outcomes} outcomes taken over",
    )
