"""``fullcycle init``."""

from __future__ import annotations

from pathlib import Path

import click

from fullcycle.cli.session import Session, declare


@declare("init")
@click.argument("directory", type=click.Path(path_type=Path), default=".")
@click.option("--example", metavar="NAME", help="An example that ships with fullcycle, such as 'flights'.")
@click.option("--data", "file", type=click.Path(path_type=Path), metavar="FILE", help="A CSV, TSV or Parquet file.")
@click.option("--target", metavar="COLUMN", help="The column that answers the question.")
@click.option("--clusters", is_flag=True, help="No column answers the question: which kinds of rows are there?")
@click.option("--time", metavar="COLUMN", help="The column that says when a prediction is made.")
@click.option("--entity", metavar="COLUMN", help="The column that says what a row is about.")
@click.option("--snapshot", metavar="DATE", default="", help="When the table was taken, if its rows have no time.")
@click.option("--row-number", is_flag=True, help="Number the rows, if nothing names them.")
def command(
    session: Session,
    directory: Path,
    example: str | None,
    file: Path | None,
    target: str | None,
    clusters: bool,
    time: str | None,
    entity: str | None,
    snapshot: str,
    row_number: bool,
) -> None:
    """Make a new project folder, from an example or from a table."""
    if (example is None) == (file is None):
        raise click.UsageError("Give either --example NAME, or --data FILE and --target COLUMN.")
    if file is not None and (target is None) != clusters:
        raise click.UsageError("--data needs --target COLUMN, the column that answers the question, or --clusters.")
    session.progress("making the project", 0, 0)
    from fullcycle.project.init import init_example, init_from_data

    personal: dict[str, str] = {}
    if file is not None:
        decide, personal = init_from_data(
            directory, file, target or "", time=time, entity=entity, snapshot=snapshot, row_number=row_number
        )
    else:
        decide = init_example(directory, example or "")
    lines = [f"made {directory / 'cycle.toml'} and {directory / 'columns.toml'}"]
    if decide:
        lines += ["a person has to decide, in cycle.toml:", *(f"  {key}" for key in decide)]
        lines += ["and to check in columns.toml what is known before the prediction, and what only after it"]
    if personal:
        lines += ["and to decide there what happens to columns that seem personal, before anything of them is kept:"]
        lines += [f"  {name}: {kind.replace('_', ' ')}" for name, kind in personal.items()]
    session.tell({"folder": str(directory), "decide": list(decide), "personal": personal}, *lines)
