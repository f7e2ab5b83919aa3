"""Who may ask: looks at each request's token before anything else does, and refuses with a problem document.

While no token was ever made in the environment, everybody may. From the first on, nobody may without one, but for whether the service
lives. Bearer tokens are those of RFC 6750. A change of the file is seen within `EVERY`, so that a token that was revoked holds no longer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from fullcycle.deployment.access import SCOPES, Access, Grant, read_access
from fullcycle.deployment.service.problem import MEDIA_TYPE, Problem
from fullcycle.deployment.service.rate import Rate, retry_after
from fullcycle.kernel.errors import FullcycleError

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
EVERY = 0.25  # seconds between two looks at the file
OPEN = ("/health/", "/v2/health/")
_PINGS = ("/ping",)
_CACHED = 4096  # headers and paths that are remembered
_log = logging.getLogger(__name__)


def wanted(method: str, path: str) -> str:
    """The scope that a request asks for, empty where it asks for none.

    >>> [wanted(*it) for it in (("POST", "/predict"), ("POST", "/outcomes"), ("GET", "/metrics"), ("GET", "/health/live"))]
    ['predict', 'outcome', 'read', '']
    """
    if path.startswith(OPEN) or path in _PINGS or (path.startswith("/v2/models/") and path.endswith("/ready")):
        return ""
    if path == "/outcomes":
        return "outcome"
    return "read" if method in ("GET", "HEAD") else "predict"


class Guard:
    """An ASGI application around another: only requests that may pass reach it. They bear the holder's name as ``scope["actor"]``.

    Parameters
    ----------
    app : the service.
    path : of the file that says who may ask, see `deployment.access`.

    Raises
    ------
    OutsideError : the file cannot be read, or is damaged: nothing is served then.
    """

    def __init__(self, app: Asgi, path: Path, *, refused: Callable[[int], None] = lambda status: None) -> None:
        self._app, self._path, self._refused = app, path, refused
        self._access, self._mark, self._looked = Access(), b"", 0.0
        self._known: dict[bytes, _Holder] = {}
        self._holders: dict[str, _Holder] = {}
        self._wanted: dict[tuple[str, str], str] = {}
        self._mark = _mark(path)
        self._take(read_access(path))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            try:
                scope["actor"] = self.check(scope["method"], scope["path"], scope["headers"])
            except Problem as problem:
                self._refused(problem.status)
                await _refuse(problem, send)
                return
        await self._app(scope, receive, send)

    def check(self, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> str:
        """Whose request it is; empty where nobody has to say.

        Raises
        ------
        Problem : 401 without a token that holds, 403 without the scope, 429 too often, 411 and 413 for the length of the body.
        """
        now = time.monotonic()
        if now - self._looked > EVERY:
            self._looked = now
            self._look()
        if not self._access.closed:
            return ""
        if (scope := self._wanted.get((method, path))) is None:
            scope = wanted(method, path)
            if len(self._wanted) < _CACHED:
                self._wanted[method, path] = scope
        if not scope:
            return ""
        given = b""
        for name, value in headers:
            if name == b"authorization":
                given = value
                break
        holder = self._known.get(given) or self._holder(given)
        if holder.until is not None and time.time() >= holder.until:
            raise Problem(401, "This token has expired.", authenticate=_INVALID)
        if scope not in holder.scopes:
            told = f'Bearer error="insufficient_scope", scope="{scope}"'
            raise Problem(403, f"This token is not for that: it lacks the scope {scope!r}.", authenticate=told)
        if holder.rate is not None and (wait := holder.rate.wait(now)):
            raise Problem(429, "This token asks too often.", retry_after=retry_after(wait))
        if holder.largest is not None and method not in ("GET", "HEAD"):
            _check_length(headers, holder.largest)
        return holder.name

    def _holder(self, given: bytes) -> _Holder:
        """Who presents a header for the first time."""
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer":
            raise Problem(401, "A token is asked for: Authorization: Bearer …", authenticate="Bearer")
        holder = self._holders.get(sha256(token.strip()).hexdigest())
        if holder is None:
            raise Problem(401, "This token holds no longer, or never did.", authenticate=_INVALID)
        if len(self._known) < _CACHED:
            self._known[given] = holder
        return holder

    def _look(self) -> None:
        """Follow the file; while it cannot be read, what it said before goes on."""
        mark = _mark(self._path)
        if mark in (self._mark, b""):
            return
        try:
            access = read_access(self._path)
        except FullcycleError as error:
            _log.error("%s", error)
            return
        self._mark = mark
        self._take(access)

    def _take(self, access: Access) -> None:
        rates = self._path.parent / "rates"
        self._access, self._known = access, {}
        self._holders = {grant.sha256: _Holder(grant, rates) for grant in access.grants}


class _Holder:
    """A grant with what is counted about it."""

    __slots__ = ("largest", "name", "rate", "scopes", "until")

    def __init__(self, grant: Grant, rates: Path) -> None:
        self.name, self.largest = grant.name, grant.largest
        self.scopes = frozenset(scope for scope in SCOPES if grant.may(scope))
        self.until = None if grant.expires is None else grant.expires.timestamp()
        self.rate = None if grant.rate is None else Rate(grant.rate, grant.burst, rates / grant.sha256[:32])


_INVALID = 'Bearer error="invalid_token"'


def _check_length(headers: list[tuple[bytes, bytes]], largest: int) -> None:
    told = next((value for name, value in headers if name == b"content-length"), b"")
    if not told.isdigit():
        raise Problem(411, "This token's bodies are limited: Content-Length is asked for.")
    if int(told) > largest:
        raise Problem(413, f"The body is larger than the {largest} bytes that this token may send.")


def _mark(path: Path) -> bytes:
    """What changes whenever the file does; empty while there is none."""
    try:
        found = path.stat()
    except OSError:
        return b""
    return b"%d %d %d" % (found.st_mtime_ns, found.st_ino, found.st_size)


async def _refuse(problem: Problem, send: Any) -> None:
    told = str(problem.facts.pop("authenticate", ""))
    body = bytes(problem.response().body)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    if told:
        headers.append((b"www-authenticate", told.encode()))
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
