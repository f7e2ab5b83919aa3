"""Where a command stands: on which clock, and who gives it."""

from __future__ import annotations

import getpass
import os

from fullcycle.kernel.clock import Clock, SetClock, SystemClock
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.scope import LIVE, Actor
from fullcycle.project import Project


def clock_of(project: Project) -> Clock:
    """The machine's clock in ``live``; a replay's stands at its last entry.

    Raises
    ------
    InputError
        The timeline has no past: it begins with ``fullcycle replay``.
    """
    if project.scope.timeline == LIVE:
        return SystemClock()
    last = max((entry.at for entry in project.journal.read() if entry.scope == project.scope), default=None)
    if last is None:
        raise InputError(
            f"the timeline {project.scope.timeline!r} has not begun",
            place=str(project.scope),
            mend=f"run 'fullcycle replay --timeline {project.scope.timeline}', or work on --timeline live",
        )
    return SetClock(last)


def this_user() -> Actor:
    """The person at the keyboard, as the operating system knows them.

    >>> this_user().kind
    'person'
    """
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Actor(kind="person", name=name, known_by="operating system")
