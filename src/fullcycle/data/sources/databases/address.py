"""The address of a database: what is needed to connect, and what of it may be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from fullcycle.data.sources.location import check_port, resolved, scheme, shown
from fullcycle.kernel.clock import duration

_SECRET = re.compile(r"(?i)password|passwd|pwd|token|secret|key|credential")
ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}


class Address(NamedTuple):
    """Where a database is.

    Attributes
    ----------
    url : with its secrets; for connecting only.
    place : what messages name: the source and its address without secrets.
    timeout : seconds without an answer after which one is no longer waited for.
    folder : the project, which paths are relative to.

    Examples
    --------
    >>> address = located("postgresql://ana:s3cret@host/shop", Path("."), source="orders")
    >>> address.place
    "source 'orders' (postgresql://ana:***@host/shop)"
    >>> address.told("s3cret is wrong")
    '*** is wrong'
    """

    url: str
    place: str
    timeout: float
    folder: Path

    @property
    def kind(self) -> str:
        """The scheme, one word for each database: ``postgresql``, ``mysql``, ``sqlite``, ``duckdb``, ``adbc``."""
        found = scheme(self.url)
        return ALIASES.get(found, found)

    @property
    def path(self) -> str:
        """The database's file, of ``sqlite:///shop.db`` the path within the project, of ``sqlite:////data/shop.db`` that from the root.

        >>> located("sqlite:///shop.db", Path("/project")).path, located("duckdb:///:memory:", Path("/project")).path
        ('/project/shop.db', ':memory:')
        """
        rest = self.url.partition(":")[2]
        named = unquote(rest.removeprefix("//").removeprefix("/").partition("?")[0])
        return named if named in ("", ":memory:") else str(self.folder / named)

    def told(self, message: str) -> str:
        """*message* on one line, without a secret of the address."""
        for secret in sorted(_secrets(self.url), key=len, reverse=True):
            message = message.replace(secret, "***")
        return shown(" ".join(message.split()))


def located(url: str, folder: Path, *, source: str = "", timeout: str = "30s") -> Address:
    """The address that *url* names, its variables read from the environment.

    Raises
    ------
    InputError
        A variable is not set, *timeout* is no duration, or a port is no number.
    """
    place = f"source {source!r} ({shown(url)})" if source else shown(url)
    seconds = duration(timeout, place=f"{place}, timeout").total_seconds()
    address = Address(resolved(url), place, seconds, folder)
    if address.kind in ("postgresql", "mysql"):
        check_port(urlsplit(address.url).netloc.rpartition("@")[2], place=place)
    return address


def _secrets(url: str) -> set[str]:
    """Passwords in *url* and in addresses among its parameters, and parameters that are named like one."""
    parts = urlsplit(url)
    userinfo, sign, _ = parts.netloc.rpartition("@")
    password = userinfo.partition(":")[2] if sign else ""
    found = {password, unquote(password)}
    for name, value in parse_qsl(parts.query):
        found |= _secrets(value) if "://" in value else {value} if _SECRET.search(name) else set()
    return found - {""}
