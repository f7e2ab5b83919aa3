"""``fullcycle develop``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import click

from fullcycle.cli.figures import tell_record
from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.development.records import Model
    from fullcycle.kernel.record import Record
    from fullcycle.loop.tracking import Tracking
    from fullcycle.loop.verify import Changed, Verification

FIELDS = 20  # that differ and are told to people; JSON holds them all


@declare("develop")
@click.option(
    "--verify",
    metavar="MODEL",
    help="Make MODEL again from its record and compare; changes nothing. Exits 1 if it differs.",
)
def command(session: Session, verify: str | None) -> None:
    """Develop the Model and hold it against the gates; finished trials are taken from the journal."""
    if verify is not None:
        _verify(session, verify)
    else:
        _make(session)


def _make(session: Session) -> None:
    """A model that fails a gate is told as well, before the refusal."""
    from fullcycle.kernel.errors import Refused

    charter = session.cycle.scope()
    dataset = session.cycle.data(charter)
    try:
        made = session.cycle.develop(charter, dataset, session.cycle.refitted(dataset))
    except Refused:
        if not session.json:
            session.state.refresh()
            _tell(session, cast("Model", session.record("model")))
        raise
    _tell(session, made)


def _tell(session: Session, model: Model) -> None:
    found = tracking_of(session, model)
    tell_record(session, model, *tracking_lines(found), **({"mlflow": found} if found is not None else {}))


def tracking_of(session: Session, model: Record) -> Tracking | None:
    """Whether *model* was logged to MLflow; None where no server is named, or it was never tried."""
    from fullcycle.loop.tracking import tracking

    return tracking(session.state.refresh(), model.id) if session.project.platform.mlflow else None


def tracking_lines(found: Tracking | None) -> list[str]:
    """The same for people."""
    if found is None:
        return []
    return ["logged to MLflow" if found.logged else f"not logged to MLflow; the next run tries again: {found.problem}"]


def _verify(session: Session, named: str) -> None:
    from fullcycle.loop.verify import verify

    model = session.model(named)
    found = verify(session.cycle, model)
    session.tell(found, *_lines(found))
    if not found.equal:
        raise click.exceptions.Exit(1)


def _lines(found: Verification) -> Iterator[str]:
    if found.equal:
        yield f"equal: model {found.model} was made again, id by id"
    elif found.rebuilt == found.model:
        yield f"altered: model {found.model} comes out the same, but what is kept of it does not"
    else:
        yield f"different: model {found.model}"
        yield f"made again, it is {found.rebuilt}"
    yield from (f"  the bytes of its {field} are not those that it was made with" for field in found.altered)
    yield from (f"erased since: {part} of its dataset" for part in found.erased)
    yield from _changed("not as when it was made", found.circumstances)
    yield from _changed("fields that differ", found.fields)


def _changed(title: str, changes: tuple[Changed, ...]) -> Iterator[str]:
    if not changes:
        return
    yield f"{title}:"
    yield from aligned([("  what", "then", "now"), *((f"  {it.what}", it.then, it.now) for it in changes[:FIELDS])])
    if len(changes) > FIELDS:
        yield f"  … and {len(changes) - FIELDS} more"
