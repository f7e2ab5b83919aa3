"""``fullcycle erase``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fullcycle.cli.output import aligned
from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.loop.erase import Erased


@declare("erase")
@click.argument("entity", required=False)
@click.option("--retention", is_flag=True, help="Erase what is older than [data.privacy] retention, not an entity.")
@click.option("--reason", default="", metavar="TEXT", help="Why; noted in the journal. Write nobody's name there.")
def command(session: Session, entity: str | None, retention: bool, reason: str) -> None:
    """Erase every row of ENTITY from datasets, quarantine, decisions and outcomes, in every environment and timeline.

    What was made keeps its id. The source and files that were exported are not touched; rows of ENTITY are left out
    when the source is read again."""
    from fullcycle.kernel.errors import InputError
    from fullcycle.loop.erase import forget, forget_old

    if (entity is None) != retention:
        raise InputError(
            "erase what?" if entity is None else "either an entity or what is too old",
            place="fullcycle erase",
            expected="an entity, or --retention",
            mend="write 'fullcycle erase ENTITY' or 'fullcycle erase --retention'",
        )
    session.progress("looking", 0, 0)
    run = session.cycle.run
    erased = (
        forget_old(session.project, run, reason=reason)
        if entity is None
        else forget(session.project, run, entity, reason=reason)
    )
    elsewhere = _elsewhere(session)
    session.tell(
        {"erased": erased, "elsewhere": elsewhere},
        *_lines(erased),
        *(f"{name} has a journal of its own: run this with --env {name} too" for name in elsewhere),
    )


def _lines(erased: Erased) -> list[str]:
    if erased.before is not None and not erased.total:
        return [f"nothing is from before {erased.before:%Y-%m-%d}"]
    learned = [f"learned from it: model {id[:12]}" for id in erased.models]
    return [
        f"erased {erased.total} rows",
        *aligned([(where, str(rows)) for where, rows in erased.rows.items() if rows]),
        f"{len(erased.datasets)} datasets read less now; their ids stay",
        *learned,
        *(["'fullcycle run' makes a dataset and a model without it"] if learned else []),
        "the source, exports, label queues and files of predictions are yours: erase there too",
    ]


def _elsewhere(session: Session) -> list[str]:
    """Environments whose datasets are noted in another journal."""
    from fullcycle.project.folder import Platform

    platforms = session.project.settings.platform
    own = platforms.get(session.environment, Platform()).journal
    names = {*platforms, "dev"} - {session.environment}
    return sorted(name for name in names if platforms.get(name, Platform()).journal != own)
