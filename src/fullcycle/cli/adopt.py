"""``fullcycle adopt``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.development.records import Model


@declare("adopt")
@click.argument("file", metavar="FILE_OR_URI")
@click.option("--columns", metavar="A,B,C", help="The columns that it takes, in its order, where it does not say.")
@click.option(
    "--trust",
    is_flag=True,
    help="Read a pickle, which runs its maker's code, in a process without a network; it is kept in a safe format or refused.",
)
def command(session: Session, file: str, columns: str | None, trust: bool) -> None:
    """Let a model that was made elsewhere be the candidate: it goes through the gates on this project's rows, as our own do.

    It is a file of LightGBM (text), XGBoost (JSON, UBJSON), CatBoost (cbm), ONNX or skops, or an MLflow folder; or the address of a file.
    """
    import tempfile

    from fullcycle.kernel.errors import Refused
    from fullcycle.loop.adoption import Given
    from fullcycle.loop.fetched import fetched

    names = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
    charter = session.cycle.scope()
    dataset = session.cycle.data(charter)
    with tempfile.TemporaryDirectory() as folder:
        path = fetched(file, Path(folder))
        try:
            made = session.cycle.adopt(charter, dataset, Given(path, names, trust))
        except Refused as refusal:
            if not session.json and refusal.place != str(path):  # a gate failed: what it came to is told as well
                session.state.refresh()
                tell_record(session, cast("Model", session.record("model")))
            raise
    tell_record(session, made)
