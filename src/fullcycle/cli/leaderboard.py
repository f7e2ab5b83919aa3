"""``fullcycle leaderboard``."""

from __future__ import annotations

import click

from fullcycle.cli.session import Session, declare


@declare("leaderboard")
@click.argument("model", default="model", metavar="[MODEL]")
def command(session: Session, model: str) -> None:
    """Show every trial behind a model, best first. MODEL is the first digits of an id; by default the current model."""
    from fullcycle.cli.shown.model import leaderboard_lines
    from fullcycle.development.board import leaderboard
    from fullcycle.project.measured import seconds

    found = session.model(model)
    board = leaderboard(found, session.project.blobs, seconds(session.state.entries))
    session.tell(
        {"model": found.id, "task": found.task, "trials": board},
        f"model {found.id[:12]}, {len(board)} trials; {'RMSE' if found.task == 'regression' else 'log loss'}, lower is better",
        *leaderboard_lines(board),
    )
