"""Paging: where the rows of a page of a JSON API are, and which page follows it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from fullcycle.data.sources.location import shown
from fullcycle.data.sources.settings import Pages
from fullcycle.kernel.errors import InputError, nearest

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^\s,;=]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s,;\"]*))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s,;\"]*))", re.IGNORECASE)
_MEND = "mend 'pages' in [[data.sources]] of cycle.toml"


class Page(NamedTuple):
    """One answer: its JSON, its ``Link`` header, the address that was asked, and its place in messages.

    >>> Page({"rows": []}, "", "https://host/orders", "https://host/orders, page 1").link
    ''
    """

    body: Any
    link: str
    address: str
    place: str


def check(pages: Pages, place: str) -> None:
    """Raise if *pages* names two ways to page, or half of one.

    Raises
    ------
    InputError
        It does.

    >>> check(Pages(cursor="meta.cursor"), "https://host/orders")
    Traceback (most recent call last):
    fullcycle.kernel.errors.InputError: https://host/orders: 'cursor' of pages needs the query parameter that takes it: expected \
parameter = 'cursor', or what the API calls it. To mend it: mend 'pages' in [[data.sources]] of cycle.toml.
    """
    if pages.next and (pages.cursor or pages.parameter):
        raise InputError(
            "'next' of pages stands alone", place=place, found="'cursor' or 'parameter' beside it", mend=_MEND
        )
    if pages.cursor and not pages.parameter:
        problem, expected = "'cursor' of pages needs the query parameter that takes it", "parameter = 'cursor'"
        raise InputError(problem, place=place, expected=f"{expected}, or what the API calls it", mend=_MEND)


def start(address: str, pages: Pages) -> str:
    """The address of the first page.

    >>> start("https://host/orders?size=50", Pages(parameter="page"))
    'https://host/orders?size=50&page=1'
    """
    return with_parameter(address, pages.parameter, pages.first) if numbered(pages) else address


def numbered(pages: Pages) -> bool:
    """Whether the pages have numbers.

    >>> numbered(Pages(parameter="page")), numbered(Pages(parameter="after", cursor="next"))
    (True, False)
    """
    return bool(pages.parameter) and not pages.cursor


def rows_of(page: Page, pages: Pages) -> list[Any]:
    """The list of rows in *page*.

    Raises
    ------
    InputError
        There is none where ``pages.rows`` says; names what is there.

    >>> rows_of(Page({"data": {"items": [{"id": 1}]}}, "", "", ""), Pages(rows="data.items"))
    [{'id': 1}]
    """
    found, missing = _at(page.body, pages.rows)
    if isinstance(found, list):
        return found
    if missing:
        raise _misnamed("rows", pages.rows, missing, page)
    lists = [name for name, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
    prefix = f"{pages.rows}." if pages.rows else ""
    raise InputError(
        f"{pages.rows!r} of the answer is no list of rows" if pages.rows else "the answer is no list of rows",
        place=page.place,
        found=_kind(found),
        expected="a list",
        mend=f"set pages = {{ rows = '{prefix}{lists[0]}' }}" if len(lists) == 1 else _MEND,
    )


def following(page: Page, rows: int, number: int, pages: Pages, first: str) -> str | None:
    """The address of the page after *page*, which held *rows* rows and was the *number*-th; None after the last.

    Raises
    ------
    InputError
        The next page lies on another host than *first*, or the link or cursor is none.

    >>> page = Page([{"id": 1}], '</orders?page=2>; rel="next"', "https://host/orders", "")
    >>> following(page, 1, 1, Pages(), "https://host/orders")
    'https://host/orders?page=2'
    """
    if pages.next:
        link = _told(page, "next", pages.next, number)
        return None if link is None else _same_host(first, page, link)
    if pages.cursor:
        cursor = _told(page, "cursor", pages.cursor, number)
        return None if cursor is None else with_parameter(first, pages.parameter, cursor)
    if pages.parameter:
        return with_parameter(first, pages.parameter, pages.first + number) if rows else None
    link = next_link(page.link)
    return None if link is None else _same_host(first, page, link)


def next_link(header: str) -> str | None:
    """The target of ``rel="next"`` in a ``Link`` header (RFC 8288).

    >>> next_link('<https://host/a?page=1>; rel=prev, <https://host/a?page=3>; title="a, b"; rel="last next"')
    'https://host/a?page=3'
    """
    for target, parameters in _LINK.findall(header):
        relation = _RELATION.search(parameters)
        if relation and "next" in (relation.group(1) or relation.group(2) or "").lower().split():
            return str(target)
    return None


def with_parameter(address: str, name: str, value: object) -> str:
    """*address* with one query parameter set.

    >>> with_parameter("https://host/orders?page=1&size=5", "page", 2)
    'https://host/orders?size=5&page=2'
    """
    parts = urlsplit(address)
    query = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return parts._replace(query=urlencode([*query, (name, value)])).geturl()


def _told(page: Page, what: str, path: str, number: int) -> str | None:
    """The link or cursor of an answer; what is left out, null or empty says that this was the last page."""
    found, missing = _at(page.body, path)
    if number == 1 and missing and _near(page.body, path):
        raise _misnamed(what, path, missing, page)  # or only the first page would be read, and nobody told
    if missing or found is None or found is False or found == "":
        return None
    if isinstance(found, str) or (what == "cursor" and isinstance(found, int) and found is not True):
        return str(found)
    expected = "an address" if what == "next" else "text or a whole number"
    raise InputError(f"{path!r} is no {what}", place=page.place, found=_kind(found), expected=expected, mend=_MEND)


def _same_host(first: str, page: Page, link: str) -> str:
    """The page that *link* leads to, by the scheme, port and login that the source names: proxies garble the first two."""
    asked, found = urlsplit(first), urlsplit(urljoin(page.address, link))
    if (found.hostname or "").lower() != (asked.hostname or "").lower():
        raise InputError(
            "the next page lies on another host",  # which shall get neither the token nor a request
            place=page.place,
            found=shown(f"{found.scheme}://{found.hostname}"),
            expected=asked.hostname or "",
            mend="name the host of the pages in 'from' of [[data.sources]]",
        )
    return found._replace(scheme=asked.scheme, netloc=asked.netloc, fragment="").geturl()


def _at(body: Any, path: str) -> tuple[Any, str]:
    """What a dotted *path* leads to; or nothing, and the part of it that is missing."""
    if isinstance(body, dict) and path in body:
        return body[path], ""
    for part in path.split(".") if path else ():
        if not isinstance(body, dict) or part not in body:
            return body, part
        body = body[part]
    return body, ""


def _near(body: Any, path: str) -> str | None:
    inner, missing = _at(body, path)
    return nearest(missing, inner) if missing and isinstance(inner, dict) else None


def _misnamed(what: str, path: str, missing: str, page: Page) -> InputError:
    inner, near = _at(page.body, path)[0], _near(page.body, path)
    return InputError(
        f"{what} = {path!r} of pages leads nowhere: there is no {missing!r}",
        place=page.place,
        found=_kind(inner),
        mend=f"did you mean {near!r}?" if near else _MEND,
    )


def _kind(found: Any) -> str:
    """What a value is, without its content."""
    if isinstance(found, dict):
        names = ", ".join(list(found)[:8]) + (", …" if len(found) > 8 else "")
        return f"an object of {names}" if names else "an empty object"
    if isinstance(found, list):
        return f"a list of {len(found)}"
    return {bool: "true or false", str: "text", type(None): "null"}.get(type(found), "a number")
