"""Requests to one HTTP server, over connections that are kept; what may pass is asked for again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from fullcycle.data.sources.extra import require
from fullcycle.data.sources.location import resolved, shown
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.clock import duration
from fullcycle.kernel.errors import FullcycleError, InputError, OutsideError

ATTEMPTS = 4
"""How often one address is asked again before it is given up."""
PAUSE = 0.5
"""Seconds before an address is asked again; twice as long each time."""
PATIENCE = 120.0
"""Seconds that a server may ask us to wait (``Retry-After``)."""
_PASSING = (408, 425, 429)  # and what begins with 5
_MEND = "mend 'from' in [[data.sources]] of cycle.toml"


class Answer(NamedTuple):
    """What a server answered: *status* 200, 204 or 404, headers by name in any case, and the whole body.

    >>> Answer(200, {}, b"[]").status
    200
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """Asks one server.

    Parameters
    ----------
    address : of the server, with scheme and, where it has one, login.
    source : its token and timeout.
    rate : requests a second at most.

    >>> Exchange("https://host/orders", Source(name="orders", location=""), None).close()
    """

    def __init__(self, address: str, source: Source, rate: float | None) -> None:
        urllib3 = require("urllib3", "http")
        self._exceptions = require("urllib3.exceptions", "http")
        self._timeout = source.timeout
        self._seconds = duration(source.timeout, place="[[data.sources]] timeout").total_seconds()
        self._headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "fullcycle"}
        parts = urlsplit(address)
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = urllib3.make_headers(basic_auth=login)["authorization"]
        if source.token:
            self._headers["Authorization"] = f"Bearer {resolved(source.token)}"
        # It is repeated here, not in urllib3, which would write the address, secrets and all, to its log.
        self._retries = urllib3.Retry(
            connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False
        )
        proxy = urllib.request.getproxies().get(parts.scheme)
        proxied = proxy and not urllib.request.proxy_bypass(parts.hostname or "")
        self._pool = urllib3.ProxyManager(proxy) if proxied else urllib3.PoolManager()
        self._gap, self._next = 1 / rate if rate else 0.0, 0.0

    def get(self, address: str, place: str) -> Answer:
        """The answer to one request, asked for again as late as the server says.

        Raises
        ------
        InputError
            Access is refused, or the status is one that no data has.
        OutsideError
            The server does not answer, or with errors, after all attempts.
        """
        attempt = 0
        while True:
            self._wait()
            try:
                return self._once(address, place)
            except _Passing as failure:
                if attempt == ATTEMPTS or failure.after > PATIENCE:
                    raise failure.error from None
                time.sleep(max(PAUSE * 2**attempt, failure.after))
                attempt += 1

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _wait(self) -> None:
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self._gap

    def _once(self, address: str, place: str) -> Answer:
        parts = urlsplit(address)
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        try:
            response = self._pool.request(
                "GET", plain, headers=self._headers, timeout=self._seconds, retries=self._retries
            )
        except self._exceptions.LocationValueError as error:
            raise InputError("not an address", place=place, found=shown(str(error))) from None
        except (self._exceptions.HTTPError, self._exceptions.ProtocolError) as error:
            raise _Passing(self._unreachable(error, place)) from None
        if response.status not in (200, 204, 404):
            raise _refused(response, place)
        return Answer(response.status, response.headers, response.data)

    def _unreachable(self, error: Exception, place: str) -> OutsideError:
        cause, exceptions = getattr(error, "reason", None) or error, self._exceptions
        late = isinstance(cause, exceptions.TimeoutError) and not isinstance(cause, exceptions.NewConnectionError)
        return OutsideError(
            f"the server does not answer within {self._timeout}" if late else "the server does not answer",
            place=place,
            found=type(cause).__name__,  # its text holds the address, secrets and all
            mend="check the address and the network, or lengthen 'timeout' under [[data.sources]]",
        )


class _Passing(Exception):
    """What may pass: *error* if it does not, not to be asked again before *after* seconds."""

    def __init__(self, error: OutsideError, after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


def _refused(response: Any, place: str) -> FullcycleError | _Passing:
    status, found = response.status, f"{response.status} {response.reason or ''}".strip()
    if status in (401, 403):
        mend = "set 'token' under [[data.sources]], such as '${API_TOKEN}', and that variable"
        return InputError("the server refuses access", place=place, found=found, mend=mend)
    if status in _PASSING or status >= 500:
        after = retry_after(response.headers.get("Retry-After", ""), time.time())
        mend = f"try again in {after:.0f} seconds" if after > PATIENCE else "try again later"
        if status == 429:
            problem, mend = "the server allows no more requests", f"{mend}, or set 'rate' of pages lower"
        else:
            problem = "the server answers with an error"
        return _Passing(OutsideError(problem, place=place, found=found, mend=mend), after)
    return InputError(
        "the server answers with something else than data", place=place, found=found, expected="200", mend=_MEND
    )


def retry_after(header: str, now: float) -> float:
    """Seconds that a ``Retry-After`` header asks for, given as seconds or as a date (RFC 9110, 10.2.3).

    Parameters
    ----------
    now : seconds since 1970.

    >>> retry_after("7", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 20.0), retry_after("soon", 0.0)
    (7.0, 40.0, 0.0)
    """
    text = header.strip()
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
