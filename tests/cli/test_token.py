"""``fullcycle token``: what a token is for, on the command line and for the services of its environment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.conftest import Cli
from fullcycle import open_project
from fullcycle.deployment.access import FILE, read_access
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Actor


@pytest.fixture
def at(released: Path, tmp_path: Path) -> Path:
    """A copy of a project whose release serves."""
    return Path(shutil.copytree(released, tmp_path / "shop"))


def made(here: Cli, at: Path, *arguments: str) -> str:
    return str(here("token", "create", *arguments, "--json", at=at).json["token"])


def test_services_are_told_of_each_change(at: Path, here: Cli) -> None:
    file = open_project(at).folder.serving_path.parent / FILE
    assert not read_access(file).closed
    token = made(here, at, "web", "--scope", "predict", "--rate", "90/min", "--largest", "2KiB", "--expires", "90d")
    (grant,) = read_access(file).grants
    assert (grant.sha256, grant.scopes, grant.rate, grant.burst) == (digest(token.encode()), ("predict",), 1.5, 2)
    assert (grant.largest, token in file.read_text()) == (2048, False)
    (listed,) = here("token", "list", "--json", at=at).json["tokens"]
    assert (listed["name"], listed["scopes"], listed["largest"]) == ("web", ["predict"], 2048)
    assert "until" in here("token", "list", at=at).out
    here("token", "revoke", "web", at=at)
    assert read_access(file).closed
    assert not read_access(file).grants


def test_a_token_is_for_its_scopes_on_the_command_line(at: Path, here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = made(here, at, "ann", "--scope", "read")
    root = made(here, at, "root", "--scope", "admin")
    monkeypatch.setenv("FULLCYCLE_TOKEN", reader)
    assert here("status", at=at).code == 0
    for command, scope in (
        (("deploy",), "deploy"),
        (("run",), "deploy"),
        (("rollback",), "deploy"),
        (("approve", "charter"), "approve"),
        (("token", "create", "bob"), "admin"),
        (("token", "revoke", "root"), "admin"),
        (("key", "create"), "admin"),
    ):
        here(*command, at=at).refused(1, "the token of ann is not for that", scope)
    assert here("run", "--to", "data", at=at).code == 0
    assert here("token", "revoke", "ann", at=at).code == 0  # one's own
    here("status", at=at)
    here("deploy", at=at).refused(2, "not known here")
    monkeypatch.setenv("FULLCYCLE_TOKEN", root)
    here("deploy", at=at)
    new = here("key", "create", "--json", at=at).json["name"]
    here("deploy", at=at)
    entries = list(open_project(at).folder.journal.read())
    noted = next(entry for entry in reversed(entries) if entry.step == "key.trust")
    assert (noted.facts["name"], noted.actor) == (new, Actor(kind="person", name="root", known_by="token"))
    signed = next(entry for entry in reversed(entries) if entry.step == "deployment.sign" and entry.verb == "act")
    assert signed.actor == noted.actor


def test_what_is_refused(at: Path, here: Cli) -> None:
    here("token", "create", "x", "--scope", "predikt", at=at).refused(2, "unknown scope", "'predict'")
    here("token", "create", "x", "--rate", "5/fortnight", at=at).refused(2, "not a rate")
    here("token", "create", "x", "--rate", "0/s", at=at).refused(2, "not a rate")
    here("token", "create", "x", "--expires", "soon", at=at).refused(2, "not a duration")
    here("token", "create", "x", "--largest", "much", at=at).refused(2, "--largest")
    assert here("token", "list", "--json", at=at).json == {"tokens": []}
