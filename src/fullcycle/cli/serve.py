"""``fullcycle serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.deployment.service.workers import Address


def _workers(context: click.Context, option: click.Parameter, value: str) -> int | Literal["auto"]:
    """A number of workers, or ``auto``."""
    if value == "auto":
        return "auto"
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number of workers, 1 or more, nor 'auto'.")
    return int(value)


@declare("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--workers",
    callback=_workers,
    default="1",
    show_default=True,
    metavar="N|auto",
    help="Processes that share the port; 'auto': as many as the load wants, up to the machine's cores.",
)
def command(session: Session, host: str, port: int, workers: int | Literal["auto"]) -> None:
    """Answer requests until interrupted. It needs the last route, its bundle and the log; neither journal nor data."""
    from fullcycle.deployment.service.workers import serve

    def ready(address: Address) -> None:
        value = {"url": address.url, "host": address.host, "port": address.port, "workers": list(address.workers)}
        session.tell(value, f"serving on {address.url} (documentation: {address.url}/docs); interrupt to stop")

    serve(session.project.serving_path, host, port, workers, ready=ready)
