"""Tokens of people and services."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SystemClock
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run
from fullcycle.project.tokens import create, holder, revoke, tokens


@pytest.fixture
def run(tmp_path: Path) -> Run:
    actor = Actor(kind="person", name="ann", known_by="operating system")
    return Run(
        SQLiteJournal(tmp_path / "journal"), FolderBlobs(tmp_path / "blobs"), Scope(project="p"), actor, SystemClock()
    )


def test_a_token_is_known_by_its_digest_alone(run: Run) -> None:
    token = create(run, "ops@example.com")
    assert holder(run.state.entries, run.scope, token) == Actor(kind="person", name="ops@example.com", known_by="token")
    assert token not in str([msgspec.to_builtins(entry) for entry in run.journal.read()])
    assert tokens(run.state.entries, run.scope)["ops@example.com"].by == "ann"


def test_a_token_holds_in_its_environment_on_every_timeline(run: Run) -> None:
    token = create(run, "ops@example.com")
    assert holder(run.state.entries, Scope(project="p", timeline="replay"), token)
    for other in (Scope(project="q"), Scope(project="p", environment="production")):
        with pytest.raises(InputError, match="not known here"):
            holder(run.state.entries, other, token)


def test_a_revoked_token_holds_no_longer_and_may_be_made_anew(run: Run) -> None:
    token = create(run, "ops@example.com")
    with pytest.raises(InputError, match="has a token already"):
        create(run, "ops@example.com")
    revoke(run, "ops@example.com")
    with pytest.raises(InputError, match="not known here"):
        holder(run.state.entries, run.scope, token)
    assert create(run, "ops@example.com") != token
    with pytest.raises(UnknownKey, match=r"ops@example\.com"):
        revoke(run, "opps@example.com")
