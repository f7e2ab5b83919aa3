"""What every command starts from: the options that all share, and what follows from them when it is first needed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fullcycle.cli.output import Teller, document, say

if TYPE_CHECKING:
    from fullcycle.development.records import Model
    from fullcycle.kernel.record import Record
    from fullcycle.kernel.scope import Actor
    from fullcycle.kernel.state import State
    from fullcycle.loop.stages import Cycle
    from fullcycle.project import Project
    from fullcycle.project.tokens import Token

TOKEN = "FULLCYCLE_TOKEN"
"""Environment variable that holds the token of the person who runs a command."""


class Session:
    """One run of a command.

    Parameters
    ----------
    folder, environment, timeline, json : as the options say.
    """

    def __init__(self, folder: Path, environment: str, timeline: str | None, json: bool) -> None:
        self.folder, self.environment, self.timeline, self.json = folder, environment, timeline, json
        self.progress = Teller(quiet=json)

    @cached_property
    def project(self) -> Project:
        """The project in the folder, or in the nearest above it."""
        from fullcycle.project import Project, find_folder

        folder = find_folder(self.folder).resolve()  # workers may stand in another folder
        return Project(folder, environment=self.environment, timeline=self.timeline)

    @cached_property
    def cycle(self) -> Cycle:
        """One turn of its loop."""
        from fullcycle.loop.stages import Cycle

        return Cycle(self.project, actor=self.actor, progress=self.progress)

    @cached_property
    def state(self) -> State:
        """What its journal says."""
        from fullcycle.kernel.state import State

        return State(self.project.journal).refresh()

    @cached_property
    def actor(self) -> Actor:
        """The holder of the token that is presented, else the user of the operating system."""
        from fullcycle.loop.standing import this_user
        from fullcycle.project.tokens import actor

        return this_user() if self.token is None else actor(self.token)

    @cached_property
    def token(self) -> Token | None:
        """The token that is presented, None where none is."""
        from datetime import UTC, datetime

        from fullcycle.project.tokens import holder

        presented = os.environ.get(TOKEN, "")
        return holder(self.state.entries, self.project.scope, presented, datetime.now(UTC)) if presented else None

    def allowed(self, scope: str) -> Actor:
        """The actor, if their token is for *scope*; who presents none is the user of this machine, and may.

        Raises
        ------
        Refused
            It is not.
        """
        if self.token is not None and not self.token.grant.may(scope):
            from fullcycle.kernel.errors import Refused

            raise Refused(
                f"the token of {self.token.grant.name} is not for that",
                place=TOKEN,
                found=", ".join(self.token.grant.scopes),
                expected=scope,
                mend=f"ask for one with '--scope {scope}'",
            )
        return self.actor

    def record(self, prefix: str) -> Record:
        """The record that a kind or the first digits of an id name."""
        from fullcycle.kernel.blobs import get_record
        from fullcycle.loop import stages  # noqa: F401 - declares every kind of record
        from fullcycle.project.lineage import resolve
        from fullcycle.project.stages import heads

        current = heads(self.state, self.project.scope)
        return get_record(self.project.blobs, resolve(prefix, current, self.state.entries))

    def model(self, prefix: str) -> Model:
        """The model that the first digits of an id name, or ``model``: the current one.

        Raises
        ------
        InputError
            It is another kind of record.
        """
        from fullcycle.development.records import Model
        from fullcycle.kernel.errors import InputError
        from fullcycle.kernel.record import kind_of

        found = self.record(prefix)
        if not isinstance(found, Model):
            raise InputError("not a model", place=prefix, found=f"a {kind_of(found)}", expected="a model")
        return found

    def tell(self, value: Any, *lines: str) -> None:
        """Say *value* as JSON, or *lines* to people."""
        self.progress.close()
        if self.json:
            document(value)
        else:
            say(*lines)


def declare(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function that takes a :class:`Session` and its own parameters, with the options that all share."""

    def made(function: Callable[..., None]) -> click.Command:
        return click.command(name, help=function.__doc__)(_shared(function))

    return made


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    @click.option(
        "--project",
        "folder",
        type=click.Path(path_type=Path),
        default=".",
        metavar="DIR",
        help="The project's folder; by default this one or the nearest above.",
    )
    @click.option(
        "--env", "environment", default="dev", metavar="NAME", show_default=True, help="The environment to work in."
    )
    @click.option(
        "--timeline", metavar="NAME", help="'live' or the name of a replay; by default the one that cycle.toml names."
    )
    @click.option("--json", is_flag=True, help="Answer with one JSON document.")
    @click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
    @functools.wraps(function)
    def run(folder: Path, environment: str, timeline: str | None, json: bool, **parameters: Any) -> None:
        session = Session(folder, environment, timeline, json)
        try:
            function(session, **parameters)
        finally:
            session.progress.close()

    return run
