"""``fullcycle deploy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fullcycle.cli.figures import tell_record
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.data.records import Dataset
    from fullcycle.development.records import Model
    from fullcycle.scoping.records import Charter


@declare("deploy")
def command(session: Session) -> None:
    """Release the Model and let it serve, once its gates pass and those who must have signed."""
    session.allowed("deploy")
    made = session.cycle.turn("development")
    charter, dataset, model = cast("tuple[Charter, Dataset, Model]", (made["charter"], made["dataset"], made["model"]))
    tell_record(session, session.cycle.deploy(charter, dataset, model))
