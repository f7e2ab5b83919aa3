"""Who may do what: tokens and keys are noted in the journal, and told to the servers, which do without it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fullcycle.deployment.access import FILE as ACCESS
from fullcycle.deployment.access import write_access
from fullcycle.deployment.serving import FILE, KEYS
from fullcycle.kernel.clock import SystemClock
from fullcycle.kernel.keys import write_trusted
from fullcycle.kernel.scope import LIVE, Actor
from fullcycle.kernel.verbs import Run
from fullcycle.project import Project, keys, tokens


def access_run(project: Project, actor: Actor) -> Run:
    """The run that notes tokens and keys: they live outside every replay."""
    scope = msgspec.structs.replace(project.scope, timeline=LIVE)
    return Run(project.journal, project.blobs, scope, actor, SystemClock())


def tell_servers(project: Project) -> None:
    """Let the servers of this environment, on every timeline, know which tokens hold and which keys are trusted."""
    for route in sorted(project.serving_path.parent.parent.glob(f"*/{FILE}")):
        tell_server(project, route.parent)


def tell_server(project: Project, folder: Path) -> None:
    """The same for those that serve from *folder*."""
    entries = list(project.journal.read())
    write_trusted(folder / KEYS, (it.key for it in keys.trusted(entries, project.scope).values()))
    grants = (it.grant for it in tokens.tokens(entries, project.scope).values())
    write_access(folder / ACCESS, tokens.closed(entries, project.scope), grants)
