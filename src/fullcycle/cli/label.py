"""``fullcycle label``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullcycle.cli.output import finding_lines
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.project.labels import Form

SHOWN = 5  # open rows that people are shown; JSON holds them all


@declare("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "label-studio"]),
    default=None,
    help="A sheet to fill in, or tasks of Label Studio; by default these if FILE ends in .json.",
)
@click.option("--score", "scores", multiple=True, metavar="COLUMN", help="A probability; again for each class.")
def export(session: Session, file: Path, form: Form | None, scores: tuple[str, ...]) -> None:
    """Write the next rows to label to FILE: those without an outcome, the least certain ones and some at random."""
    from fullcycle.loop.standing import clock_of
    from fullcycle.project.labels import hand_out

    session.progress("picking rows", 0, 0)
    form = form or ("label-studio" if file.suffix.lower() == ".json" else "csv")  # import tells them apart by it, too
    found = hand_out(session.project, clock_of(session.project).now(), file, form=form, scores=scores)
    picked = found.uncertain + found.random
    session.tell(
        {name: getattr(found, name) for name in found.__struct_fields__},
        f"wrote {picked:,} of {found.waiting:,} rows without an outcome to {file}: {found.uncertain:,} uncertain ones, "
        f"{found.random:,} at random"
        if picked
        else "no row waits for a label; no file was written",
    )


@declare("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("file", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--column", default="", metavar="NAME", help="The column that takes the label; by default the target.")
@click.option("--control", default="", metavar="NAME", help="Label Studio's control, where there are several.")
def import_(session: Session, source: Path, file: Path, column: str, control: str) -> None:
    """Merge what people said in FILE, a sheet (.csv) or Label Studio's export (.json), into outcomes in OUT."""
    from fullcycle.project.labels import take_back

    found = take_back(session.project, source, file, column=column, control=control)
    open_ = [f"  {' '.join(one.values())}" for one in found.unresolved[:SHOWN]]
    more = len(found.unresolved) - SHOWN
    session.tell(
        {name: getattr(found, name) for name in found.__struct_fields__},
        f"{found.outcomes:,} rows have a label, {len(found.unresolved):,} stay open, {found.unlabelled:,} nobody looked at",
        *open_,
        *((f"  {more:,} more",) if more > 0 else ()),
        *(finding_lines([found.agreement]) if found.agreement.value is not None else ()),
        f"'fullcycle outcomes {file}' imports them" if found.outcomes else "no file was written",
    )


command = click.Group("label", commands=[export, import_], help="Rows for people to label, and what they said.")
