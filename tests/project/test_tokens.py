"""Tokens of people and services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fullcycle.deployment.access import SCOPES, Grant
from fullcycle.kernel.blobs import FolderBlobs
from fullcycle.kernel.clock import SystemClock
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.journal import SQLiteJournal
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run
from fullcycle.project.tokens import Token, actor, closed, create, holder, revoke, tokens


@pytest.fixture
def run(tmp_path: Path) -> Run:
    actor = Actor(kind="person", name="ann", known_by="operating system")
    return Run(
        SQLiteJournal(tmp_path / "journal"), FolderBlobs(tmp_path / "blobs"), Scope(project="p"), actor, SystemClock()
    )


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def known(run: Run, token: str, scope: Scope | None = None, now: datetime = NOW) -> Token:
    return holder(run.state.refresh().entries, scope or run.scope, token, now)


def test_a_token_is_known_by_its_digest_alone(run: Run) -> None:
    token = create(run, "ops@example.com")
    assert actor(known(run, token)) == Actor(kind="person", name="ops@example.com", known_by="token")
    assert token not in str([msgspec.to_builtins(entry) for entry in run.journal.read()])
    assert tokens(run.state.entries, run.scope)["ops@example.com"].by == "ann"


def test_a_token_holds_in_its_environment_on_every_timeline(run: Run) -> None:
    assert not closed(run.state.refresh().entries, run.scope)
    token = create(run, "ops@example.com")
    assert known(run, token, Scope(project="p", timeline="replay"))
    assert closed(run.state.entries, Scope(project="p", timeline="replay"))
    for other in (Scope(project="q"), Scope(project="p", environment="production")):
        assert not closed(run.state.entries, other)
        with pytest.raises(InputError, match="not known here"):
            known(run, token, other)


def test_a_token_is_for_what_it_was_made_for_and_until_then(run: Run) -> None:
    token = create(run, "ci", scopes=("deploy",), expires=NOW + timedelta(days=1), rate=5.0, burst=2, largest=100)
    grant = known(run, token).grant
    assert [name for name in SCOPES if grant.may(name)] == ["deploy"]
    assert (grant.rate, grant.burst, grant.largest) == (5.0, 2, 100)
    with pytest.raises(InputError, match="expired"):
        known(run, token, now=NOW + timedelta(days=1))
    root = known(run, create(run, "root", scopes=("admin",))).grant
    assert all(root.may(name) for name in SCOPES)
    usual = known(run, create(run, "ann")).grant
    assert [name for name in SCOPES if not usual.may(name)] == ["admin"]
    with pytest.raises(UnknownKey, match="predict"):
        create(run, "bob", scopes=("predicts",))


def test_a_token_of_before_there_were_scopes_is_for_all_but_admin(run: Run) -> None:
    run.append(run.entry("note", step="token.create", facts={"name": "old", "sha256": digest(b"fct_old")}))
    assert known(run, "fct_old").grant == Grant(name="old", sha256=digest(b"fct_old"))


def test_a_revoked_token_holds_no_longer_and_may_be_made_anew(run: Run) -> None:
    token = create(run, "ops@example.com")
    with pytest.raises(InputError, match="has a token already"):
        create(run, "ops@example.com")
    revoke(run, "ops@example.com")
    with pytest.raises(InputError, match="not known here"):
        known(run, token)
    assert closed(run.state.entries, run.scope)  # nothing opens again because the last one went
    assert create(run, "ops@example.com") != token
    with pytest.raises(UnknownKey, match=r"ops@example\.com"):
        revoke(run, "opps@example.com")
