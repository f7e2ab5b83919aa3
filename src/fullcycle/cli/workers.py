"""What ``deploy`` and ``rollback`` share: waiting until every worker of a running service follows the new route."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fullcycle.cli.session import Session

F = TypeVar("F", bound=Callable[..., None])


def waits(function: F) -> F:
    """The option that says how long to wait."""
    option = click.option(
        "--wait",
        type=click.FloatRange(0),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait until every worker of a running service follows.",
    )
    return option(function)


def followed(session: Session, seconds: float) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Wait, and say it as lines and as facts; neither where no service runs.

    Raises
    ------
    Waiting : a worker does not follow; it is named.
    """
    from fullcycle.deployment.acknowledge import wait_for_workers

    found = wait_for_workers(session.project.serving_path, seconds)
    if not found:
        return (), {}
    workers = [one.worker for one in found]
    text = f"{len(workers)} workers follow" if len(workers) > 1 else "the service's worker follows"
    return (f"{text}: generation {found[0].generation} serves",), {"workers": workers}
