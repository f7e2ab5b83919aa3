"""Web addresses: a file of an HTTP server, copied here before it is read."""

from __future__ import annotations

import time
import urllib.request
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from fullcycle.data.sources.extra import require
from fullcycle.data.sources.formats.compression import CHUNK
from fullcycle.data.sources.formats.kinds import CONTENT_TYPES, described, kind
from fullcycle.data.sources.formats.table import File
from fullcycle.data.sources.formats.text import refuse_page
from fullcycle.data.sources.location import resolved, shown
from fullcycle.data.sources.settings import Source
from fullcycle.data.sources.spool import Spool, written
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import InputError, OutsideError

HTTP = ("http", "https")
ATTEMPTS = 3
"""How often a request is repeated before it is given up, each time after a longer pause."""


def downloaded(address: str, source: Source, spool: Spool) -> File:
    """A copy of the file at *address*; asked for again, after a longer pause each time, until it is there whole.

    Raises
    ------
    InputError
        Nothing is there, access is refused, or it is a web page instead of data.
    OutsideError
        The server does not answer, or answers with an error, after all attempts.
    """
    wait = duration(source.timeout, place="[[data.sources]] timeout").total_seconds()
    pauses = [min(wait, 0.25 * 2**attempt) for attempt in range(ATTEMPTS)]
    while True:
        try:
            return _attempt(address, source, spool)
        except _Transient as failure:
            if not pauses:
                raise failure.error from None
            time.sleep(max(pauses.pop(0), min(wait, failure.after)))


class _Transient(Exception):
    """What may pass: *error* if it does not, not to be asked again before *after* seconds."""

    def __init__(self, error: OutsideError, after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


def _attempt(address: str, source: Source, spool: Spool) -> File:
    exceptions = require("urllib3.exceptions", "http")
    place = shown(address)
    try:
        response = request(address, source)
        try:
            _refuse_status(response, place)
            return _saved(response, address, source, spool)
        finally:
            response.close()
    except exceptions.LocationValueError as error:
        raise InputError("not an address", place=place, found=shown(str(error))) from None
    except (exceptions.HTTPError, exceptions.ProtocolError) as error:
        raise _Transient(_unreachable(exceptions, error, source, place)) from None


def _unreachable(exceptions: Any, error: Exception, source: Source, place: str) -> OutsideError:
    cause = getattr(error, "reason", None) or error
    problem = "the server does not answer"
    if isinstance(cause, exceptions.TimeoutError) and not isinstance(cause, exceptions.NewConnectionError):
        problem = f"the server does not answer within {source.timeout}"
    elif isinstance(cause, exceptions.ProtocolError):
        problem = "the server broke off within its answer"
    message = str(cause.args[0] if isinstance(cause, exceptions.ProtocolError) and cause.args else cause)
    found = message.partition("): ")[2] if message.startswith("HTTP") else message  # without the pool it names first
    return OutsideError(
        problem,
        place=place,
        found=shown(found or message),
        mend="check the address and the network, or lengthen 'timeout' under [[data.sources]]",
    )


def _saved(response: Any, address: str, source: Source, spool: Spool) -> File:
    place = shown(address)
    type_ = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    chunks = response.stream(CHUNK, decode_content=True)
    first = next(chunks, b"")
    if type_ in ("text/html", "application/xhtml+xml"):
        refuse_page(first[:4096], place)
        raise InputError("this is a web page, not data", place=place, found=type_, expected="a table")
    name = PurePosixPath(unquote(urlsplit(response.url or address).path)).name
    path = written(first, chunks, spool, name)
    if not kind(name, source.format)[0]:
        name = PurePosixPath(unquote(urlsplit(address).path)).name  # a redirect may lead to a nameless place
    return described(File(path, place, CONTENT_TYPES.get(type_, "")), name, source.format)


def request(address: str, source: Source) -> Any:
    """The answer of an HTTP server to one request, its body not read yet.

    The token is sent to the address's own host only; redirects are followed, and a proxy of the environment is used.
    It is not repeated here: urllib3 would write the address, secrets and all, to its log.
    """
    urllib3 = require("urllib3", "http")
    seconds = duration(source.timeout, place="[[data.sources]] timeout").total_seconds()
    headers = {"Accept-Encoding": "gzip", "User-Agent": "fullcycle"}
    parts = urlsplit(address)
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = urllib3.make_headers(basic_auth=login)["authorization"]
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if source.token:
        headers["Authorization"] = f"Bearer {resolved(source.token)}"
    retries = urllib3.Retry(connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False)
    return _pool(urllib3, address).request(
        "GET", address, headers=headers, timeout=seconds, retries=retries, preload_content=False
    )


def _pool(urllib3: Any, address: str) -> Any:
    parts = urlsplit(address)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _refuse_status(response: Any, place: str) -> None:
    if response.status == 200:
        return
    found = f"{response.status} {response.reason or ''}".strip()
    if response.status in (401, 403):
        raise InputError(
            "the server refuses access",
            place=place,
            found=found,
            mend="set 'token' under [[data.sources]], such as '${API_TOKEN}', and that variable",
        )
    if response.status in (404, 410):
        raise InputError(
            "nothing is at the address", place=place, found=found, mend="mend 'from' in [[data.sources]] of cycle.toml"
        )
    if response.status in (408, 429) or response.status >= 500:
        after = response.headers.get("Retry-After", "")
        error = OutsideError("the server answers with an error", place=place, found=found, mend="try again later")
        raise _Transient(error, float(after) if after.isdigit() else 0.0)
    raise InputError("the server answers with something else than the file", place=place, found=found, expected="200")
