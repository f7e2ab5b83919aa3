"""``fullcycle predict``."""

from __future__ import annotations

from pathlib import Path

import click

from fullcycle.cli.session import Session, declare


@declare("predict")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--as-of", metavar="TIME", help="When the answers are given; by default now on this timeline.")
def command(session: Session, source: Path, target: Path, as_of: str | None) -> None:
    """Answer the rows of a Parquet, CSV, TSV or JSON lines file, as the service would. The same file again changes nothing."""
    from fullcycle.deployment.batch import predict_file
    from fullcycle.deployment.serving import read_serving
    from fullcycle.kernel.clock import parse_instant
    from fullcycle.loop.standing import clock_of

    path = session.project.serving_path
    serving = read_serving(path)
    zone = session.project.settings.project.timezone
    at = parse_instant(as_of, zone=zone, place="--as-of") if as_of else clock_of(session.project).now()
    session.progress(f"answering {source}", 0, 0)
    batch = predict_file(path, serving, source, target, at=at)
    session.tell(
        {"output": str(target), **{name: getattr(batch, name) for name in batch.__struct_fields__}},
        f"{batch.answered} rows answered in {target}" + ("" if batch.logged else "; they had been logged before"),
        *((f"{batch.rejected} rows rejected, with reasons in {batch.side}",) if batch.rejected else ()),
    )
    if batch.rejected and not batch.answered:
        raise click.exceptions.Exit(1)
