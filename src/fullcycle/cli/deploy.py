"""``fullcycle deploy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare
from fullcycle.cli.workers import followed, waits

if TYPE_CHECKING:
    from fullcycle.data.records import Dataset
    from fullcycle.development.records import Model
    from fullcycle.scoping.records import Charter


@declare("deploy")
@click.option("--breaking", is_flag=True, help="Even if clients of what serves would be asked for more, or told less.")
@waits
def command(session: Session, breaking: bool, wait: float) -> None:
    """Release the Model and let it serve, once its gates pass and those who must have signed.

    Where a service runs, it is done when every worker of it follows.
    """
    made = session.cycle.turn("development")
    charter, dataset, model = cast("tuple[Charter, Dataset, Model]", (made["charter"], made["dataset"], made["model"]))
    release = session.cycle.deploy(charter, dataset, model, breaking=breaking)
    lines, facts = followed(session, wait)
    tell_record(session, release, *lines, **facts)
