"""Tokens: how a person or a service is known where the operating system does not know them, and what for.

The journal keeps their digests only.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from fullcycle.deployment.access import SCOPES, USUAL, Grant
from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.record import digest
from fullcycle.kernel.scope import Actor, Scope
from fullcycle.kernel.verbs import Run

PREFIX = "fct_"
"""What a token begins with, so that scanners of leaked secrets find it."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was not revoked: what its holder may do, and who gave it when."""

    grant: Grant
    at: datetime
    by: str

    def holds(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.grant.expires is None or now < self.grant.expires


def tokens(entries: Iterable[Entry], scope: Scope) -> dict[str, Token]:
    """The tokens of a project's environment that were not revoked, by name."""
    found: dict[str, Token] = {}
    for entry in entries:
        if not _here(entry, scope):
            continue
        if entry.step == "token.create":
            name = str(entry.facts["name"])
            found[name] = Token(grant=msgspec.convert(entry.facts, Grant), at=entry.at, by=entry.actor.name)
        elif entry.step == "token.revoke":
            found.pop(str(entry.facts["name"]), None)
    return found


def closed(entries: Iterable[Entry], scope: Scope) -> bool:
    """Whether a token is asked for in a project's environment: one was made there once, even if it was revoked since."""
    return any(_here(entry, scope) and entry.step == "token.create" for entry in entries)


def create(
    run: Run,
    name: str,
    *,
    scopes: tuple[str, ...] = USUAL,
    expires: datetime | None = None,
    rate: float | None = None,
    burst: int = 1,
    largest: int | None = None,
) -> str:
    """A new token for the person or service *name*; it is shown this once. See `Grant` for what may be set.

    Raises
    ------
    InputError
        That name has one already.
    UnknownKey
        There is no such scope.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownKey(scope, SCOPES, what="scope")
    if name in tokens(run.state.refresh().entries, run.scope):
        raise InputError("this name has a token already", found=name, mend=f"run 'fullcycle token revoke {name}' first")
    token = PREFIX + secrets.token_urlsafe(32)
    grant = Grant(
        name=name,
        sha256=digest(token.encode()),
        scopes=scopes,
        expires=expires,
        rate=rate,
        burst=burst,
        largest=largest,
    )
    run.append(run.entry("note", step="token.create", facts=msgspec.to_builtins(grant)))
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
    run.append(run.entry("note", step="token.revoke", facts={"name": name, "sha256": known[name].grant.sha256}))


def holder(entries: Iterable[Entry], scope: Scope, token: str, now: datetime) -> Token:
    """The token that is presented.

    Raises
    ------
    InputError
        No token of this environment has its digest, or it has expired.
    """
    found = digest(token.encode())
    for known in tokens(entries, scope).values():
        if secrets.compare_digest(known.grant.sha256, found):
            if known.holds(now):
                return known
            raise InputError(
                "the token has expired",
                place=f"{scope.project}/{scope.environment}",
                found=f"{known.grant.expires:%Y-%m-%d %H:%M} UTC",
                mend=f"'fullcycle token revoke {known.grant.name}', then 'fullcycle token create {known.grant.name}'",
            )
    raise InputError(
        "the token is not known here",
        place=f"{scope.project}/{scope.environment}",
        mend="ask for one ('fullcycle token create NAME'), and set FULLCYCLE_TOKEN to it",
    )


def actor(token: Token) -> Actor:
    """Who presents it, as the journal names them."""
    return Actor(kind="person", name=token.grant.name, known_by="token")


def _here(entry: Entry, scope: Scope) -> bool:
    """Tokens hold in an environment, on every timeline."""
    found = (entry.scope.project, entry.scope.environment)
    return entry.verb == "note" and found == (scope.project, scope.environment)
