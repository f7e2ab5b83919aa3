"""A model for people: its figures, what it was chosen from, what drives it and where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fullcycle.cli.figures import shown
from fullcycle.cli.output import aligned, number

if TYPE_CHECKING:
    from fullcycle.cli.session import Session
    from fullcycle.development.board import Place
    from fullcycle.development.evaluation import Evaluation
    from fullcycle.development.records import Model

TRIALS, SLICES, COLUMNS = 10, 3, 8  # that are told to people; JSON, card and leaderboard hold them all


def model_lines(session: Session, model: Model) -> Iterator[str]:
    """What is told of a model after its findings."""
    from fullcycle.development.board import leaderboard
    from fullcycle.development.evaluation import evaluation_of
    from fullcycle.project.measured import rebuilt, seconds

    entries = session.state.entries
    yield from ("", "figures of the test rows, with their intervals")
    yield from aligned(
        [
            (f"  {name}", shown(it), f"{it.n:,} rows in {it.blocks:,} blocks")
            for name, it in sorted(model.figures.items())
        ]
    )
    board = leaderboard(model, session.project.blobs, seconds(entries))
    yield from ("", f"leaderboard, {min(TRIALS, len(board))} of {len(board)} trials and the baselines")
    yield from (f"  {line}" for line in leaderboard_lines([it for it in board if it.place <= TRIALS or it.note]))
    yield from _seen(evaluation_of(model, session.project.blobs))
    yield ""
    yield f"fitted on {model.trained_rows:,} rows with seed {model.seed}, kept as {model.format} {model.fitted[:12]}"
    tried = rebuilt(entries, model.id)
    for at, same in tried[-1:]:
        yield f"made again on {at:%Y-%m-%d %H:%M} UTC: {'the same model' if same else 'something else came out'}"
    if not tried:
        yield f"'fullcycle develop --verify {model.id[:12]}' makes it again; 'fullcycle export card' writes its card"


def leaderboard_lines(board: Sequence[Place]) -> list[str]:
    """Trials as a table."""
    from fullcycle.development.card.training import parameters_text

    rows = [
        (
            str(it.place),
            it.learner,
            number(it.loss) + ("" if it.error is None else f" ± {number(it.error)}"),
            "" if it.seconds is None else f"{it.seconds:.1f} s",
            it.note,
            parameters_text(it.parameters),
        )
        for it in board
    ]
    return aligned([("place", "learner", "loss", "took", "note", "parameters"), *rows])


def _seen(found: Evaluation) -> Iterator[str]:
    if found.importances:
        yield from ("", "columns by how much the loss grows without them")
        yield from aligned([(f"  {it.column}", shown(it.loss)) for it in found.importances[:COLUMNS]])
    if found.slices is not None and found.slices.worst:
        yield from ("", f"worst of {found.slices.tested:,} slices, by loss less a constant's (p adjusted)")
        worst = sorted(found.slices.worst, key=lambda it: (it.p_harm, -it.harm.point))[:SLICES]
        yield from aligned(
            [
                (
                    f"  {' and '.join(f'{name} {level}' for name, level in it.where.items())}",
                    shown(it.harm),
                    f"p {number(it.p_harm)}",
                )
                for it in worst
            ]
        )
