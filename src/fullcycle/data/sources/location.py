"""Locations: where a source lies, its secrets read from the environment when used and never shown."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, urlsplit

from fullcycle.kernel.errors import InputError, nearest

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://)([^\s'\"<>]*)@")
_PARAMETER = re.compile(r"([?&;][^\s=&;#'\"]+=)([^\s&;#'\"]*)")
_WORDED = re.compile(
    r"(?i)\b(password|passwd|pwd|token|secret|api_?key|access_?key|authorization)([\"']?\s*[=:]\s*)(?!\*\*\*)('[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"
)
_HARMLESS = re.compile(r"(?i)[?&;](page|limit|offset|per_page|format|sslmode|subject|sort|order|version)=$")


def scheme(location: str) -> str:
    """The scheme of *location* in small letters; empty for a path.

    >>> scheme("S3://bucket/rows.csv"), scheme("data/*.csv"), scheme("python:tickets"), scheme("C:/rows.csv")
    ('s3', '', 'python', '')
    """
    match = _SCHEME.match(location)
    return match.group(1).lower() if match else ""


def resolved(text: str) -> str:
    """*text* with each ``${NAME}`` replaced by that variable of the environment.

    Within user and password of an address, signs that would end them (``@``, ``/``, ``:`` …) are percent-encoded.

    Raises
    ------
    InputError
        A variable is not set; names it.

    >>> os.environ["EXAMPLE_PASSWORD"] = "p@ss"
    >>> resolved("postgresql://ana:${EXAMPLE_PASSWORD}@host/db"), resolved("Bearer ${EXAMPLE_PASSWORD}")
    ('postgresql://ana:p%40ss@host/db', 'Bearer p@ss')
    >>> del os.environ["EXAMPLE_PASSWORD"]
    """
    userinfo = _AUTHORITY.match(text)
    encoded_until = userinfo.end() if userinfo else 0

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match.group(1))
        if found is None:
            raise _missing(match.group(1), text)
        return quote(found, safe="") if match.start() < encoded_until else found

    return _VARIABLE.sub(value, text)


def _missing(name: str, text: str) -> InputError:
    near = nearest(name, sorted(os.environ))
    return InputError(
        f"the environment variable {name!r} is not set",
        place=shown(text),
        mend=f"set it before the command starts (export {name}=…)" + (f"; did you mean {near!r}?" if near else ""),
    )


def shown(text: str) -> str:
    """*text* as it may be shown: no password, and no value of a query parameter that could be a token.

    Works on an address, and on a message that holds addresses or settings such as ``password=…``.

    >>> shown("postgresql://ana:s3cret@host/db"), shown("https://host/rows.csv?page=2&sig=abc")
    ('postgresql://ana:***@host/db', 'https://host/rows.csv?page=2&sig=***')
    >>> shown("https://ghp_abc@host/rows.csv"), shown("data/rows.csv")
    ('https://***@host/rows.csv', 'data/rows.csv')
    """
    text = _AUTHORITY.sub(_without_password, text)
    text = _PARAMETER.sub(_without_value, text)
    return _WORDED.sub(r"\1\2***", text)


def _without_password(match: re.Match[str]) -> str:
    start, userinfo = match.groups()
    user, colon, _ = userinfo.partition(":")
    if "/" in userinfo and not colon:
        return match.group(0)  # the sign stands in the path
    return f"{start}{user}:***@" if colon else f"{start}***@"


def _without_value(match: re.Match[str]) -> str:
    kept = _HARMLESS.match(match.group(1)) or _VARIABLE.fullmatch(match.group(2))
    return match.group(0) if kept else f"{match.group(1)}***"


def check_port(server: str, *, place: str) -> None:
    """Raise InputError where *server*, ``host`` or ``host:port``, names a port that is none.

    >>> check_port("localhost:5432", place="")
    """
    try:
        _ = urlsplit(f"//{server}").port
    except ValueError:
        raise InputError(
            "the port is no number",
            place=place,
            found=server.rpartition(":")[2][:20],
            expected="a whole number up to 65535",
            mend="mend 'from' in [[data.sources]] of cycle.toml",
        ) from None
