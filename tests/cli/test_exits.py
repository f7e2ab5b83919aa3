"""How commands end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from cli.conftest import Cli
from fullcycle.cli import cli as commands
from fullcycle.cli.exits import Exits, write
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError, Refused, Waiting


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("no"), 1),
        (InputError("no"), 2),
        (OutsideError("no"), 3),
        (Waiting("no"), 4),
        (click.UsageError("no"), 2),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "denied", "a"), 3),
        (ValueError("no"), 70),
        (click.exceptions.Exit(1), 1),
    ],
)
def test_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with Exits(json=False, debug=False) as exits:
        raise error
    assert exits.code == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with Exits(json=False, debug=True):
        raise InputError("odd")
    assert "Traceback" in capsys.readouterr().err


def test_json_tells_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    with Exits(json=True, debug=False):
        raise InputError("odd", place="cycle.toml:3", mend="even it")
    assert '"place": "cycle.toml:3"' in capsys.readouterr().out


def test_an_unexpected_error_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    with Exits(json=False, debug=False) as exits:
        raise ZeroDivisionError("by nought")
    assert exits.code == 70
    assert "ZeroDivisionError: by nought" in (said := capsys.readouterr().err)
    assert "--debug" in said


def test_every_error_of_ours_has_its_code() -> None:
    assert {error.exit_code for error in (FullcycleError, Refused, InputError, OutsideError, Waiting)} == {1, 2, 3, 4}


def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        write(stream, "text " * 100_000)
        write(stream, "more")
    done = subprocess.run(
        f"{sys.executable} -m fullcycle.cli schema | head -c 1", shell=True, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_an_interrupt_is_130(shop: Path) -> None:
    command = [sys.executable, "-m", "fullcycle.cli", "data", "--project", str(shop)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "scoping\n"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest


def test_errors_are_documents_too(tmp_path: Path, cli: Cli) -> None:
    done = cli("status", "--json", at=tmp_path).refused(2, "no project here", "fullcycle init")
    assert done.json["error"]["problem"] == "no project here"


def test_a_mistake_in_cycle_py_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cycle.py"
    path.write_text("def source(since):\n    return open('nowhere.csv')\n")
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    with Exits(json=True, debug=False) as exits:
        names["source"](None)
    assert exits.code == 2
    said = capsys.readouterr()
    assert "cycle.py:2: cycle.py raised FileNotFoundError" in said.err
    assert '"place": "cycle.py:2"' in said.out


def test_a_question_ends_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    with Exits(json=False, debug=False):
        commands().main(["status", "--tineline", "x"], prog_name="fullcycle", standalone_mode=False)
    assert "Did you mean '--timeline'? See 'fullcycle status --help'." in capsys.readouterr().err
