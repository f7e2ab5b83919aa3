"""``fullcycle watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fullcycle.cli.session import Session, declare

if TYPE_CHECKING:
    from fullcycle.loop.watch import Tick
    from fullcycle.project import Project


@declare("watch")
@click.option("--once", is_flag=True, help="Look once and end.")
@click.option("--every", default="1m", show_default=True, metavar="DURATION", help="The time between two looks.")
def command(session: Session, once: bool, every: str) -> None:
    """The loop over live traffic: outcomes arrive, health and verdicts fall due, a rollout advances or is rolled back."""
    import signal
    import threading

    from fullcycle.kernel.clock import duration
    from fullcycle.kernel.errors import InputError
    from fullcycle.loop.watch import tick, watch

    pause = duration(every, place="--every")
    if pause.total_seconds() <= 0:
        raise InputError("no time between two looks", place="--every", found=every, expected="more than 0")
    project = session.project  # wrong settings are told at once, not logged again and again
    if once:
        tell(session, tick(project))
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    watch(lambda: _opened(session), pause, stop, told=lambda found: tell(session, found, quiet=True))


def tell(session: Session, found: Tick, *, quiet: bool = False) -> None:
    """Say what a look came to; *quiet* ones say nothing where nothing was due."""
    import msgspec

    from fullcycle.kernel.finding import sentence

    judged = found.judged
    lines = [f"{found.outcomes} outcomes read"] if found.outcomes else []
    lines += [f"{stage}: {id[:12]}" for stage, id in found.made.items()]
    if judged is not None:
        lines.append(f"rollout: {judged.move} ({judged.reason}), generation {found.generation}")
        lines += [f"  {sentence(finding)}" for finding in judged.findings]
    elif not found.generation:
        lines.append("nothing serves yet")
    elif not lines and not quiet:
        lines.append(f"nothing was due, generation {found.generation} serves")
    session.tell(msgspec.to_builtins(found), *lines)


def _opened(session: Session) -> Project:
    return Session(session.folder, session.environment, session.timeline, session.json).project
