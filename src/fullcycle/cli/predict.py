"""``fullcycle predict``."""

from __future__ import annotations

import sys

import click

from fullcycle.cli.session import Session, declare


@declare("predict")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--as-of", metavar="TIME", help="When the answers are given; by default now on this timeline.")
@click.option(
    "--since",
    metavar="last|TIME",
    help="Only rows of a later time than this, or than the last that IN was answered up to.",
)
def command(session: Session, source: str, target: str, as_of: str | None, since: str | None) -> None:
    """Answer the rows of a file, a glob, a Delta table or a table of a database, as the service would.

    IN and OUT are Parquet, CSV, TSV, JSON lines or Arrow files, Delta folders, sqlite:///FILE?table=NAME or
    postgresql://HOST/NAME?table=NAME; - is JSON lines on standard input and output. The same rows again change nothing; killed and
    run again, it goes on where it was.
    """
    from fullcycle.deployment.batch import predict_rows
    from fullcycle.deployment.serving import read_serving
    from fullcycle.kernel.clock import parse_instant
    from fullcycle.loop.batch import rows_of
    from fullcycle.loop.standing import clock_of

    project = session.project
    serving = read_serving(project.serving_path)
    zone = project.settings.project.timezone
    at = parse_instant(as_of, zone=zone, place="--as-of") if as_of else clock_of(project).now()
    after = since if since in (None, "last") else parse_instant(since, zone=zone, place="--since")
    _check_apart(source, target)
    session.progress(f"answering {source}", 0, 0)
    batch = predict_rows(
        project.serving_path,
        serving,
        rows_of(source, project.folder),
        target,
        at=at,
        since=after,
        progress=lambda rows: session.progress(f"answering {source}: {rows:,} rows", 0, 0) if rows else None,
    )
    told = [
        f"{batch.answered} rows answered in {target}"
        + ("" if batch.logged or not batch.answered else "; they had been logged before")
    ]
    if batch.resumed:
        told.append(f"{batch.resumed} parts had been done by a run before this one")
    if batch.rejected:
        told.append(f"{batch.rejected} rows rejected, with reasons in {batch.side}")
    if target == "-":  # standard output holds the answers, and nothing else
        for line in told:
            click.echo(line, err=True)
        sys.stdout.flush()
    else:
        figures = {name: getattr(batch, name) for name in batch.__struct_fields__}
        session.tell({"output": target, **figures}, *told)
    if batch.rejected and not batch.answered:
        raise click.exceptions.Exit(1)


def _check_apart(source: str, target: str) -> None:
    from pathlib import Path

    from fullcycle.kernel.errors import InputError

    if source != "-" and "://" not in source + target and Path(source).resolve() == Path(target).resolve():
        raise InputError("the answers would replace the rows", place=target, mend="name another file for the answers")
