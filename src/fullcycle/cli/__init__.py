"""The command line: one module per command, imported only when its command runs.

Exit codes: 0 done · 1 the answer is "no" · 2 the input is wrong · 3 something outside failed · 4 waiting, run again later
· 70 a mistake in fullcycle itself (``EX_SOFTWARE`` of ``sysexits.h``) · 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from fullcycle.cli.exits import Exits

COMMANDS = {
    "init": "a new project folder, from a table or an example",
    "scope": "check the question and write the Charter",
    "data": "make the Dataset",
    "develop": "develop the Model",
    "adopt": "a model made elsewhere becomes a candidate",
    "deploy": "release the Model and let it serve",
    "monitor": "write the Health of the last window",
    "review": "write the Verdict of the last review period",
    "run": "every stage whose inputs changed, in order",
    "status": "where the cycle stands and what waits for whom",
    "show": "a record: its findings, then what it holds",
    "leaderboard": "every trial behind a model, best first",
    "diff": "what changed between two records",
    "trace": "where a record or a prediction came from",
    "approve": "sign a record",
    "serve": "the prediction service",
    "predict": "answer the rows of a file or a table",
    "stream": "answer the messages of a broker",
    "recover": "take over what a lost replica logged",
    "outcomes": "import what really happened",
    "label": "rows for people to label, and what they said",
    "export": "the data and its contract for other tools and people",
    "watch": "the loop: outcomes, monitoring, roll-out and review, on schedule",
    "replay": "the whole loop over history, on its own timeline",
    "push": "carry a record to another environment",
    "rollback": "let the release before serve again",
    "token": "create, list and revoke tokens",
    "key": "keys that sign bundles, and whose are trusted",
    "erase": "forget an entity, or what is too old, for good",
    "doctor": "verify the journal and everything it rests on",
    "schema": "JSON Schema of cycle.toml",
}
"""Every command with its help line, in the order of the cycle; ``fullcycle.cli.NAME`` holds its wiring."""


class Commands(click.Group):
    """Knows its commands by name and help line; the module of one is imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the cycle."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"fullcycle.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names the nearest command where there is none of that name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from fullcycle.kernel.errors import UnknownKey

            raise UnknownKey(args[0], COMMANDS, what="command")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def cli() -> Commands:
    """The command ``fullcycle``."""
    text = "A machine-learning model's whole production life: from a business question to the money it made."
    epilog = "Exit codes: 0 done, 1 the answer is no, 2 wrong input, 3 something outside failed, 4 waiting."
    return Commands("fullcycle", help=text, epilog=epilog, params=[_version()], no_args_is_help=True)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with Exits(json="--json" in given, debug="--debug" in given) as exits:
        # click hands over the code of an Exit here instead of raising it
        exits.code = cli().main(given, prog_name="fullcycle", standalone_mode=False) or 0
    sys.exit(exits.code)


def _version() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            from importlib.metadata import version

            click.echo(f"fullcycle {version('fullcycle')}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show, help="Show the version and exit."
    )
