"""``fullcycle serve``."""

from __future__ import annotations

from pathlib import Path
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
@click.option("--host", default="127.0.0.1", show_default=True, envvar="FULLCYCLE_HOST", show_envvar=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    envvar=["FULLCYCLE_PORT", "AIP_HTTP_PORT"],
    show_envvar=True,
    help="0 takes any that is free.",
)
@click.option(
    "--workers",
    callback=_workers,
    default="1",
    show_default=True,
    metavar="N|auto",
    help="Processes that share the port; 'auto': as many as the load wants, up to the machine's cores.",
)
@click.option("--tls-cert", default="", metavar="FILE", help="Certificate (PEM), with those that vouch for it.")
@click.option("--tls-key", default="", metavar="FILE", help="Its private key (PEM).")
@click.option(
    "--tls-client-ca", default="", metavar="FILE", help="Answer only clients with a certificate of these (mTLS)."
)
@click.option(
    "--route",
    type=click.Path(path_type=Path),
    envvar="FULLCYCLE_ROUTE",
    show_envvar=True,
    help="The file that says what serves; by default the project's. With it no project is needed.",
)
def command(
    session: Session,
    host: str,
    port: int,
    workers: int | Literal["auto"],
    tls_cert: str,
    tls_key: str,
    tls_client_ca: str,
    route: Path | None,
) -> None:
    """Answer requests until interrupted. It needs the last route, its bundle and the log; neither journal nor data."""
    from fullcycle.deployment.service.tls import Tls
    from fullcycle.deployment.service.workers import serve

    def ready(address: Address) -> None:
        value = {"url": address.url, "host": address.host, "port": address.port, "workers": list(address.workers)}
        session.tell(value, f"serving on {address.url} (documentation: {address.url}/docs); interrupt to stop")

    tls = Tls(tls_cert, tls_key, tls_client_ca)
    serve(route or session.project.serving_path, host, port, workers, ready=ready, tls=tls)
