"""Signing keys of an environment: the project's own private one in a file, and in the journal whom its servers trust."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from fullcycle.kernel.errors import InputError, UnknownKey
from fullcycle.kernel.journal import Entry
from fullcycle.kernel.keys import Algorithm, PublicKey, SigningKey, public_key
from fullcycle.kernel.scope import Scope
from fullcycle.kernel.verbs import Run


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is trusted in an environment: whose it is, and who said so when."""

    key: PublicKey
    at: datetime
    by: str


def trusted(entries: Iterable[Entry], scope: Scope) -> dict[str, Trust]:
    """The keys that are trusted in a project's environment, by name."""
    found: dict[str, Trust] = {}
    for entry in entries:
        if entry.verb != "note" or (entry.scope.project, entry.scope.environment) != (scope.project, scope.environment):
            continue
        if entry.step == "key.trust":
            name = str(entry.facts["name"])
            found[name] = Trust(key=PublicKey(name, str(entry.facts["pem"])), at=entry.at, by=entry.actor.name)
        elif entry.step == "key.revoke":
            found.pop(str(entry.facts["name"]), None)
    return found


def signed(entries: Iterable[Entry], scope: Scope, release: str) -> tuple[str, str] | None:
    """The last signature of a release in a project's environment, and the papers that it covers, as blobs; None if it has none."""
    found = None
    for entry in entries:
        here = (entry.scope.project, entry.scope.environment) == (scope.project, scope.environment)
        if here and entry.verb == "act" and entry.step == "deployment.sign" and release in entry.inputs:
            found = str(entry.facts["envelope"]), str(entry.facts["papers"])
    return found


def key_file(state: Path, scope: Scope) -> Path:
    """Where the environment's own private key lies.

    >>> key_file(Path(".fullcycle"), Scope(project="late-flights")).as_posix()
    '.fullcycle/keys/dev.pem'
    """
    return state / "keys" / f"{scope.environment}.pem"


def create(run: Run, state: Path, algorithm: Algorithm = "ed25519") -> PublicKey:
    """A new private key for the environment of *run*, trusted from now on. The one before, if any, is trusted until it is revoked."""
    key = SigningKey.generate(algorithm)
    public = key.public("")
    public = msgspec.structs.replace(public, name=f"{run.scope.environment}-{public.id[:8]}")
    _trust(run, public)  # first, so that nothing is ever signed by a key that nobody trusts
    key.write(key_file(state, run.scope))
    return public


def own(run: Run, state: Path) -> tuple[SigningKey, PublicKey]:
    """The environment's own key, made on first use.

    Raises
    ------
    InputError
        It was revoked.
    OutsideError
        It cannot be read, or others can read it.
    """
    path = key_file(state, run.scope)
    if not path.exists():
        create(run, state)
    key = SigningKey.read(path)
    known = {it.key.pem: it.key for it in trusted(run.state.refresh().entries, run.scope).values()}
    pem = key.public("").pem
    if pem not in known:
        raise InputError(
            "the signing key of this environment is not trusted in it",
            place=str(run.scope),
            found=key.public("").id[:12],
            mend=f"make a new one: fullcycle key create --env {run.scope.environment}",
        )
    return key, known[pem]


def trust(run: Run, name: str, pem: str) -> PublicKey:
    """Trust the key of *name*, from another place.

    Raises
    ------
    InputError
        The name has a key already, or it is no public key.
    """
    if name in trusted(run.state.refresh().entries, run.scope):
        raise InputError("this name has a key already", found=name, mend=f"run 'fullcycle key revoke {name}' first")
    return _trust(run, public_key(name, pem))


def revoke(run: Run, name: str) -> None:
    """Trust the key of *name* no longer: servers load nothing more that only it has signed.

    Raises
    ------
    UnknownKey
        No key of that name is trusted.
    """
    known = trusted(run.state.refresh().entries, run.scope)
    if name not in known:
        raise UnknownKey(name, known, what="trusted key")
    run.append(run.entry("note", step="key.revoke", facts={"name": name, "pem": known[name].key.pem}))


def _trust(run: Run, key: PublicKey) -> PublicKey:
    run.append(run.entry("note", step="key.trust", facts={"name": key.name, "pem": key.pem}))
    return key
