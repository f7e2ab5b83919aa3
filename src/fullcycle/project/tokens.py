"""Tokens: how a person is known where the operating system does not know them. The journal keeps their digests only."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run

PREFIX = "fct_"
"""What a token begins with, so that scanners of leaked secrets find it."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token that holds: whose it is, and the SHA-256 of what its holder presents."""

    name: str
    sha256: str
    at: datetime
    by: str


def tokens(entries: Iterable[Entry], scope: Scope) -> dict[str, Token]:
    """The tokens of a project's environment that hold, by name."""
    found: dict[str, Token] = {}
    for entry in entries:
        if entry.verb != "note" or (entry.scope.project, entry.scope.environment) != (scope.project, scope.environment):
            continue
        if entry.step == "token.create":
            name = str(entry.facts["name"])
            found[name] = Token(name=name, sha256=str(entry.facts["sha256"]), at=entry.at, by=entry.actor.name)
        elif entry.step == "token.revoke":
            found.pop(str(entry.facts["name"]), None)
    return found


def create(run: Run, name: str) -> str:
    """A new token for the person or service *name*; it is shown this once.

    Raises
    ------
    InputError
        That name has one already.
    """
    if name in tokens(run.state.refresh().entries, run.scope):
        raise InputError("this name has a token already", found=name, mend=f"run 'fullcycle token revoke {name}' first")
    token = PREFIX + secrets.token_urlsafe(32)
    run.append(run.entry("note", step="token.create", facts={"name": name, "sha256": digest(token.encode())}))
    return token


def revoke(run: Run, name: str) -> None:
    """Let the token of *name* hold no longer; what it signed stays signed.

    Raises
    ------
    UnknownKey
        It has none.
    """
    known = tokens(run.state.refresh().entries, run.scope)
    if name not in known:
        raise UnknownKey(name, known, what="token")
    run.append(run.entry("note", step="token.revoke", facts={"name": name, "sha256": known[name].sha256}))


def holder(entries: Iterable[Entry], scope: Scope, token: str) -> Actor:
    """Who presents *token*.

    Raises
    ------
    InputError
        No token that holds in this environment has its digest.
    """
    found = digest(token.encode())
    for known in tokens(entries, scope).values():
        if secrets.compare_digest(known.sha256, found):
            return Actor(kind="person", name=known.name, known_by="token")
    raise InputError(
        "the token is not known here",
        place=f"{scope.project}/{scope.environment}",
        mend="ask for one ('fullcycle token create NAME'), and set FULLCYCLE_TOKEN to it",
    )
