"""Who may ask what of a service: digests of tokens with their scopes and limits, in one small file beside ``route.json``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from fullcycle.kernel.blobs import write_aside
from fullcycle.kernel.errors import Corrupt, OutsideError, TooNew
from fullcycle.kernel.record import canonical

VERSION = 1
FILE = "access.json"

SCOPES = {
    "predict": "ask for predictions",
    "outcome": "tell what really happened",
    "read": "read metrics, the description of the service, and records",
    "deploy": "release models, roll back",
    "approve": "sign records",
    "admin": "everything, and the tokens and keys of others",
}
"""What a token may be for."""
USUAL = tuple(name for name in SCOPES if name != "admin")
"""What a token is for where nobody says."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the holder of a token may do.

    Attributes
    ----------
    sha256 : of the token; the token itself is kept nowhere.
    expires : from when on it holds no longer.
    rate : requests a second, None for as many as the service can answer.
    burst : requests that may come at once.
    largest : bytes of a body, None for the service's own limit.
    """

    name: str
    sha256: str
    scopes: tuple[str, ...] = USUAL
    expires: datetime | None = None
    rate: float | None = None
    burst: int = 1
    largest: int | None = None

    def may(self, scope: str) -> bool:
        """Whether *scope* is among its scopes.

        >>> Grant(name="ci", sha256="", scopes=("deploy",)).may("approve")
        False
        """
        return scope in self.scopes or "admin" in self.scopes


class Access(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tokens that hold in an environment.

    Attributes
    ----------
    closed : whether a token is asked for. It is from the first that was ever made, though all were revoked since.
    """

    version: int = VERSION
    closed: bool = False
    grants: tuple[Grant, ...] = ()


def write_access(path: Path, closed: bool, grants: Iterable[Grant]) -> None:
    """Write the file, in one step, if it says something new.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_access(Path(folder, FILE), True, [Grant(name="ci", sha256="ab")])
    ...     read_access(Path(folder, FILE)).grants[0].name
    'ci'
    """
    body = canonical(Access(closed=closed, grants=tuple(sorted(grants, key=lambda grant: grant.name))))
    if not path.exists() or path.read_bytes() != body:
        write_aside(
            path, body
        )  # digests of random bits: nothing in it is a secret, and a container reads it as another user


def read_access(path: Path) -> Access:
    """What the file says; open where there is none.

    Raises
    ------
    OutsideError : it cannot be read; Corrupt where it is damaged.
    TooNew : a newer fullcycle wrote it.
    """
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return Access()
    except OSError as error:
        raise OutsideError("cannot read who may ask", place=str(path), found=error.strerror or "") from error
    try:
        if (version := msgspec.json.decode(body, type=_Version).version) > VERSION:
            raise TooNew("who may ask", version, VERSION, place=str(path))
        return msgspec.json.decode(body, type=Access)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt("who may ask cannot be read", place=str(path), found=str(error)) from None


class _Version(msgspec.Struct):
    version: int
