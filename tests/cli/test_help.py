"""The list of commands, quick and whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Cli
from fullcycle.cli import COMMANDS

HEAVY = ("polars", "numpy", "rich", "msgspec", "sqlite3", "lightgbm", "asyncio")
MOST = 130  # modules in all; a bare interpreter has about 33


def test_help_imports_next_to_nothing() -> None:
    script = "\n".join(
        (
            "import sys, json",
            "from fullcycle.cli import main",
            "try:",
            "    main(['--help'])",
            "except SystemExit:",
            "    print(json.dumps(sorted(sys.modules)), file=sys.stderr)",
        )
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = json.loads(done.stderr)
    assert [name for name in modules if name.split(".")[0] in HEAVY] == []
    assert len(modules) <= MOST
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_every_command_is_there(tmp_path: Path, cli: Cli) -> None:
    modules = {path.stem for path in Path(sys.modules["fullcycle.cli"].__file__ or "").parent.glob("*.py")}
    assert set(COMMANDS) <= modules
    assert modules - set(COMMANDS) == {
        "__init__",
        "__main__",
        "clusters",
        "exits",
        "figures",
        "output",
        "session",
        "workers",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_takes_the_options(name: str) -> None:
    from importlib import import_module

    import click

    command = import_module(f"fullcycle.cli.{name}").command
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]
    for leaf in leaves:
        assert {"folder", "environment", "timeline", "json", "debug"} <= {option.name for option in leaf.params}
        assert leaf.help


def test_a_misspelt_command_names_the_nearest(tmp_path: Path, cli: Cli) -> None:
    cli("stauts", at=tmp_path).refused(2, "status")


def test_wrong_usage_is_wrong_input(tmp_path: Path, cli: Cli) -> None:
    done = cli("init", "--json", at=tmp_path).refused(2, "--example", "--help")
    assert done.json["error"]["error"] == "UsageError"
    cli("run", "--speed", "9", at=tmp_path).refused(2, "--speed")
    cli("token", at=tmp_path)


def test_the_version(tmp_path: Path, cli: Cli) -> None:
    assert cli("--version", at=tmp_path).out.startswith("fullcycle 0.")
